"""Descriptive statistics that worlds, figures and people's data share."""

import math

import numpy as np
from numpy.typing import ArrayLike


def gini(values: ArrayLike) -> float:
    """Return the Gini coefficient: mean absolute difference over twice the mean (Gini 1912); NaN if all are 0, or none.

    It is twice the area between the Lorenz curve and the line of equality.
    """
    ordered = np.sort(np.asarray(values, float))
    total = ordered.sum()
    if total == 0:
        return math.nan
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * (ranks * ordered).sum() / total - (len(ordered) + 1)) / len(ordered))


def mean_of(values: ArrayLike) -> float:
    """Return the mean of the values that are not missing; NaN of none."""
    numbers = np.asarray(values, float)
    present = numbers[~np.isnan(numbers)]
    return float(present.mean()) if len(present) else math.nan
