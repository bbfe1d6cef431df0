"""Statistics on data with known answers."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.statistics import (
    _t_test,
    confidence_interval,
    contrast_of,
    describe_intervals,
    detectable_difference,
    equivalence_p_value,
    holm,
    outside_p_value,
    paired_contrast,
    t_test_power,
)

SEEDS = 8


@pytest.mark.parametrize("number", [2, 3, 8, 20])
def test_seeds_cover_the_truth_as_often_as_they_say(number: int) -> None:
    rng = np.random.default_rng(5)
    intervals = [confidence_interval(rng.normal(1, 2, number)) for _ in range(4000)]
    assert 0.935 < np.mean([low < 1 < high for low, high in intervals]) < 0.965


def test_a_page_says_which_intervals_this_number_of_seeds_has() -> None:
    assert describe_intervals(3) == "95 % intervals are Student's t over 3 seeds"


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=12))
def test_an_interval_excludes_zero_exactly_if_its_test_does(values: list[float]) -> None:
    contrast = contrast_of(np.array(values))
    if not math.isnan(contrast.low) and abs(contrast.p - 0.05) > 1e-9 and not contrast.is_structural_zero:
        assert (contrast.low > 0 or contrast.high < 0) == (contrast.p < 0.05)


@pytest.mark.parametrize(("number", "p"), [(2, 0.5), (3, 0.25), (8, 1 / 128)])
def test_equal_differences_are_as_sure_as_their_signs(number: int, p: float) -> None:
    contrast = contrast_of(np.full(number, 0.3))
    assert (contrast.difference, contrast.p) == (pytest.approx(0.3), p)
    assert math.isnan(contrast.detectable())
    assert math.isnan(contrast.low)
    assert equivalence_p_value([0.3] * number, 0, 1) == p / 2
    assert equivalence_p_value([0.3] * number, 1, 2) == 1
    assert outside_p_value([0.3] * number, 1, 2) == p
    assert outside_p_value([0.3] * number, 0, 1) == 1


def test_no_difference_in_any_seed_is_no_difference() -> None:
    contrast = contrast_of(np.zeros(3))
    assert (contrast.low, contrast.high, contrast.p) == (0, 0, 1)
    assert contrast.is_structural_zero
    assert math.isnan(contrast.detectable())


@pytest.mark.parametrize("margin", [-0.5, 0.5])
def test_equivalence_is_seldom_claimed_at_the_margin(margin: float) -> None:
    rng = np.random.default_rng(6)
    samples = [rng.normal(margin, 0.2, SEEDS).tolist() for _ in range(400)]
    claims = np.mean([equivalence_p_value(sample, -0.5, 0.5) < 0.05 for sample in samples])
    assert claims < 0.08  # 5 % are expected; 8 or more have a chance of 0.5 %


def test_where_nothing_differs_one_test_in_twenty_says_otherwise() -> None:
    rng = np.random.default_rng(1)
    rejections = np.mean([_p(rng.normal(0, 2, SEEDS)) < 0.05 for _ in range(400)])
    assert 0.025 < rejections < 0.08


@pytest.mark.parametrize(("effect", "number"), [(0.5, 20), (1.0, 8), (2.0, 4)])
def test_power_is_that_of_the_noncentral_t_distribution(effect: float, number: int) -> None:
    from statsmodels.stats.power import TTestPower

    expected = TTestPower().power(effect, number, 0.05)
    assert t_test_power(np.array([effect]), number)[0] == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize("number", [3, 8, 20])
@pytest.mark.parametrize("family_size", [1, 12])
def test_four_of_five_repetitions_find_what_an_experiment_prints_as_detectable(number: int, family_size: int) -> None:
    from scipy.stats import ttest_1samp

    rng = np.random.default_rng(2)
    printed = [contrast.detectable(family_size) for contrast in map(contrast_of, rng.normal(0, 3, (4000, number)))]
    repetitions = rng.normal(0, 3, (4000, number)) + np.array(printed)[:, None]
    p_values: Any = ttest_1samp(repetitions, 0, axis=1)
    assert 0.78 < np.mean(p_values.pvalue < 0.05 / family_size) < 0.82


def test_a_larger_family_or_a_smaller_pilot_detects_less() -> None:
    alone = detectable_difference(1.0, SEEDS)
    assert detectable_difference(1.0, SEEDS, family_size=10) > alone
    assert detectable_difference(1.0, SEEDS, sd_seeds=3) > alone > detectable_difference(1.0, SEEDS, sd_seeds=50)
    assert math.isnan(detectable_difference(1.0, 1))


@pytest.mark.parametrize("end", [-0.5, 0.5])
def test_a_mean_at_the_end_of_a_band_is_seldom_said_to_be_outside(end: float) -> None:
    rng = np.random.default_rng(7)
    p_values = [outside_p_value(rng.normal(end, 0.2, SEEDS), -0.5, 0.5) for _ in range(400)]
    assert np.mean([p < 0.05 for p in p_values]) < 0.05
    assert outside_p_value(rng.normal(3 * end, 0.2, SEEDS), -0.5, 0.5) < 0.001


def test_holm_keeps_a_family_of_true_nulls_quiet() -> None:
    rng = np.random.default_rng(3)
    rejections = [min(holm(rng.uniform(size=10).tolist())) < 0.05 for _ in range(150)]
    assert np.mean(rejections) < 0.1


def test_holm_is_that_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    p_values = [0.01, 0.04, 0.03, 0.005, 0.005, 0.9]
    expected: Any = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected.tolist())


def test_holm_leaves_gaps_where_there_is_no_p_value() -> None:
    adjusted = holm([0.01, math.nan, 0.04])
    assert adjusted[0] == pytest.approx(0.02)
    assert math.isnan(adjusted[1])
    assert adjusted[2] == pytest.approx(0.04)


def test_equivalence_is_claimed_inside_and_not_outside() -> None:
    rng = np.random.default_rng(4)
    inside = rng.normal(0, 0.1, SEEDS).tolist()
    assert equivalence_p_value(inside, -0.5, 0.5) < 0.01
    assert equivalence_p_value(inside, 0.5, 1.5) > 0.9
    assert equivalence_p_value(inside, -0.5, math.inf) < 0.01


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=12), st.floats(-50, 50))
def test_a_shift_of_one_arm_shifts_the_difference(values: list[float], shift: float) -> None:
    first = dict(enumerate(values))
    contrast = paired_contrast({seed: value + shift for seed, value in first.items()}, first)
    assert contrast.difference == pytest.approx(shift, abs=1e-9)
    assert contrast.num_seeds == len(values)


def test_only_seeds_of_both_arms_are_compared() -> None:
    contrast = paired_contrast({0: 1.0, 1: 2.0, 2: math.nan, 3: 9.0}, {0: 0.0, 1: 1.0, 2: 5.0})
    assert (contrast.num_seeds, contrast.difference) == (2, 1.0)


def test_a_single_seed_or_none_says_nothing() -> None:
    assert math.isnan(paired_contrast({0: 1.0}, {0: 0.0}).p)
    assert math.isnan(paired_contrast({}, {0: 0.0}).difference)


def _p(differences: np.ndarray) -> float:
    return _t_test(differences)
