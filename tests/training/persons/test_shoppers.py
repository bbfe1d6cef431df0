from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from sandbox.people import Profile
from training.persons import shopper_wording, shoppers
from training.persons.extractive import profile_of
from training.persons.shopper_wording import Shopper
from training.persons.shoppers import Purchase, figures_of
from training.quality import forbidden

DAY = 86_400
START = 973_036_800
"""The first of November 2000, a Wednesday."""


def row(day: int, item: str, **known: Any) -> dict[str, Any]:
    """A record of a purchase."""
    extra = {"age_group": known.pop("age", "35-39"), "area": "115", "pieces": known.pop("pieces", 1)}
    plain = {"source": "s", "platform": "purchases", "user": "u_1", "split": "train", "kind": "purchase", "price": 50.0}
    named = {"place": f"1104{item}", "item": item, "context": f"item {item} of group 1104{item}", "text": ""}
    made = {**plain, **named, "time": START + day * DAY, "id": f"{day}/{item}"}
    return {**made, "extra": msgspec.json.encode(extra).decode(), **known}


def person(rows: list[dict[str, Any]]) -> Profile:
    """A person of these records."""
    made = profile_of(rows, [], None)
    assert made
    return made


ROWS = [row(0, "11"), row(0, "12", price=90.0), row(7, "11"), row(7, "13", pieces=3), row(14, "11"), row(14, "14")]


def test_a_profile_has_the_figures_of_the_purchases() -> None:
    one = person(ROWS)
    assert one.platform == "purchases"
    assert one.demographics == {"age": "35-39"}
    assert one.budget == 50
    assert one.activity == pytest.approx(3 / 15, abs=1e-4)
    assert one.tastes["110411"] == pytest.approx(0.5, abs=1e-3)
    assert sum(one.tastes.values()) == pytest.approx(1)
    assert one.writing_style == ""


def test_what_is_said_names_the_figures() -> None:
    one = person(ROWS)
    assert "35 to 39" in one.persona
    assert "NT$50" in one.persona
    assert "2 of 6 purchases" in one.persona
    assert "item 11 of group 110411" in one.profile
    assert "$" not in "".join((one.persona, one.profile, *one.stories)).replace("NT$", "")
    assert len(one.stories) == 3


def test_only_the_twelve_largest_tastes_are_kept() -> None:
    assert len(person([row(day, str(10 + day)) for day in range(20)]).tastes) == 12


@pytest.mark.parametrize(("age", "said"), [("<25", "You are under 25 "), (">65", "You are over 65 "), ("", "You ")])
def test_the_age_group_is_said_where_it_is_known(age: str, said: str) -> None:
    one = person([row(day, str(day), age=age) for day in range(3)])
    assert one.persona.startswith(said)
    assert one.demographics == ({"age": age} if age else {})


def test_one_day_says_nothing_of_habits() -> None:
    one = person([row(0, str(item)) for item in range(10, 16)])
    assert one.activity == 0.3
    assert "on one day so far" in one.persona
    assert "again" not in one.profile.replace("would buy the same things again", "")


def test_purchases_without_time_make_nobody() -> None:
    assert profile_of([row(0, "11", time=None)], [], None) is None


def test_unknown_prices_are_not_made_up() -> None:
    one = person([row(day, "11", price=None) for day in range(3)])
    assert one.budget == 0
    assert "NT$" not in "".join((one.persona, one.profile, *one.stories))


def test_all_of_one_group_passes_the_rules_of_quality() -> None:
    bought = [Purchase(date(2000, 11, 1) + timedelta(day), "110411", str(day % 2), "tea", 9e4, 2) for day in range(200)]
    told = [
        text
        for number in range(20)
        for one in [Shopper(f"u_{number}", figures_of(bought), tuple(bought))]
        for text in (shopper_wording.persona(one), shopper_wording.profile(one), *shopper_wording.stories(one))
    ]
    assert [text for text in told if forbidden(text)] == []
    assert len(set(told)) > 20, "people are not all told in the same words"


def test_repeats_and_baskets_are_counted() -> None:
    figures = figures_of(shoppers.purchases_of(ROWS))
    assert (figures.num, figures.days, figures.span_days, figures.pause) == (6, 3, 15, 7)
    assert (figures.repeats, figures.favourite) == (2, ("item 11 of group 110411", 3))
    assert (figures.basket, figures.largest, figures.spent) == (2, 2, 140.0)
    assert figures.several_share == pytest.approx(1 / 6)
    assert figures.weekend_share == 0
