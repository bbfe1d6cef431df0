"""How far an arm is from people: a squared distance that is zero on average if the arm's people are real people.

Every item of the scorecard has a statistic (one number, or several such as the shares of stars), with a value per seed.
The squared distance between the mean over seeds and people's value is estimated without bias: only products of the
deviations of *different* seeds count, so that the sampling error of small worlds cancels (a U-statistic, Hoeffding
1948, doi:10.1214/aoms/1177730196; compare the unbiased squared discrepancy of Gretton et al. 2012, Journal of Machine
Learning Research 13:723), and the sampling variance of people's own value is subtracted. So real people are
at a distance of 0, whatever the number of people in a world, of reviews of each, and of seeds: the ceiling of a score
needs no simulation at the size of the world. An estimate may be below 0, as it must be if it is 0 on average.

This holds if the expectation of the statistic does not depend on the size of a world, which
`experiments.facts.people_controls` tests with real people.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import pandas as pd

from experiments.facts.reference import Reference
from experiments.frames import Array


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    """NaN if the interval is unknown."""
    high: float
    p: float = math.nan
    """Two-sided p-value that the number is 0."""


class Difference(NamedTuple):
    """How much further from people one arm is than another."""

    difference: float
    """Of squared distances; below 0 where the first arm is nearer."""
    low: float
    """Lower end of the 95 % interval; NaN if the interval is unknown."""
    high: float
    sd: float
    """Standard error, times the root of the number of seeds: what a standard deviation would be over seeds."""
    p: float
    """Two-sided."""
    num_seeds: int


UNKNOWN = Estimate(math.nan, math.nan, math.nan)
NEGLIGIBLE = 1e-15
"""Standard error of a squared distance that is only rounding: arms without any duplicate are equal, not 1e-38 apart."""


@dataclass(frozen=True)
class Distance:
    """The squared distance of an arm from people, and what its error consists of; d numbers of the statistic."""

    square: float
    """Estimated squared distance, in squared units of the statistic."""
    deviation: Array
    """Mean of the statistic over seeds minus people's value, (d,)."""
    errors: pd.DataFrame
    """What each seed adds to that mean, (seeds, d), indexed by seed; the columns sum to 0."""
    reference: Reference

    @property
    def num_seeds(self) -> int:
        """Number of seeds with a value."""
        return len(self.errors)

    def linearize(self) -> "Linear":
        """Return the squared distance as a sum of errors (infinitesimal jackknife, Efron 1982)."""
        slope = 2 * self.deviation
        influences = cast("pd.Series", self.errors @ slope)
        return Linear(self.square, influences, -slope, 1.0, self.reference)

    def project(self) -> "Linear":
        """Return the deviation itself, if the statistic is a single number."""
        return Linear(float(self.deviation[0]), self.errors.iloc[:, 0], -np.ones(1), 0.0, self.reference)


@dataclass(frozen=True)
class Linear:
    """An estimate as a sum of the errors of seeds and of people's value."""

    value: float
    of_seeds: pd.Series
    """Error of each seed, by seed."""
    of_people: Array
    """Derivative by people's value, (d,)."""
    curvature: float
    """Weight of the squared error of people's value."""
    reference: Reference

    def minus(self, other: "Linear", weight: float = 1.0) -> "Linear":
        """Return the difference from `weight` times another estimate, which has the same people and may share seeds."""
        return Linear(
            self.value - weight * other.value,
            self.of_seeds.sub(weight * other.of_seeds, fill_value=0.0),
            self.of_people - weight * other.of_people,
            self.curvature - weight * other.curvature,
            self.reference,
        )

    def variance(self) -> float:
        """Return the sampling variance, of seeds and of people's value together."""
        return sum(self._variances())

    def degrees_of_freedom(self) -> float:
        """Return those of the variance, which has two parts (Satterthwaite 1946, doi:10.2307/3002019)."""
        of_seeds, of_people = self._variances()
        num_seeds, num_people = max(len(self.of_seeds) - 1, 1), max(self.reference.num_people - 1, 1)
        parts = of_seeds**2 / num_seeds + of_people**2 / num_people
        return (of_seeds + of_people) ** 2 / parts if parts > 0 else num_seeds

    def _variances(self) -> tuple[float, float]:
        number, covariance = len(self.of_seeds), self.reference.covariance_matrix
        of_seeds = float((self.of_seeds**2).sum()) * number / (number - 1)
        squares = 2 * self.curvature**2 * float((covariance**2).sum())
        return of_seeds, float(self.of_people @ covariance @ self.of_people) + squares


