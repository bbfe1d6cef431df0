"""Statistics by which people and agents are both measured."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.facts.measures import (
    between_share,
    beyond_chance,
    capped_words,
    count_repeats,
    divergence,
    duplicate_share,
    earth_mover,
    hook,
    log_variance,
    star_shares,
    unevenness,
    valley,
    word_overlap,
)


def buy(*rows: tuple[str, int, str, str]) -> pd.DataFrame:
    """Return purchases."""
    return pd.DataFrame(rows, columns=["person", "time", "category", "item"])


def test_shares_of_stars_add_up() -> None:
    assert star_shares([5, 5, 1, 4]).tolist() == [0.25, 0, 0, 0.25, 0.5]


def test_a_hook_is_the_smaller_drop_from_an_end() -> None:
    assert hook([0.1, 0.04, 0.06, 0.2, 0.6]) == pytest.approx(0.06)
    assert hook([0.0, 0.0, 0.0, 0.0, 1.0]) == 0
    assert hook([0.1, 0.2, 0.4, 0.2, 0.1]) < 0
    assert hook([0.6, 0.05, 0.05, 0.1, 0.2]) < 0, "the mirror image of a J"


def test_a_valley_is_as_deep_as_the_lower_of_its_peaks_is_high() -> None:
    assert valley([0.3, 0.1, 0.05, 0.2, 0.35]) == pytest.approx(0.25)
    assert valley([0.1, 0.2, 0.4, 0.2, 0.1]) < 0
    assert valley([0.2, 0.2, 0.2, 0.2, 0.2]) == 0


def sales_of(items: Sequence[str], category: str = "a", people: Sequence[int] | None = None) -> pd.DataFrame:
    """Return one purchase of each item, each by a different person."""
    return pd.DataFrame({"person": people or range(len(items)), "category": category, "item": list(items)})


def test_two_purchases_are_of_one_product_the_likelier_the_more_uneven_sales_are() -> None:
    first, second = sales_of("xxxy"), sales_of("xyxy", "b")
    num_offered = pd.Series({"a": 2, "b": 3})
    ratios = unevenness(pd.concat([first, second]), num_offered)
    assert ratios.to_dict() == pytest.approx({"a": 2 * 3 / 6, "b": 3 * 2 / 6})
    assert unevenness(sales_of("xxxx"), num_offered).to_list() == [2], "only one of two products sells"
    assert unevenness(sales_of("xx"), pd.Series({"a": 1})).to_list() == [1], "there is only one product"


def test_sales_are_not_uneven_because_somebody_likes_something() -> None:
    num_offered = pd.Series({"a": 2})
    assert unevenness(sales_of("xxxxy", people=[1, 1, 1, 1, 2]), num_offered).to_list() == [0]
    assert unevenness(sales_of("xxxxyx", people=[1, 1, 1, 1, 2, 2]), num_offered).to_list() == [2 * 4 / 8]
    assert unevenness(sales_of("xx", people=[1, 1]), num_offered).empty, "a single person"


@pytest.mark.parametrize("num", [20, 2000])
def test_unevenness_does_not_depend_on_the_number_of_purchases(num: int) -> None:
    rng = np.random.default_rng(0)
    parts = [sales_of(rng.choice(["x", "y"], num, p=(0.8, 0.2)).tolist(), f"c{index}") for index in range(200)]
    num_offered = pd.Series({f"c{index}": 2 for index in range(200)})
    assert unevenness(pd.concat(parts), num_offered).mean() == pytest.approx(2 * (0.8**2 + 0.2**2), abs=0.03)


def test_duplicates_are_found_whatever_their_case_and_space() -> None:
    assert duplicate_share(["Good  value", "good value", "bad", "worse"]) == 0.5
    assert duplicate_share(["a", "b"]) == 0
    assert duplicate_share(["a", "A", "a "]) == 1


def test_words_of_two_texts_overlap_by_what_they_share() -> None:
    assert word_overlap(["same words", "Words same!"]) == 1
    assert word_overlap(["one two", "three four"]) == 0
    assert word_overlap(["one two", "two three"]) == pytest.approx(1 / 3)
    assert word_overlap(["w " * 30 + "x", "w " * 40 + "y"]) == 1, "words beyond the thirtieth do not count"


def test_a_divergence_is_none_of_equals_and_one_bit_of_what_shares_nothing() -> None:
    assert divergence([0.2, 0.8], [0.2, 0.8]) == pytest.approx(0)
    assert divergence([1, 0], [0, 1]) == pytest.approx(1)
    assert divergence([0.5, 0.5], [1, 0]) == pytest.approx(divergence([1, 0], [0.5, 0.5]))


def test_earth_is_moved_over_places() -> None:
    assert earth_mover([1, 0, 0], [0, 0, 1]) == pytest.approx(2)
    assert earth_mover([0.5, 0.5, 0], [0, 0.5, 0.5]) == pytest.approx(1)
    assert earth_mover([0.2, 0.8], [0.2, 0.8]) == 0


def test_long_texts_count_as_thirty_words() -> None:
    assert capped_words(["one two", "w " * 80]) == 16


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 0.9), st.integers(0, 1000))
def test_the_share_between_people_is_found(share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(400), 8)
    values = rng.normal(0, share**0.5, 400)[people] + rng.normal(0, (1 - share) ** 0.5, len(people))
    assert between_share(values, people) == pytest.approx(share, abs=0.12)


def test_people_with_one_value_say_nothing_of_habits() -> None:
    assert math.isnan(between_share([1, 5, 3], ["a", "b", "c"]))
    assert between_share([1, 1, 5, 5, 3], ["a", "a", "b", "b", "c"]) == 1


def test_a_spread_has_no_currency() -> None:
    amounts = np.array([1.0, 2.0, 8.0])
    assert log_variance(amounts) == pytest.approx(log_variance(30 * amounts))


def test_repeats_are_counted_from_one_trip_to_the_next() -> None:
    repeats = count_repeats(buy(("a", 0, "tea", "x"), ("a", 1, "tea", "x"), ("a", 2, "tea", "y"), ("a", 3, "tea", "x")))
    assert repeats.loc["a", ["num", "same"]].tolist() == [3, 1]
    assert repeats.loc["a", "chance"] == pytest.approx(0.75 + 0.75 + 0.25)


def test_a_basket_counts_once_for_each_of_its_items() -> None:
    repeats = count_repeats(buy(("a", 0, "tea", "x"), ("a", 0, "tea", "y"), ("a", 5, "tea", "y"), ("b", 5, "tea", "x")))
    assert repeats.loc["a"].tolist() == [1, 1, 1]


def test_categories_are_kept_separate() -> None:
    assert count_repeats(buy(("a", 0, "tea", "x"), ("a", 1, "milk", "x"))).empty


def test_people_who_buy_by_chance_are_not_loyal() -> None:
    rng = np.random.default_rng(1)
    rows = [(f"p{person}", time, "tea", f"i{rng.integers(5)}") for person in range(200) for time in range(10)]
    assert beyond_chance(count_repeats(buy(*rows))) == pytest.approx(0, abs=0.04)
    loyal = [(f"p{person}", time, "tea", f"i{person % 5}") for person in range(50) for time in range(5)]
    assert beyond_chance(count_repeats(buy(*loyal))) == pytest.approx(1)
