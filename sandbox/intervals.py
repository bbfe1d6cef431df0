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
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + LEVEL) / 2))
