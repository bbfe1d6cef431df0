"""Statistics on data with known answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.statistics import (
    _t_test,
    confidence_interval,
    contrast_of,
    describe_intervals,
    equivalence_p_value,
    holm,
    paired_contrast,
)

SEEDS = 8


@pytest.fixture(scope="module")
def contrasts() -> list[tuple[float, float, float, float]]:
    """Return low, high, p and detectable of 400 experiments of eight seeds; the true difference is 1, its spread 2."""
    rng = np.random.default_rng(0)
    results = [contrast_of(rng.normal(1, 2, SEEDS)) for _ in range(400)]
    return [(contrast.low, contrast.high, contrast.p, contrast.detectable) for contrast in results]


def test_eight_seeds_cover_the_truth_in_about_nine_of_ten_experiments(
    contrasts: list[tuple[float, float, float, float]],
) -> None:
    coverage = np.mean([low < 1 < high for low, high, _, _ in contrasts])
    assert 0.86 < coverage < 0.95


@pytest.mark.parametrize("number", [2, 3, 7])
def test_few_seeds_cover_the_truth_as_often_as_they_say(number: int) -> None:
    rng = np.random.default_rng(5)
    intervals = [confidence_interval(rng.normal(1, 2, number)) for _ in range(4000)]
    assert 0.935 < np.mean([low < 1 < high for low, high in intervals]) < 0.965


def test_a_page_says_which_intervals_this_number_of_seeds_has() -> None:
    assert describe_intervals(3) == "95 % intervals are Student's t over 3 seeds"
    assert "BCa bootstraps" in describe_intervals(SEEDS)


@pytest.mark.parametrize(("number", "p"), [(2, 0.5), (3, 0.25), (8, 1 / 128)])
def test_equal_differences_are_as_sure_as_their_signs(number: int, p: float) -> None:
    contrast = contrast_of(np.full(number, 0.3))
    assert (contrast.difference, contrast.p) == (pytest.approx(0.3), p)
    assert math.isnan(contrast.detectable)
    assert math.isnan(contrast.low)
    assert equivalence_p_value([0.3] * number, 0, 1) == p / 2
    assert equivalence_p_value([0.3] * number, 1, 2) == 1


def test_no_difference_in_any_seed_is_no_difference() -> None:
    contrast = contrast_of(np.zeros(3))
    assert (contrast.low, contrast.high, contrast.p) == (0, 0, 1)


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


def test_the_detectable_difference_is_detected_four_times_in_five() -> None:
    rng = np.random.default_rng(2)
    from statsmodels.stats.power import TTestPower

    effect = float(np.atleast_1d(TTestPower().solve_power(nobs=SEEDS, alpha=0.05, power=0.8))[0])
    assert 0.74 < np.mean([_p(rng.normal(effect, 1, SEEDS)) < 0.05 for _ in range(400)]) < 0.86
    differences = rng.normal(0, 3, SEEDS)
    assert contrast_of(differences).detectable == pytest.approx(effect * differences.std(ddof=1))


def test_holm_keeps_a_family_of_true_nulls_quiet() -> None:
    rng = np.random.default_rng(3)
    rejections = [min(holm(rng.uniform(size=10).tolist())) < 0.05 for _ in range(150)]
    assert np.mean(rejections) < 0.1


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
