"""Metrics of choices: of one choice, of the calibration of many, and of the distribution of everybody's answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial.distance import jensenshannon

from training.evaluation.metrics import Array


def single_choice_metrics(probs: Sequence[float], gold: int) -> dict[str, float]:
    """Return metrics of one choice: of its probability, and of the rank of what was chosen.

    These are the negative log-likelihood (nats), hit rates at 1, 3 and 5, the reciprocal rank if it is at most 5, NDCG,
    and the entropy (nats). Where options tie with the chosen one, ranks are averaged over all orders of these.

    Args:
        probs: One per option, summing to 1.
        gold: Index of the chosen option.
    """
    shares = np.clip(np.asarray(probs, float), 1e-9, None)
    shares /= shares.sum()
    better, tied = int((shares > shares[gold]).sum()), int((shares == shares[gold]).sum())
    hits = {f"HR@{most}": float(np.clip((most - better) / tied, 0, 1)) for most in (1, 3, 5)}
    ranks = np.arange(better, better + tied) + 1
    means = {"MRR@5": np.where(ranks <= 5, 1 / ranks, 0), "NDCG": 1 / np.log2(ranks + 1)}
    gains = {name: float(values.mean()) for name, values in means.items()}
    entropy = float(-(shares * np.log(shares)).sum())
    return {"nll": float(-np.log(shares[gold])), **hits, **gains, "entropy": entropy}


def calibration_error(probs: Sequence[Sequence[float]], golds: Sequence[int], weights: Array, bins: int = 10) -> Array:
    """Return the expected calibration error of the likeliest option (Naeini et al. 2015), in bins of equal size.

    Where several options are likeliest, each counts as right by its share of a draw among them.

    Args:
        probs: Probabilities of the options, one list per answer.
        golds: Index of the chosen option of each answer.
        weights: (draws, answers), how often each answer was drawn.
        bins: Number of bins.

    Returns:
        The error in each draw.
    """
    confidence = np.array([max(shares) for shares in probs])
    accuracy = np.array([_accuracy(list(shares), gold) for shares, gold in zip(probs, golds, strict=True)])
    parts = np.array_split(np.argsort(confidence, kind="stable"), min(bins, len(confidence)))
    gaps = [np.abs(weights[:, part] @ (confidence - accuracy)[part]) for part in parts]
    return np.sum(gaps, axis=0) / weights.sum(1)


def _accuracy(probs: list[float], gold: int) -> float:
    """Return 1 if `gold` is the likeliest option, a share of 1 if it is one of several, else 0."""
    return (probs[gold] == max(probs)) / probs.count(max(probs))


def to_columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """Turn rows of metrics into one array per metric."""
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]} if rows else {}


Distance = Callable[[Array, Array], Array]
"""Compares two distributions over options, (draws, options) each; returns one number per draw."""


def population_distance(model: Array, human: Array, distance: Distance) -> Callable[[Array], Array]:
    """Return a statistic for the bootstrap: the distance between the mean distributions of two sets of answers.

    Args:
        model: (answers, options), probabilities.
        human: (answers, options), 1 where the option was chosen.
        distance: What to compute from both means.
    """

    def statistic(weights: Array) -> Array:
        total = weights.sum(1, keepdims=True)
        return distance(weights @ model / total, weights @ human / total)

    return statistic


def _entropy_gap(model: Array, human: Array) -> Array:
    return np.abs(_entropy(model) - _entropy(human))


def _entropy(shares: Array) -> Array:
    return -(shares * np.log(np.clip(shares, 1e-12, None))).sum(-1)


def _js_divergence(model: Array, human: Array) -> Array:
    distance_between: Any = jensenshannon  # its annotation lacks `axis`
    distances: Array = distance_between(model, human, axis=-1, base=2)
    return distances**2


def _wasserstein_distance(model: Array, human: Array) -> Array:
    return np.abs(np.cumsum(model - human, -1)).sum(-1)


def _variance_ratio(model: Array, human: Array) -> Array:
    variance = _variance(human)
    return np.divide(_variance(model), variance, out=np.full_like(variance, np.nan), where=variance > 1e-12)


def _variance(shares: Array) -> Array:
    positions = np.arange(shares.shape[-1])
    return (shares * positions**2).sum(-1) - (shares * positions).sum(-1) ** 2


POPULATION_DISTANCES: Mapping[str, Distance] = {"entropy gap": _entropy_gap, "JS divergence": _js_divergence}
"""Between the distribution of all answers and the humans': difference of entropies in nats, divergence in bits."""
SCALE_DISTANCES: Mapping[str, Distance] = {
    "Wasserstein distance": _wasserstein_distance,
    "variance ratio": _variance_ratio,
}
"""For the options of a scale: distance in steps of the scale; the model's variance as a share of the humans', NaN where
all humans chose the same."""
