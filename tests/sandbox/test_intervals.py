"""Means over seeds and Student's t."""

from math import exp, isnan, log, nan

import pytest

from sandbox.intervals import GeometricMean, Mean, t_quantile


@pytest.mark.parametrize(
    ("degrees_of_freedom", "quantile"), [(1, 12.7062), (2, 4.3027), (4, 2.7764), (30, 2.0423), (1000, 1.9623)]
)
def test_quantiles_are_those_of_printed_tables(degrees_of_freedom: int, quantile: float) -> None:
    assert t_quantile(degrees_of_freedom) == pytest.approx(quantile, abs=5e-5)


def test_a_mean_has_the_interval_of_students_t() -> None:
    mean = Mean.of([1, 2, 3, 4, 5])
    assert mean.value == 3
    assert mean.num == 5
    assert mean.half_width == pytest.approx(2.7764451 * (2.5 / 5) ** 0.5)


def test_one_seed_has_no_interval_and_none_has_no_mean() -> None:
    assert Mean.of([4.0])[0] == 4
    assert isnan(Mean.of([4.0]).half_width)
    assert isnan(Mean.of([]).value)


def test_missing_values_are_left_out() -> None:
    assert Mean.of([1.0, nan, 3.0]) == Mean.of([1.0, 3.0])


def test_a_geometric_mean_does_not_depend_on_which_way_round_a_ratio_is() -> None:
    ratios = [0.5, 2.0, 3.0]
    mean = GeometricMean.of_logarithms([log(ratio) for ratio in ratios])
    inverse = GeometricMean.of_logarithms([-log(ratio) for ratio in ratios])
    assert mean.value == pytest.approx(3 ** (1 / 3))
    assert (inverse.value, inverse.low, inverse.high) == pytest.approx((1 / mean.value, 1 / mean.high, 1 / mean.low))
    assert mean.low < 1 < mean.value < mean.high
    assert mean.num == 3


def test_the_interval_of_a_geometric_mean_may_be_infinite() -> None:
    mean = GeometricMean.of_logarithms([0.0, -200.0])
    assert (mean.low, mean.high) == (0, float("inf"))
    assert mean.value == pytest.approx(exp(-100))


def test_a_geometric_mean_of_one_seed_has_no_interval_and_missing_seeds_are_left_out() -> None:
    mean = GeometricMean.of_logarithms([log(2), nan])
    assert (mean.value, mean.num) == (pytest.approx(2), 1)
    assert isnan(mean.low)
    assert isnan(mean.high)
