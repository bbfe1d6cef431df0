"""Reference data: a value of real people or markets, and the band in which a simulation counts as human."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["within", "outside", "inconclusive"]
Against: TypeAlias = Literal["people", "norm", "rule"]
Level: TypeAlias = Literal[
    "reaction", "individual", "distribution", "variance", "homogeneity", "choice", "structure", "dynamics"
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
    """NaN for a distribution."""
    low: float = math.nan
    """Lower end of the 95 % interval; NaN if the source reports none."""
    high: float = math.nan
    num_people: int = 0
    """People behind the value; 0 if unknown."""
    sampling_distance: float = math.nan
    """Mean distance between two samples of people, one of them as large as a simulated world; NaN if no sample of
    people is available, so that the value is a norm."""
    distribution: Sequence[float] = ()
    """The shares, if the reference is a distribution and not a value."""

    @property
    def against(self) -> Against:
        """Whether a comparison with it is one with a sample of people or with a norm from the literature."""
        return "norm" if math.isnan(self.sampling_distance) else "people"

    @property
    def ceiling(self) -> float:
        """The smallest distance to be expected: that of two samples of people; 0 for a norm."""
        return 0.0 if math.isnan(self.sampling_distance) else self.sampling_distance

    def around(self, margin: float) -> Band:
        """Return the interval, wider by `margin` at both ends: a value closer than that counts as human."""
        return Band(self.low - margin, self.high + margin, f"{self}, ± {margin:g}")

    def within_ratio(self, low: float, high: float) -> Band:
        """Return the interval with its ends multiplied by `low` and `high`: a ratio closer to 1 counts as human."""
        return Band(self.low * low, self.high * high, f"{self}, times {low:g} to {high:g}")

    def __str__(self) -> str:
        return f"{self.num_people:,} people: {self.value:g} [{self.low:g}, {self.high:g}]"
