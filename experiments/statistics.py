"""Contrasts between arms: the seed is the unit, and arms are paired by seed.

Arms with the same seed share people, graph and random numbers, so the test is about the mean of the differences by
seed. Intervals and p-values are both Student's t: an interval excludes a value exactly if the test of that value has
p < 0.05. `python -m benchmarks.coverage` repeats their coverage, false positives and power. SciPy and statsmodels do
the arithmetic; this module decides which of their tests applies.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sandbox.counting import count_of
from sandbox.intervals import Mean

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

LEVEL = 0.95
ALPHA = 1 - LEVEL
"""Probability of a false positive in a family of tests."""
POWER = 0.8
"""Probability with which the minimum detectable difference would be found."""


class Contrast(NamedTuple):
    """The mean of paired differences, with its uncertainty."""

    difference: float
    """Mean over seeds of the first arm's value minus the second's; NaN if no seed has both."""
    low: float
    """Lower end of the 95 % interval (`confidence_interval`); NaN with fewer than two seeds or equal differences."""
    high: float
    effect: float
    """Hedges' g of paired differences: mean over standard deviation, corrected for few seeds; NaN if all are equal."""
    p: float
    """Two-sided, of the paired t-test, or of the signs alone if all are equal; NaN with fewer than two seeds."""
    sd: float
    """Standard deviation of the differences; NaN with fewer than two seeds or equal differences, which say nothing
    about how much others would vary."""
    num_seeds: int
    """Number of seeds with a value in both arms."""

    @property
    def is_structural_zero(self) -> bool:
        """Whether the arms are equal in every seed, so that there is nothing to test."""
        return self.p == 1.0 and self.difference == 0

    def detectable(self, family_size: int = 1) -> float:
        """Return `detectable_difference` with this standard deviation and number of seeds."""
        return detectable_difference(self.sd, self.num_seeds, family_size)


def paired_contrast(first: Mapping[int, float], second: Mapping[int, float]) -> Contrast:
    """Compare two arms.

    Differences that are all equal have no spread by which to test the mean. Their p-value is then that of flipping
    every sign: 2 of 2^n ways are as far from zero, however many digits agree.

    Args:
        first: A value by seed.
        second: The same for the comparison arm; seeds that only one arm has are left out.
    """
    return contrast_of(paired_differences(first, second))


def paired_differences(first: Mapping[int, float], second: Mapping[int, float]) -> FloatArray:
    """Return the differences within the seeds in which both arms have a value, by ascending seed."""
    shared = sorted(set(first) & set(second))
    differences = np.array([first[seed] - second[seed] for seed in shared], float)
    return differences[np.isfinite(differences)]


def contrast_of(differences: FloatArray) -> Contrast:
    """Return the contrast of differences, one per seed."""
    number = len(differences)
    if not number:
        return Contrast(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, 0)
    mean = float(differences.mean())
    if number < 2:
        return Contrast(mean, math.nan, math.nan, math.nan, math.nan, math.nan, number)
    sd = float(differences.std(ddof=1))
    if sd <= _EXACT * max(1.0, abs(mean)):
        return _contrast_of_equal(mean, number)
    ends = confidence_interval(differences)
    return Contrast(mean, *ends, _hedges(mean / sd, number), _t_test(differences), sd, number)


def confidence_interval(values: FloatArray) -> tuple[float, float]:
    """Return the 95 % interval of the mean by Student's t; NaN with fewer than two values, and if all are equal."""
    if len(values) < 2 or float(np.ptp(values)) == 0:
        return math.nan, math.nan
    mean = Mean.of(values.tolist())
    return mean.low, mean.high


def describe_intervals(number: int) -> str:
    """Say which intervals `confidence_interval` gives for this number of seeds."""
    return f"95 % intervals are Student's t over {count_of(number, 'seed')}"


