"""A conditional logit (McFadden 1974) over named features of options, fitted by maximum likelihood."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy.optimize import minimize

from training.evaluation.metrics import Array

Features: TypeAlias = Mapping[str, float]
"""Of one option; what is not named is 0."""
RIDGE = 0.1
"""Pull of every weight towards 0, a normal prior of variance 10: the weight of what always decides stays finite."""
MIN_OPTIONS = 20
"""A feature that fewer train options have is left out."""
EXCLUDED = -1e30
"""Utility of the places after the last option of a choice."""


class ConditionalLogit:
    """Weights of features, by which options are chosen."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = weights

    def predict(self, options: Sequence[Features]) -> list[float]:
        """Return the probability of each option."""
        scores = [sum(self.weights.get(name, 0.0) * value for name, value in option.items()) for option in options]
        odds = np.exp(np.array(scores) - max(scores))
        return (odds / odds.sum()).tolist()


def fit_conditional_logit(choices: Sequence[Sequence[Features]], golds: Sequence[int]) -> ConditionalLogit:
    """Fit the weights to choices.

    Args:
        choices: Features of the options of each choice.
        golds: Index of the chosen option of each.

    Returns:
        A model that predicts a uniform guess if there are no choices, or no feature that is common enough.
    """
    counts = Counter(name for options in choices for option in options for name in option)
    names = sorted(name for name, count in counts.items() if count >= MIN_OPTIONS)
    if not names:
        return ConditionalLogit({})
    table, is_option = _tabulate(choices, names)
    chosen = table[range(len(golds)), list(golds)].sum(axis=0)

    def loss(weights: Array) -> tuple[float, Array]:
        scores = np.where(is_option, table @ weights, EXCLUDED)
        logs = np.logaddexp.reduce(scores, axis=1)
        probs = np.exp(scores - logs[:, None])
        expected = np.einsum("co,cof->f", probs, table)
        penalty = RIDGE / 2 * float(weights @ weights)
        return float(logs.sum() - chosen @ weights) + penalty, expected - chosen + RIDGE * weights

    fit: Any = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B")
    return ConditionalLogit(dict(zip(names, fit.x.tolist(), strict=True)))


def _tabulate(choices: Sequence[Sequence[Features]], names: Sequence[str]) -> tuple[Array, np.ndarray]:
    """Return the features, (choices, most options, features), and which places are options."""
    places = {name: place for place, name in enumerate(names)}
    table = np.zeros((len(choices), max(map(len, choices)), len(names)))
    is_option = np.zeros(table.shape[:2], bool)
    for row, options in enumerate(choices):
        is_option[row, : len(options)] = True
        for column, option in enumerate(options):
            for name in option.keys() & places.keys():
                table[row, column, places[name]] = option[name]
    return table, is_option
