"""Distances from people are unbiased at any size, and intervals of scores cover the truth."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.facts.distance import Distance, distance_difference, distance_from_people, score_of
from experiments.facts.item import SampleItem
from experiments.facts.marketplace import star_distribution, star_habits
from experiments.facts.measure_people import measure_item
from experiments.facts.reference import Reference

NUM_PEOPLE = 80
SHARES = np.array((0.1, 0.05, 0.1, 0.15, 0.6))
ALIKE, DIFFERENT = 1e6, 4.0
"""Weights of the Dirichlet by which people differ: clones, and people with habits."""


def rate(rng: np.random.Generator, people: int, reviews: int, weight: float = DIFFERENT) -> pd.DataFrame:
    """Return ratings of people who differ the more, the smaller the weight."""
    shares = rng.dirichlet(SHARES * weight, people)
    stars = [rng.choice(5, reviews, p=share) + 1 for share in shares]
    return pd.DataFrame({"person": np.repeat(np.arange(people), reviews), "stars": np.concatenate(stars)})


def distance_of(values: Any, reference: Reference) -> Distance:
    """Return the distance of an arm with these values, which must be enough."""
    distance = distance_from_people(pd.DataFrame(values), reference)
    assert distance is not None
    return distance


def world_values(item: SampleItem, rng: np.random.Generator, weight: float, size: tuple[int, int]) -> pd.DataFrame:
    """Return an item's statistic in ten worlds."""
    return pd.DataFrame([np.atleast_1d(item.statistic(rate(rng, *size, weight))) for _ in range(10)])


@pytest.mark.parametrize("size", [(12, 2), (40, 5)])
def test_people_are_at_no_distance_from_people_whatever_the_size_of_worlds(size: tuple[int, int]) -> None:
    item, rng = star_distribution.ITEM, np.random.default_rng(0)
    squares = [
        distance_of(world_values(item, rng, DIFFERENT, size), measure_item(item, rate(rng, 40, 5))).square
        for _ in range(40)
    ]
    assert abs(np.mean(squares)) < 3 * np.std(squares) / math.sqrt(len(squares))


def test_clones_lose_on_habits_and_gain_nothing_on_levels() -> None:
    rng, size = np.random.default_rng(1), (40, 4)
    people = rate(rng, 300, 6)
    random = np.random.default_rng(2)
    for item, is_habit in ((star_distribution.ITEM, False), (star_habits.ITEM, True)):
        reference = measure_item(item, people)
        floor = distance_of(
            [np.atleast_1d(item.statistic(pd.DataFrame({"person": np.repeat(np.arange(40), 4),
                                                         "stars": random.integers(1, 6, 160)}))) for _ in range(10)],
            reference,
        )  # fmt: skip
        copied, cloned = (
            score_of(distance_of(world_values(item, rng, weight, size), reference), floor).value
            for weight in (DIFFERENT, ALIKE)
        )
        assert copied == pytest.approx(1, abs=0.1)
        assert (cloned < 0.3) if is_habit else (cloned == pytest.approx(1, abs=0.1))


@pytest.mark.parametrize(("num_seeds", "dimensions"), [(3, 1), (8, 1), (8, 3), (20, 3)])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_intervals_of_scores_cover_the_truth(num_seeds: int, dimensions: int, share: float) -> None:
    rng, experiments = np.random.default_rng(int(10 * share) + num_seeds), 150
    far = np.full(dimensions, 2.0)
    covariance = 0.04 * np.eye(dimensions)
    covered = []
    for _ in range(experiments):
        people = rng.multivariate_normal(np.zeros(dimensions), covariance)
        reference = Reference(values=people.tolist(), covariance=covariance.tolist(), num_people=NUM_PEOPLE)
        shared = rng.normal(0, 0.5, (num_seeds, dimensions))
        arm, floor = (
            distance_of(center + shared + rng.normal(0, 0.5, (num_seeds, dimensions)), reference)
            for center in (share * far, far)
        )
        score = score_of(arm, floor)
        assert math.isnan(score.low) or score.low <= score.value <= score.high
        covered.append(math.isnan(score.low) or score.low <= 1 - share**2 <= score.high)
    assert np.mean(covered) > 0.9  # 95 % are expected; fewer than 90 % have a chance of 1 %


def test_a_floor_that_may_be_where_people_are_gives_no_score() -> None:
    reference = Reference(1.0, 0.9, 1.1, num_people=NUM_PEOPLE)
    near = distance_of([1.05, 0.95, 1.2, 1.0], reference)
    far = distance_of([3.1, 2.9, 3.0, 3.2], reference)
    assert math.isnan(score_of(far, near).value)
    assert score_of(near, far).value == pytest.approx(1, abs=0.02)
    assert score_of(far, far)[:3] == pytest.approx((0, 0, 0), abs=1e-6)


def test_an_arm_is_nearer_by_what_its_error_and_people_s_allow() -> None:
    reference, vague = (
        Reference(1.0, 0.99, 1.01, num_people=NUM_PEOPLE),
        Reference(1.0, 0.0, 2.0, num_people=NUM_PEOPLE),
    )
    near, far = [1.1, 0.9, 1.0, 1.2], [1.5, 1.4, 1.6, 1.5]
    clear = distance_difference(distance_of(near, reference), distance_of(far, reference))
    assert clear.high < 0
    assert clear.p < 0.05
    unclear = distance_difference(distance_of(near, vague), distance_of(far, vague))
    assert unclear.low < 0 < unclear.high, "people's own value is too uncertain"


def test_one_seed_has_no_distance_and_seeds_without_a_value_are_left_out() -> None:
    reference = Reference(1.0, 0.9, 1.1, num_people=NUM_PEOPLE)
    assert distance_from_people(pd.DataFrame([1.0]), reference) is None
    assert distance_from_people(pd.DataFrame(), reference) is None
    assert distance_of([1.0, math.nan, 3.0], reference).num_seeds == 2


def test_rounding_is_no_difference() -> None:
    reference = Reference(0.0, 0.0, 0.0, num_people=50)
    clean = pd.DataFrame([0.0, 0.0, 0.0, 0.0])
    rounded = pd.DataFrame([1e-17, 0.0, 2e-17, 0.0])
    first, second = (distance_from_people(values, reference) for values in (rounded, clean))
    assert first is not None
    assert second is not None
    difference = distance_difference(first, second)
    assert difference.difference == 0
    assert math.isnan(difference.p)
