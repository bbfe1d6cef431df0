"""Figures of single answers, and their means over users with intervals.

The user is the unit: people's answers resemble each other, so users are drawn anew, not answers (cluster bootstrap;
Cameron, Gelbach and Miller 2008). Contestants are compared on the same draws of users.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from training.evaluate.samples import Array, Sample, Whole


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


def calibration_error(probs: Sequence[Sequence[float]], golds: Sequence[int], weights: Array, bins: int = 10) -> Array:
    """Expected calibration error of the likeliest option (Naeini et al. 2015), in equally full bins.

    Where several are likeliest, each is right by its share of a draw among them.

    Args:
        probs: Of the options, a list an answer.
        golds: Place of each chosen option.
        weights: (draws, answers), how often each answer was drawn.
        bins: Their number.

    Returns:
        The error in each draw.
    """
    sure = np.array([max(one) for one in probs])
    right = np.array([_is_best(list(one), gold) for one, gold in zip(probs, golds, strict=True)])
    parts = np.array_split(np.argsort(sure, kind="stable"), min(bins, len(sure)))
    gaps = [np.abs(weights[:, part] @ (sure - right)[part]) for part in parts]
    return np.sum(gaps, axis=0) / weights.sum(1)


def _is_best(probs: list[float], gold: int) -> float:
    """1 where `gold` is the likeliest, a share of it where several are."""
    return (probs[gold] == max(probs)) / probs.count(max(probs))


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
        return interval(float(values.mean()), self.means(values))

    def of_answers(self) -> Array:
        """How often each answer was drawn: (draws, answers)."""
        return self.weights[:, self.places].astype(float)


def interval(value: float, draws: Array) -> Estimate:
    """A value with the percentile interval of its draws."""
    low, high = np.nanquantile(draws, (0.025, 0.975))
    return Estimate(value, float(low), float(high))


class Bootstrap:
    """Draws of users for any set of answers; equal sets have equal draws."""

    def __init__(self, resamples: int, seed: int) -> None:
        self.resamples = resamples
        self.seed = seed
        self._known: dict[tuple[str, ...], Draws] = {}

    def of(self, users: tuple[str, ...]) -> Draws:
        """The draws for answers of these users."""
        if users not in self._known:
            self._known[users] = Draws(users, self.resamples, self.seed)
        return self._known[users]

    def whole(self, users: tuple[str, ...], figure: Callable[[Array], Array]) -> Whole:
        """A figure of the set, as it is and in every draw.

        Args:
            users: Of each answer.
            figure: Takes weights (draws, answers), returns a value a draw.
        """
        value = figure(np.ones((1, len(users))))[0]
        return Whole(float(value), figure(self.of(users).of_answers()), users)

    def estimate(self, one: Sample | Whole) -> Estimate:
        """The figure with its interval."""
        if isinstance(one, Whole):
            return interval(one.value, one.draws)
        return self.of(one.users).estimate(one.values)

    def difference(self, one: Sample | Whole, other: Sample | Whole) -> Estimate:
        """Of two figures of the same answers, paired in every draw."""
        if isinstance(one, Whole) and isinstance(other, Whole):
            return interval(one.value - other.value, one.draws - other.draws)
        if isinstance(one, Sample) and isinstance(other, Sample):
            return self.of(one.users).estimate(one.values - other.values)
        raise TypeError("a mean is not compared with a figure of a set")


def columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """Rows of figures as arrays by name."""
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]} if rows else {}
