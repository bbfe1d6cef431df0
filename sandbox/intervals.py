"""Means over seeds with their 95 % intervals; the only place where they are computed.

Seeds are independent replicates, so the interval is Student's t with (number of seeds - 1) degrees of freedom.
It describes the mean over all possible seeds, not where a single seed will fall.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

CONFIDENCE = 0.95


class Mean(NamedTuple):
    """A mean over seeds."""

    value: float
    half_width: float
    """Half the width of its 95 % interval; NaN with fewer than two seeds."""
    num: int
    """Number of seeds."""

    @property
    def low(self) -> float:
        """Lower end of its 95 % interval."""
        return self.value - self.half_width

    @property
    def high(self) -> float:
        """Upper end of its 95 % interval."""
        return self.value + self.half_width

    @classmethod
    def of(cls, values: "Sequence[float] | np.ndarray[Any, Any]") -> "Mean":
        """Return the mean and interval of one value per seed; NaN is left out."""
        sample = np.asarray(values, float)
        sample = sample[~np.isnan(sample)]
        if len(sample) < 2:
            return cls(float(sample[0]) if len(sample) else math.nan, math.nan, len(sample))
        standard_error = float(sample.std(ddof=1)) / math.sqrt(len(sample))
        return cls(float(sample.mean()), t_quantile(len(sample) - 1) * standard_error, len(sample))


class GeometricMean(NamedTuple):
    """A geometric mean over seeds of a ratio, such as an odds ratio: its logarithm is what is averaged."""

    value: float
    low: float
    """Lower end of its 95 % interval; NaN with fewer than two seeds."""
    high: float
    num: int
    """Number of seeds."""

    @classmethod
    def of_logarithms(cls, logarithms: Sequence[float]) -> "GeometricMean":
        """Return the mean and interval of the natural logarithms of one ratio per seed; NaN is left out."""
        mean = Mean.of(logarithms)
        with np.errstate(over="ignore"):  # two seeds that differ much have an interval without an upper end
            value, low, high = np.exp([mean.value, mean.low, mean.high]).tolist()
        return cls(value, low, high, mean.num)


@lru_cache
def t_quantile(degrees_of_freedom: float, confidence: float = CONFIDENCE) -> float:
    """Return the half-width of the central 95 %, or another share, of Student's t, in standard errors."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, (1 + confidence) / 2))
