"""Figures of single answers, and their means over users with intervals.

The user is the unit: people's answers resemble each other, so users are drawn anew, not answers (cluster bootstrap;
Cameron, Gelbach and Miller 2008). Contestants are compared on the same draws of users.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float


def choice_figures(probs: Sequence[float], gold: int) -> dict[str, float]:
    """What one choice says: negative log-likelihood (nats), whether the likeliest is right, its rank, entropy (nats).

    Args:
        probs: Of the options, summing to 1.
        gold: Place of the chosen one.
    """
    shares = np.clip(np.asarray(probs, float), 1e-9, None)
    shares /= shares.sum()
    better, tied = int((shares > shares[gold]).sum()), int((shares == shares[gold]).sum())
    hits = {f"HR@{most}": float(np.clip((most - better) / tied, 0, 1)) for most in (1, 3)}
    gains = 1 / np.log2(np.arange(better, better + tied) + 2)
    entropy = float(-(shares * np.log(shares)).sum())
    return {"nll": float(-np.log(shares[gold])), **hits, "NDCG": float(gains.mean()), "entropy": entropy}


def calibration_error(probs: Sequence[Sequence[float]], golds: Sequence[int], bins: int = 10) -> float:
    """Expected calibration error of the likeliest option (Naeini et al. 2015), in equally full bins."""
    sure = np.array([max(one) for one in probs])
    right = np.array([one[gold] == max(one) for one, gold in zip(probs, golds, strict=True)], float)
    parts = np.array_split(np.argsort(sure, kind="stable"), min(bins, len(sure)))
    return float(sum(len(part) * abs(sure[part].mean() - right[part].mean()) for part in parts) / len(sure))


class Draws:
    """Draws of users with replacement; one object for everything that is compared."""

    def __init__(self, users: Sequence[str], resamples: int, seed: int) -> None:
        self.names, self.places = np.unique(np.asarray(users), return_inverse=True)
        number = len(self.names)
        self.weights = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), resamples)

    def means(self, values: Array) -> Array:
        """The mean of `values`, one an answer, in every draw.

        Args:
            values: In the order of the users that were given.
        """
        sums, counts = (np.bincount(self.places, one, len(self.names)) for one in (values, np.ones_like(values)))
        return (self.weights @ sums) / (self.weights @ counts)

    def estimate(self, values: Array) -> Estimate:
        """The mean with a percentile interval."""
        low, high = np.quantile(self.means(values), (0.025, 0.975))
        return Estimate(float(values.mean()), float(low), float(high))


def columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """Rows of figures as arrays by name."""
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]} if rows else {}
