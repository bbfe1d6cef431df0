"""The conditional logit of what is chosen from a list (McFadden 1974), given that something is chosen.

Choices count by their probability where it is known, for which statsmodels' `ConditionalLogit` has no place.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from experiments.facts.measures import Frame

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

RIDGE = 1e-6
"""Pull towards 0 that keeps a coefficient finite where the choices alone would not; too weak to move any other."""


class Coefficient(NamedTuple):
    """A weight in the utility, in log-odds per unit, and its standard error."""

    value: float
    error: float

    @property
    def z(self) -> float:
        """Value over standard error."""
        return self.value / self.error if self.error > 0 else 0.0


class _Choices:
    """Features of all options, and which of them belong to one list."""

    def __init__(self, offers: Frame, features: Sequence[str]) -> None:
        ordered = offers.sort_values("search", kind="stable")
        lists, self.start = np.unique(ordered["search"].to_numpy(str), return_index=True)
        self.list = np.repeat(np.arange(len(lists)), np.diff([*self.start, len(ordered)]))
        raw = ordered[list(features)].to_numpy(float)
        self.features = raw - self.mean(raw, np.ones(len(raw)))
        self.weight = ordered["weight"].to_numpy(float)
        self.total = self.sum(self.weight)[self.list]

    def sum(self, values: Array) -> Array:
        """Sum over each list."""
        return np.add.reduceat(values, self.start, axis=0)

    def mean(self, values: Array, weight: Array) -> Array:
        """Weighted mean over each option's list."""
        return (self.sum(values * weight[:, None]) / self.sum(weight)[:, None])[self.list]

    def probabilities(self, weights: Array) -> Array:
        """Probability of every option in its list."""
        utility = self.features @ weights
        odds = np.exp(utility - np.maximum.reduceat(utility, self.start)[self.list])
        return odds / self.sum(odds)[self.list]

    def loss(self, weights: Array) -> tuple[float, Array]:
        """Cross-entropy and its slope."""
        probabilities = self.probabilities(weights)
        value = -float(self.weight @ np.log(probabilities)) + RIDGE / 2 * float(weights @ weights)
        return value, self.features.T @ (self.total * probabilities - self.weight) + RIDGE * weights

    def information(self, weights: Array) -> Array:
        """Second derivative of the loss."""
        probabilities = self.probabilities(weights)
        apart = self.features - self.mean(self.features, probabilities)
        return (apart * (self.total * probabilities)[:, None]).T @ apart + RIDGE * np.eye(len(weights))


def conditional_logit(offers: Frame, features: Sequence[str]) -> dict[str, Coefficient]:
    """Fit what makes an option be chosen from its list.

    Args:
        offers: One row per option: `search` names its list, `weight` is its probability, and the features.
        features: Columns; one that never differs within a list gets 0 with an endless error.

    Returns:
        A coefficient for each feature.
    """
    from scipy.optimize import minimize

    some = offers[offers.groupby("search")["weight"].transform("sum") > 0]
    if some.empty:
        return {name: Coefficient(0.0, float("inf")) for name in features}
    choices = _Choices(some, features)
    found = minimize(choices.loss, np.zeros(len(features)), jac=True, method="L-BFGS-B").x
    errors = np.sqrt(np.diag(np.linalg.inv(choices.information(found))))
    return {
        name: Coefficient(float(value), float(error) if error < 1 / np.sqrt(RIDGE) * 0.99 else float("inf"))
        for name, value, error in zip(features, found, errors, strict=True)
    }