def detectable_difference(sd: float, num_seeds: int, family_size: int = 1, sd_seeds: int = 0) -> float:
    """Return the smallest true difference that a t-test within a family finds with 80 % power.

    The level is that of Holm's first step, 5 % divided by the size of the family, so the power holds whatever the
    other members of the family do. The power is averaged over how far an estimated standard deviation may be from the
    true one (Julious and Owen 2006, doi:10.1002/pst.197): a true difference as large as the one that an experiment
    prints is found by four of five repetitions of it.

    Args:
        sd: Estimated standard deviation of the differences within seeds.
        num_seeds: Number of seeds of the test, at least 2.
        family_size: Number of tests whose p-values are adjusted together.
        sd_seeds: Number of seeds from which `sd` was estimated; 0: those of the test.
    """
    if num_seeds < 2 or math.isnan(sd):
        return math.nan
    return _detectable_effect(num_seeds, max(1, family_size), sd_seeds or num_seeds) * sd


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of one family so that its error rate is at most 5 %; NaN stays NaN.

    Holm (1979), Scandinavian Journal of Statistics 6:65: the k-th smallest of n is multiplied by n - k + 1. This equals
    statsmodels' `multipletests`, which collects garbage at every call and takes 0.2 s with it.
    """
    values = np.asarray(p_values, float)
    order = np.argsort(values)[: int(np.isfinite(values).sum())]  # NaN comes last
    multiples = values[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(values), math.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(multiples), 1.0)
    return [float(value) for value in adjusted]


def equivalence_p_value(values: Sequence[float] | FloatArray, low: float, high: float) -> float:
    """Return the p-value of two one-sided t-tests that the mean is between `low` and `high` (Schuirmann 1987).

    A small value says that it is. NaN with fewer than two values. Values that are all equal have no spread; if they are
    between the ends, the p-value is that of equal signs, 2^-n.
    """
    from statsmodels.stats.weightstats import DescrStatsW

    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    if len(finite) < 2:
        return math.nan
    if float(np.ptp(finite)) == 0:
        return 0.5 ** len(finite) if low < finite[0] < high else 1.0
    # An open end is replaced by one so far away that its test always passes.
    distant = 1e6 * (float(np.abs(finite).max()) + float(finite.std()))
    ends = (low if math.isfinite(low) else -distant, high if math.isfinite(high) else distant)
    return float(DescrStatsW(finite).ttost_mean(*ends)[0])


def outside_p_value(values: Sequence[float] | FloatArray, low: float, high: float) -> float:
    """Return the p-value of the t-test that the mean is not between `low` and `high`.

    It is the two-sided test against the end that the mean lies beyond, so it is below 5 % exactly if the 95 % interval
    lies outside; 1 if the mean is between the ends; NaN with fewer than two values. Values that are all equal have no
    spread; beyond an end, the p-value is that of equal signs, 2 * 2^-n.
    """
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    if len(finite) < 2:
        return math.nan
    mean = float(finite.mean())
    if low < mean < high:
        return 1.0
    if float(np.ptp(finite)) == 0:
        return 2 * 0.5 ** len(finite)
    return _t_test(finite, low if mean <= low else high)


_QUANTILES = 400
"""Quantiles of a standard deviation over which a power is averaged: enough for two decimals."""
_EXACT = 1e-12
"""Spread, relative to the mean, below which differences count as equal except for rounding; and absolute size below
which they count as zero."""


def _contrast_of_equal(difference: float, number: int) -> Contrast:
    if abs(difference) <= _EXACT:
        return Contrast(0.0, 0.0, 0.0, math.nan, 1.0, math.nan, number)
    return Contrast(difference, math.nan, math.nan, math.nan, 2 * 0.5**number, math.nan, number)


def _t_test(values: FloatArray, expected: float = 0.0) -> float:
    from scipy.special import stdtr

    standard_error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return float(2 * stdtr(len(values) - 1, -abs(float(values.mean()) - expected) / standard_error))


def _hedges(effect: float, number: int) -> float:
    """Apply the small-sample correction of a standardised mean difference (Hedges 1981, doi:10.2307/1164588)."""
    return effect * (1 - 3 / (4 * (number - 1) - 1)) if number > 2 else effect


@cache
def _detectable_effect(num_seeds: int, family_size: int, sd_seeds: int) -> float:
    """Return the minimum detectable difference in estimated standard deviations of the differences."""
    from scipy.optimize import brentq

    estimated_sd = _estimated_sd(sd_seeds - 1)

    def missing_power(effect: float) -> float:
        return float(t_test_power(effect * estimated_sd, num_seeds, ALPHA / family_size).mean()) - POWER

    upper = 1.0
    while missing_power(upper) < 0:
        upper *= 2
    root: Any = brentq(missing_power, 0.0, upper, xtol=1e-6)
    return float(root)


def t_test_power(effects: FloatArray, num_seeds: int, alpha: float = ALPHA) -> FloatArray:
    """Return the power of two-sided t-tests of the mean of paired differences (Cohen 1988, chapter 2).

    Args:
        effects: True means of the differences, in their true standard deviations.
        num_seeds: Number of seeds, at least 2.
        alpha: Level of the tests.
    """
    from scipy.stats import norm, t

    # Averaging over quantiles of the estimated standard deviation stays accurate where SciPy's `nct` becomes NaN.
    threshold = float(t.isf(alpha / 2, num_seeds - 1)) * _estimated_sd(num_seeds - 1)
    shift = np.atleast_1d(effects)[:, None] * math.sqrt(num_seeds)
    return np.mean(norm.sf(threshold - shift) + norm.cdf(-threshold - shift), axis=1)


@cache
def _estimated_sd(degrees: int) -> FloatArray:
    """Return equally likely estimates of a standard deviation of 1 with these degrees of freedom."""
    from scipy.stats import chi2

    quantiles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return np.sqrt(chi2.ppf(quantiles, degrees) / degrees)