def distance_from_people(values: pd.DataFrame, reference: Reference) -> Distance | None:
    """Return how far an arm is from people.

    Args:
        values: The statistic, (seeds, d), indexed by seed; seeds without a value are left out.
        reference: People's value.

    Returns:
        The distance; None if fewer than two seeds have a value, since the products need two.
    """
    values = values.dropna()
    number = len(values)
    if number < 2:
        return None
    errors = (values - values.mean()) / number
    deviation = values.mean().to_numpy(float) - reference.vector
    variance_of_mean = float((errors**2).to_numpy(float).sum()) * number / (number - 1)
    square = float(deviation @ deviation) - variance_of_mean - float(np.trace(reference.covariance_matrix))
    return Distance(square, deviation, errors, reference)


def distance_difference(first: Distance, second: Distance) -> Difference:
    """Return by how much the first arm is further from people than the second, with Student's t interval."""
    from scipy.stats import t as student

    difference = first.linearize().minus(second.linearize())
    error, freedom = math.sqrt(difference.variance()), difference.degrees_of_freedom()
    number = min(first.num_seeds, second.num_seeds)
    if not error > NEGLIGIBLE:
        return Difference(round(difference.value, 12), math.nan, math.nan, math.nan, math.nan, number)
    half_width = float(student.ppf(0.975, freedom)) * error
    interval = (difference.value - half_width, difference.value + half_width)
    p = float(2 * student.sf(abs(difference.value) / error, freedom))
    return Difference(difference.value, *interval, error * math.sqrt(number), p, number)


def score_of(arm: Distance, floor: Distance) -> Estimate:
    """Return 1 - (squared distance of the arm) / (squared distance of the floor), with its 95 % interval.

    The interval is Fieller's: it carries the errors of the arm, of the floor and of people's value, and how they depend
    on each other. If the statistic is a single number, the interval is that of the ratio of the deviations, squared.

    Returns:
        The score; unknown if the floor's distance from people is not significantly above 0.
    """
    if len(arm.deviation) > 1:
        ends = ratio_interval(arm.linearize(), floor.linearize())
    else:
        ends = _square_interval(ratio_interval(arm.project(), floor.project()))
    if math.isnan(ends[0]) or floor.square <= 0:
        return UNKNOWN
    score = 1 - arm.square / floor.square
    return Estimate(score, min(1 - ends[1], score), max(1 - ends[0], score))


def ratio_interval(top: Linear, bottom: Linear) -> tuple[float, float]:
    """Return the 95 % interval of a ratio (Fieller 1954, doi:10.1111/j.2517-6161.1954.tb00159.x).

    Returns:
        Its ends; NaN if the bottom is not significantly different from 0, so that the ratio can be anything.
    """
    from scipy.stats import t as student

    if bottom.value == 0:
        return math.nan, math.nan
    freedom = top.minus(bottom, top.value / bottom.value).degrees_of_freedom()
    quantile = float(student.ppf(0.975, freedom)) ** 2
    of_top, of_bottom = top.variance(), bottom.variance()
    shared = (of_top + of_bottom - top.minus(bottom).variance()) / 2
    # The ratio r is in the interval if (top - r bottom)^2 is at most its variance, times the quantile: a quadratic.
    leading = bottom.value**2 - quantile * of_bottom
    if leading <= 0:
        return math.nan, math.nan
    middle = (top.value * bottom.value - quantile * shared) / leading
    last = (top.value**2 - quantile * of_top) / leading
    half_width = math.sqrt(max(middle**2 - last, 0.0))
    return middle - half_width, middle + half_width


def _square_interval(ends: tuple[float, float]) -> tuple[float, float]:
    """Return the interval of the square of a number in an interval."""
    low, high = ends
    squares = (low**2, high**2)
    return (0.0 if low < 0 < high else min(squares)), max(squares)
