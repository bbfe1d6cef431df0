from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.people import MemoryBudget, Profile
from training.tasks.moments import Moment, moments_of, remembered

from .people import PERSON, record

BUDGET = MemoryBudget(recent=256, salient=64)


def moments(rows: list[dict[str, Any]], most: int = 99, seed: int = 0) -> list[Moment]:
    return list(moments_of(rows, {"latest": PERSON}, BUDGET, most, seed))


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 8))
def test_only_what_came_before_is_known(history: int, targets: int, most: int) -> None:
    rows = [record(number, part="history") for number in range(history)]
    rows += [record(history + number) for number in range(targets)]
    found = moments(rows, most)
    assert len(found) == min(targets, most)
    for moment in found:
        place = rows.index(dict(moment.record))
        assert list(moment.past) == rows[:place]
        told = repr(moment.memory)
        assert all(f"word{number}." not in told for number in range(place, len(rows)))
        assert not place or f"word{place - 1}." in told


def test_nothing_of_the_same_time_is_known() -> None:
    rows = [record(0, part="history"), *(record(number, time=1) for number in (1, 2, 3)), record(4, time=2)]
    found = moments(rows)
    assert [len(moment.past) for moment in found] == [1, 1, 1, 4]
    for moment in found[:3]:
        told = repr(moment.memory)
        assert "word0." in told
        assert not any(f"word{number}." in told for number in (1, 2, 3, 4))


def test_moments_are_drawn_by_the_seed_and_stay_in_order() -> None:
    rows = [record(number) for number in range(40)]
    one, again, other = (moments(rows, 5, seed) for seed in (1, 1, 2))
    assert one == again != other
    assert all(a.record["time"] < b.record["time"] for a, b in pairwise(one))


def test_the_first_choice_of_a_thing_is_new_and_the_next_is_not() -> None:
    rows = [record(0, item="tea"), record(1, item="tea"), record(2, item="mug")]
    assert [moment.is_new for moment in moments(rows)] == [True, False, True]


def test_a_seed_belongs_to_record_form_and_run() -> None:
    first, second = moments([record(0), record(1)])
    other = first._replace(seed=1)
    again = first._replace(draw=1)
    seeds = [one.seed_of("stars") for one in (first, second, other, again)] + [first.seed_of("reply")]
    assert len(set(seeds)) == 5


@pytest.mark.parametrize(
    ("known", "text"),
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
def test_a_record_is_remembered_in_a_sentence(known: dict[str, Any], text: str) -> None:
    assert remembered({**record(0), "stars": None, "price": None, **known}) == text


def test_somebody_without_records_has_no_moments() -> None:
    assert moments([]) == []


def test_an_earlier_self_is_asked_about_what_came_after_it_was_made() -> None:
    rows = [record(number, part="history", early=number < 3) for number in range(6)] + [record(6)]
    early = Profile("u_1", "You will like tea.")
    found = list(moments_of(rows, {"early": early, "latest": PERSON}, BUDGET, 99, 0))
    assert [(moment.record["time"], moment.profile) for moment in found] == [
        (3, early),
        (4, early),
        (5, early),
        (6, PERSON),
    ]
