"""Reference data: a value of real people or markets, and the band in which a simulation counts as human."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from experiments.frames import Array

Verdict: TypeAlias = Literal["within", "outside", "inconclusive"]
Against: TypeAlias = Literal["people", "norm", "rule", "predictor"]
"""What a score of 1 is: real people, a norm from the literature, rule agents (of a reaction), or the best simple
predictor of held-out choices."""
Level: TypeAlias = Literal[
    "reaction", "effect", "individual", "distribution", "variance", "homogeneity", "choice", "structure", "dynamics"
]
"""Headings of the scorecard, in its order."""


@dataclass(frozen=True)
class Band:
    """Where the mean of a statistic must be; the ends themselves are outside."""

    low: float
    high: float
    why: str
    """Where the ends come from."""


@dataclass(frozen=True)
class Reference:
    """What real people do, measured or taken from the literature."""

    value: float = math.nan
    """NaN if the statistic has several numbers."""
    low: float = math.nan
    """Lower end of the 95 % interval; NaN if the source reports none."""
    high: float = math.nan
    num_people: int = 0
    """People behind the value; 0 for a norm, or if unknown."""
    values: Sequence[float] = ()
    """The d numbers of a statistic that has several."""
    covariance: Sequence[Sequence[float]] = ()
    """Sampling covariance of the d numbers over people, (d, d); empty: that of the interval."""

    @property
    def against(self) -> Against:
        """Whether a comparison with it is one with a sample of people or with a norm from the literature."""
        return "people" if self.num_people else "norm"

    @property
    def vector(self) -> Array:
        """The value or values as an array, (d,)."""
        return np.array(self.values or (self.value,), float)

    @property
    def covariance_matrix(self) -> Array:
        """Sampling covariance of `vector`, (d, d); 0 for a norm, which is what it is."""
        if self.covariance:
            return np.array(self.covariance, float)
        size = len(self.vector)
        if self.against == "norm" or math.isnan(self.low):
            return np.zeros((size, size))
        return np.diag([((self.high - self.low) / (2 * _NORMAL_QUANTILE)) ** 2])

    def around(self, margin: float) -> Band:
        """Return the interval, wider by `margin` at both ends: a value closer than that counts as human."""
        return Band(self.low - margin, self.high + margin, f"{self}, ± {margin:g}")

    def within_ratio(self, low: float, high: float) -> Band:
        """Return the interval with its ends multiplied by `low` and `high`: a ratio closer to 1 counts as human."""
        return Band(self.low * low, self.high * high, f"{self}, times {low:g} to {high:g}")

    def __str__(self) -> str:
        return f"{self.num_people:,} people: {self.value:g} [{self.low:g}, {self.high:g}]"


_NORMAL_QUANTILE = 1.96
"""Half-width of a 95 % interval, in standard errors."""
