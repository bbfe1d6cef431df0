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
    equalities,
    hook,
    log_variance,
    mean_of_people,
    similarity_between,
    similarity_within,
    star_shares,
    unevenness,
    valley,
    variance_within,
    word_similarities,
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


def test_equal_reviews_are_found_whatever_their_case_and_space() -> None:
    equal = equalities(["Good  value", "good value", "bad"])
    assert equal.tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_words_of_two_texts_overlap_by_what_they_share() -> None:
    assert word_similarities(["same words", "Words same!"])[0, 1] == 1
    assert word_similarities(["one two", "three four"])[0, 1] == 0
    assert word_similarities(["one two", "two three"])[0, 1] == pytest.approx(1 / 3)
    assert word_similarities(["w " * 30 + "x", "w " * 40 + "y"])[0, 1] == 1, "words beyond the thirtieth do not count"
    assert word_similarities(["", ""])[0, 1] == 0, "no words, nothing shared"


def test_everybody_counts_once_however_much_they_write() -> None:
    values = np.array([[1.0], [1.0], [1.0], [5.0]])
    assert mean_of_people(values, ["a", "a", "a", "b"]).tolist() == [3]
    assert variance_within([1, 3, 5, 5, 4], ["a", "a", "b", "b", "c"]) == 1, "c rated once"
    assert math.isnan(variance_within([1, 2], ["a", "b"]))


def test_similarity_is_of_two_people_or_of_two_rows_of_one() -> None:
    similarities = np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.3], [0.1, 0.3, 1.0]])
    assert similarity_between(similarities, ["a", "a", "b"]) == pytest.approx(0.2)
    assert similarity_within(similarities, ["a", "a", "b"]) == pytest.approx(0.8)
    assert math.isnan(similarity_between(similarities, ["a", "a", "a"]))
    assert math.isnan(similarity_within(similarities, ["a", "b", "c"]))


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
    own = [("a", 0, "tea", "x"), ("a", 1, "tea", "x"), ("a", 2, "tea", "y"), ("a", 3, "tea", "x")]
    others = [("b", 0, "tea", "x"), ("c", 0, "tea", "x"), ("d", 0, "tea", "y"), ("e", 0, "tea", "z")]
    repeats = count_repeats(buy(*own, *others))
    assert repeats.loc["a", ["num", "same"]].tolist() == [3, 1]
    assert repeats.loc["a", "chance"] == pytest.approx(0.5 + 0.5 + 0.25), "by the shares of other people's purchases"


def test_a_basket_counts_once_for_each_of_its_items() -> None:
    repeats = count_repeats(buy(("a", 0, "tea", "x"), ("a", 0, "tea", "y"), ("a", 5, "tea", "y"), ("b", 5, "tea", "x")))
    assert repeats.loc["a"].tolist() == [1, 1, 1]


def test_categories_are_kept_separate() -> None:
    assert count_repeats(buy(("a", 0, "tea", "x"), ("a", 1, "milk", "x"), ("b", 1, "milk", "x"))).empty


def test_nobody_says_what_chance_is_where_only_one_person_buys() -> None:
    assert count_repeats(buy(("a", 0, "tea", "x"), ("a", 1, "tea", "x"))).empty


@pytest.mark.parametrize("num_people", [6, 60])
def test_loyalty_does_not_depend_on_the_number_of_people(num_people: int) -> None:
    rng, loyalties = np.random.default_rng(2), list[float]()
    for _ in range(60 if num_people < 10 else 10):
        rows = [
            (f"p{person}", time, "tea", f"i{favourite if rng.random() < 0.5 else rng.integers(4)}")
            for person, favourite in enumerate(rng.integers(4, size=num_people))
            for time in range(20)
        ]
        loyalties.append(beyond_chance(count_repeats(buy(*rows))))
    assert np.mean(loyalties) == pytest.approx(0.5**2, abs=0.05), "both purchases are of the favourite"


def test_people_who_buy_by_chance_are_not_loyal() -> None:
    rng = np.random.default_rng(1)
    rows = [(f"p{person}", time, "tea", f"i{rng.integers(5)}") for person in range(200) for time in range(10)]
    assert beyond_chance(count_repeats(buy(*rows))) == pytest.approx(0, abs=0.04)
    loyal = [(f"p{person}", time, "tea", f"i{person % 5}") for person in range(50) for time in range(5)]
    assert beyond_chance(count_repeats(buy(*loyal))) == pytest.approx(1)
