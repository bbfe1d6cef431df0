from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.memory import MemoryBudget
from sandbox.core.profile import Profile
from training.tasks.decision_points import DecisionPoint, describe_record, find_decision_points

from .people import PERSON, record

BUDGET = MemoryBudget(recent=256, salient=64)


def list_points(rows: list[dict[str, Any]], most: int = 99, seed: int = 0) -> list[DecisionPoint]:
    return list(find_decision_points(rows, {"latest": PERSON}, BUDGET, most, seed))


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 8))
def test_only_what_came_before_is_known(history: int, targets: int, most: int) -> None:
    rows = [record(number, part="history") for number in range(history)]
    rows += [record(history + number) for number in range(targets)]
    points = list_points(rows, most)
    assert len(points) == min(targets, most)
    for point in points:
        place = rows.index(dict(point.record))
        assert list(point.past) == rows[:place]
        memory = repr(point.memory)
        assert all(f"word{number}." not in memory for number in range(place, len(rows)))
        assert not place or f"word{place - 1}." in memory


def test_nothing_of_the_same_time_is_known() -> None:
    rows = [record(0, part="history"), *(record(number, time=1) for number in (1, 2, 3)), record(4, time=2)]
    points = list_points(rows)
    assert [len(point.past) for point in points] == [1, 1, 1, 4]
    for point in points[:3]:
        memory = repr(point.memory)
        assert "word0." in memory
        assert not any(f"word{number}." in memory for number in (1, 2, 3, 4))


def test_decision_points_are_drawn_by_the_seed_and_stay_in_order() -> None:
    rows = [record(number) for number in range(40)]
    first, repeated, reseeded = (list_points(rows, 5, seed) for seed in (1, 1, 2))
    assert first == repeated != reseeded
    assert all(earlier.record["time"] < later.record["time"] for earlier, later in pairwise(first))


def test_the_first_choice_of_a_thing_is_new_and_the_next_is_not() -> None:
    rows = [record(0, item="tea"), record(1, item="tea"), record(2, item="mug")]
    assert [point.is_new for point in list_points(rows)] == [True, False, True]


def test_a_seed_belongs_to_record_form_draw_and_run() -> None:
    first, second = list_points([record(0), record(1)])
    points = (first, second, first._replace(seed=1), first._replace(draw=1))
    seeds = [point.seed_for("stars") for point in points] + [first.seed_for("reply")]
    assert len(set(seeds)) == 5


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"platform": "reviews", "kind": "review", "context": "Mug", "price": 1234.5, "stars": 4.0, "text": "Nice"},
            'You bought the Mug for $1,234.50 and gave it 4 of 5 stars: "Nice"',
        ),
        ({"platform": "reviews", "kind": "purchase", "context": "", "text": ""}, "You bought the product."),
        (
            {"platform": "purchases", "kind": "purchase", "context": "item 1 of group 2", "price": 30.0, "text": ""},
            "You bought the item 1 of group 2 for NT$30.00.",
        ),
        (
            {"platform": "forum", "kind": "comment", "title": "Tea?", "text": "With milk."},
            'You replied under "Tea?": "With milk."',
        ),
        ({"platform": "forum", "kind": "comment", "title": "", "text": "With milk."}, 'You replied: "With milk."'),
        (
            {"platform": "forum", "kind": "post", "title": "Tea?", "text": "I  like\n tea."},
            'You posted "Tea?": "I like tea."',
        ),
        ({"platform": "forum", "kind": "post", "title": "", "text": "Tea."}, 'You posted: "Tea."'),
    ],
)
def test_a_record_is_remembered_as_a_sentence(changes: dict[str, Any], text: str) -> None:
    assert describe_record({**record(0), "stars": None, "price": None, **changes}) == text


def test_a_person_without_records_has_no_decision_points() -> None:
    assert list_points([]) == []


def test_an_early_self_is_asked_about_what_came_after_its_records() -> None:
    rows = [record(number, part="history", early=number < 3) for number in range(6)] + [record(6)]
    early = Profile("u_1", "You will like tea.")
    points = list(find_decision_points(rows, {"early": early, "latest": PERSON}, BUDGET, 99, 0))
    assert [(point.record["time"], point.profile) for point in points] == [
        (3, early),
        (4, early),
        (5, early),
        (6, PERSON),
    ]
