"""Contrasts between arms: the seed is the unit, arms of one seed are paired.

Arms of one seed share people, graph and random numbers, so what is tested is the mean of the differences by seed.
SciPy and statsmodels do the arithmetic; here is which of their tests stands for what.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

LEVEL = 0.95
RESAMPLES = 9999
POWER = 0.8
"""With which the minimum detectable effect would be found."""


class Contrast(NamedTuple):
    """The mean of paired differences, and how sure it is."""

    difference: float
    """Mean over seeds of the first arm's value less the second's; NaN without a seed that both have."""
    low: float
    """Lower end of the bootstrap's 95 % interval; NaN with fewer than three seeds."""
    high: float
    effect: float
    """Hedges' g of paired differences: mean over standard deviation, few seeds allowed for; NaN where all are equal."""
    p: float
    """Two-sided, of the paired t-test; NaN with fewer than two seeds."""
    detectable: float
    """Least true difference that so many seeds would find in four of five experiments, at 5 %."""
    num: int
    """Seeds with a value in both arms."""


def paired(first: Mapping[int, float], second: Mapping[int, float], seed: int = 0) -> Contrast:
    """Compare two arms.

    The interval is the bias-corrected and accelerated bootstrap over seeds (Efron 1987, doi:10.1080/01621459.1987.
    10478410). With eight seeds of normal differences it covers the truth in 90 rather than 95 of 100 experiments
    (`tests/experiments/test_statistics.py`), which the t-test's p-value does not suffer from.

    Args:
        first: A value by seed.
        second: The same of the other arm; seeds that only one of them has are left out.
        seed: Of the bootstrap.
    """
    shared = sorted(set(first) & set(second))
    apart = np.array([first[one] - second[one] for one in shared], float)
    return of_differences(apart[np.isfinite(apart)], seed)


def of_differences(apart: Array, seed: int = 0) -> Contrast:
    """The contrast of differences, one a seed."""
    number = len(apart)
    if not number:
        return Contrast(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, 0)
    mean = float(apart.mean())
    if number < 2:
        return Contrast(mean, math.nan, math.nan, math.nan, math.nan, math.nan, number)
    spread = float(apart.std(ddof=1))
    if spread <= _EXACT * max(1.0, abs(mean)):
        return Contrast(mean, mean, mean, math.nan, 1.0 if mean == 0 else 0.0, 0.0, number)
    ends, effect = interval(apart, seed), _hedges(mean / spread, number)
    return Contrast(mean, *ends, effect, _p_value(apart), _detectable(spread, number), number)


def interval(values: Array, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean."""
    from scipy.stats import bootstrap

    if len(values) < 3:
        return math.nan, math.nan
    if float(np.ptp(values)) == 0:
        return float(values[0]), float(values[0])
    rng = np.random.default_rng(seed)
    found: Any = bootstrap(
        (values,), np.mean, confidence_level=LEVEL, n_resamples=RESAMPLES, method="BCa", rng=rng
    ).confidence_interval
    return float(found.low), float(found.high)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of one family, adjusted so that any false one in it has at most 5 % (Holm 1979); NaN stays NaN."""
    from statsmodels.stats.multitest import multipletests

    known = [place for place, value in enumerate(p_values) if not math.isnan(value)]
    adjusted = [math.nan] * len(p_values)
    if known:
        found: Any = multipletests([p_values[place] for place in known], method="holm")[1]
        for place, value in zip(known, found, strict=True):
            adjusted[place] = float(value)
    return adjusted


def equivalence(values: Sequence[float], low: float, high: float) -> float:
    """P-value of two one-sided t-tests that the mean lies between `low` and `high` (Schuirmann 1987).

    Small: it does. NaN with fewer than two values.
    """
    from statsmodels.stats.weightstats import DescrStatsW

    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if len(known) < 2:
        return math.nan
    if float(np.ptp(known)) == 0:
        return 0.0 if low < known[0] < high else 1.0
    # An open end is so far away that its test always passes.
    far = 1e6 * (float(np.abs(known).max()) + float(known.std()))
    ends = (low if math.isfinite(low) else -far, high if math.isfinite(high) else far)
    return float(DescrStatsW(known).ttost_mean(*ends)[0])


_EXACT = 1e-12
"""Spread, relative to the size of the mean, below which differences are equal but for rounding."""


def _p_value(apart: Array) -> float:
    from scipy.stats import ttest_1samp

    found: Any = ttest_1samp(apart, 0.0)
    return float(found.pvalue)


def _hedges(effect: float, number: int) -> float:
    """Small-sample correction of a standardised mean difference (Hedges 1981, doi:10.2307/1164588)."""
    return effect * (1 - 3 / (4 * (number - 1) - 1)) if number > 2 else effect


def _detectable(spread: float, number: int) -> float:
    from statsmodels.stats.power import TTestPower

    found = TTestPower().solve_power(effect_size=None, nobs=number, alpha=1 - LEVEL, power=POWER)
    return float(np.atleast_1d(found)[0]) * spread
