"""Means and other statistics with intervals from a bootstrap over users.

The user is the unit: answers of one person resemble each other, so users are resampled, not answers (cluster
bootstrap; Cameron, Gelbach and Miller 2008, doi:10.1162/rest.90.3.414). All models are compared on the same draws.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from training.evaluation.metrics import Aggregate, Array, Sample


class Estimate(NamedTuple):
    """A statistic with its 95 % interval."""

    value: float
    low: float
    """NaN for the answers of a single user, of which every draw is the same."""
    high: float


class Draws:
    """Draws of users with replacement; one object serves everything that is compared."""

    def __init__(self, users: Sequence[str], resamples: int, seed: int) -> None:
        self.names, self.user_indices = np.unique(np.asarray(users), return_inverse=True)
        num_users = len(self.names)
        uniform = np.full(num_users, 1 / num_users)
        self.weights = np.random.default_rng(seed).multinomial(num_users, uniform, resamples)
        """(draws, users): how often each user was drawn."""

    def means(self, values: Array) -> Array:
        """Return the mean of `values` in every draw.

        Args:
            values: One per answer, in the order of the users passed to the constructor.
        """
        sums, counts = (
            np.bincount(self.user_indices, column, len(self.names)) for column in (values, np.ones_like(values))
        )
        return (self.weights @ sums) / (self.weights @ counts)

    def estimate(self, values: Array) -> Estimate:
        """Return the mean with a percentile interval."""
        return self.interval(float(values.mean()), self.means(values))

    def interval(self, value: float, draws: Array) -> Estimate:
        """Return a value with the percentile interval of its draws; none if all are of one user, or have no value."""
        if len(self.names) < 2 or np.isnan(draws).all():
            return Estimate(value, math.nan, math.nan)
        low, high = np.nanquantile(draws, (0.025, 0.975))
        return Estimate(value, float(low), float(high))

    def answer_weights(self) -> Array:
        """Return how often each answer was drawn: (draws, answers)."""
        return self.weights[:, self.user_indices].astype(float)


class Bootstrap:
    """Draws of users for any set of answers; equal sets get equal draws."""

    def __init__(self, resamples: int, seed: int) -> None:
        self.resamples = resamples
        self.seed = seed
        self._draws: dict[tuple[str, ...], Draws] = {}

    def draws_for(self, users: tuple[str, ...]) -> Draws:
        """Return the draws for answers of these users."""
        if users not in self._draws:
            self._draws[users] = Draws(users, self.resamples, self.seed)
        return self._draws[users]

    def aggregate(self, users: tuple[str, ...], statistic: Callable[[Array], Array]) -> Aggregate:
        """Compute a statistic of a set of answers, on the set itself and in every draw.

        Args:
            users: Who gave each answer.
            statistic: Takes weights (draws, answers), returns one value per draw.
        """
        value = statistic(np.ones((1, len(users))))[0]
        return Aggregate(float(value), statistic(self.draws_for(users).answer_weights()), users)

    def estimate(self, result: Sample | Aggregate) -> Estimate:
        """Return the metric with its interval."""
        if isinstance(result, Aggregate):
            return self.draws_for(result.users).interval(result.value, result.draws)
        return self.draws_for(result.users).estimate(result.values)

    def difference(self, first: Sample | Aggregate, second: Sample | Aggregate) -> Estimate:
        """Return `first` minus `second`, two metrics of the same answers, paired in every draw."""
        if isinstance(first, Aggregate) and isinstance(second, Aggregate):
            return self.draws_for(first.users).interval(first.value - second.value, first.draws - second.draws)
        if isinstance(first, Sample) and isinstance(second, Sample):
            return self.draws_for(first.users).estimate(first.values - second.values)
        raise TypeError("cannot compare a mean over answers with a statistic of a set of answers")
