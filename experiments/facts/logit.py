"""The conditional logit of what is chosen from a list (McFadden 1974), given that something is chosen.

Choices are weighted by their probability where it is known; statsmodels' `ConditionalLogit` has no such weights.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from experiments.frames import Array, rows_where

RIDGE = 1e-6
"""Pull towards 0 that keeps a coefficient finite if the choices alone would not; too weak to move any other."""


class Coefficient(NamedTuple):
    """A weight in the utility, in log-odds per unit, and its standard error."""

    value: float
    error: float

    @property
    def z(self) -> float:
        """Value over standard error."""
        return self.value / self.error if self.error > 0 else 0.0


class _ChoiceData:
    """Features of all options, and which options belong to one list."""

    def __init__(self, offers: pd.DataFrame, features: Sequence[str]) -> None:
        ordered = offers.sort_values("search", kind="stable")
        lists, self.start = np.unique(ordered["search"].to_numpy(str), return_index=True)
        self.list = np.repeat(np.arange(len(lists)), np.diff([*self.start, len(ordered)]))
        raw = ordered[list(features)].to_numpy(float)
        # Only differences within a list matter; centred features keep the problem well conditioned.
        self.features = raw - self.mean(raw, np.ones(len(raw)))
        self.weight = ordered["weight"].to_numpy(float)
        self.total = self.sum(self.weight)[self.list]

    def sum(self, values: Array) -> Array:
        """Return the sum over each list."""
        return np.add.reduceat(values, self.start, axis=0)

    def mean(self, values: Array, weight: Array) -> Array:
        """Return, for each option, the weighted mean over its list."""
        return (self.sum(values * weight[:, None]) / self.sum(weight)[:, None])[self.list]

    def probabilities(self, coefficients: Array) -> Array:
        """Return the probability of every option in its list."""
        utility = self.features @ coefficients
        odds = np.exp(utility - np.maximum.reduceat(utility, self.start)[self.list])
        return odds / self.sum(odds)[self.list]

    def loss(self, coefficients: Array) -> tuple[float, Array]:
        """Return the cross-entropy and its gradient."""
        probabilities = self.probabilities(coefficients)
        value = -float(self.weight @ np.log(probabilities)) + RIDGE / 2 * float(coefficients @ coefficients)
        return value, self.features.T @ (self.total * probabilities - self.weight) + RIDGE * coefficients

    def information(self, coefficients: Array) -> Array:
        """Return the second derivative of the loss."""
        probabilities = self.probabilities(coefficients)
        centred = self.features - self.mean(self.features, probabilities)
        return (centred * (self.total * probabilities)[:, None]).T @ centred + RIDGE * np.eye(len(coefficients))


def conditional_logit(offers: pd.DataFrame, features: Sequence[str]) -> dict[str, Coefficient]:
    """Fit what makes an option be chosen from its list.

    Args:
        offers: One row per option: `search` names its list, `weight` is its probability, and the features.
        features: Columns; a feature that never differs within a list gets 0 with an infinite error.

    Returns:
        A coefficient for each feature.
    """
    from scipy.optimize import minimize

    list_weight = cast("pd.Series", offers.groupby("search")["weight"].transform("sum"))
    with_choice = rows_where(offers, list_weight > 0)
    if with_choice.empty:
        return {name: Coefficient(0.0, float("inf")) for name in features}
    choices = _ChoiceData(with_choice, features)
    fit: Any = minimize(choices.loss, np.zeros(len(features)), jac=True, method="L-BFGS-B").x
    errors = np.sqrt(np.diag(np.linalg.inv(choices.information(fit))))
    return {
        name: Coefficient(float(value), float(error) if error < 1 / np.sqrt(RIDGE) * 0.99 else float("inf"))
        for name, value, error in zip(features, fit, errors, strict=True)
    }
