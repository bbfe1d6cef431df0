"""Means over seeds with their 95 % intervals; the one place where they are computed.

Seeds are independent replicates, so the interval is Student's t with (number of seeds - 1) degrees of freedom.
It speaks of the mean of all possible seeds, not of where a single seed will fall.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

LEVEL = 0.95


class Mean(NamedTuple):
    """A mean over seeds."""

    value: float
    half_width: float
    """Half the width of its 95 % interval; NaN with fewer than two seeds."""
    num: int
    """Number of seeds."""

    @classmethod
    def of(cls, values: Sequence[float]) -> "Mean":
        """Mean and interval of one value per seed; NaN is left out."""
        known = np.asarray(values, float)
        known = known[~np.isnan(known)]
        if len(known) < 2:
            return cls(float(known[0]) if len(known) else math.nan, math.nan, len(known))
        error = float(known.std(ddof=1)) / math.sqrt(len(known))
        return cls(float(known.mean()), t_quantile(len(known) - 1) * error, len(known))


@lru_cache
def t_quantile(freedom: int) -> float:
    """How many standard errors to either side hold 95 % of Student's t with `freedom` degrees of freedom."""
    low, high = 0.0, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < LEVEL else (low, middle)
    return low


def _within(t: float, freedom: int) -> float:
    """Probability that |T| <= t: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    first, odd = (cosine, 1) if freedom % 2 else (1.0, 0)
    total, term = 0.0, first
    for power in range(odd, freedom - 1, 2):
        total += term
        term *= cosine**2 * (power + 1) / (power + 2)
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
