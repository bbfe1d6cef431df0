from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from sandbox.core.profile import Profile
from training.curation.quality import forbidden_content
from training.persons import shopper_templates
from training.persons.extractive import build_profile
from training.persons.shopper_templates import Shopper
from training.persons.shoppers import BasketItem, select_basket_items, shopper_statistics

DAY = 86_400
START = 973_036_800
"""The first of November 2000, a Wednesday."""


def make_row(day: int, item: str, **fields: Any) -> dict[str, Any]:
    """Make a record of a purchase."""
    extra = {"age_group": fields.pop("age", "35-39"), "area": "115", "pieces": fields.pop("pieces", 1)}
    user = {"source": "s", "platform": "purchases", "user": "u_1", "split": "train", "kind": "purchase", "price": 50.0}
    product = {"category": f"1104{item}", "item": item, "context": f"item {item} of group 1104{item}", "text": ""}
    key = {"time": START + day * DAY, "id": f"{day}/{item}"}
    return {**user, **product, **key, "extra": msgspec.json.encode(extra).decode(), **fields}


def build_person(rows: list[dict[str, Any]]) -> Profile:
    """Build a person from these records."""
    profile = build_profile(rows, [], "")
    assert profile
    return profile


ROWS = [
    make_row(0, "11"),
    make_row(0, "12", price=90.0),
    make_row(7, "11"),
    make_row(7, "13", pieces=3),
    make_row(14, "11"),
    make_row(14, "14"),
]


def test_a_profile_has_the_statistics_of_the_purchases() -> None:
    profile = build_person(ROWS)
    assert profile.platform == "purchases"
    assert profile.demographics == {"age": "35-39"}
    assert profile.budget == 50
    assert profile.activity == pytest.approx(3 / 15, abs=1e-4)
    assert profile.tastes["110411"] == pytest.approx(0.5, abs=1e-3)
    assert sum(profile.tastes.values()) == pytest.approx(1)
    assert profile.writing_style == ""


def test_the_texts_name_the_statistics() -> None:
    profile = build_person(ROWS)
    assert "35 to 39" in profile.persona
    assert "NT$50" in profile.persona
    assert "2 of 6 purchases" in profile.persona
    assert "item 11 of group 110411" in profile.profile
    assert "$" not in "".join((profile.persona, profile.profile, *profile.stories)).replace("NT$", "")
    assert len(profile.stories) == 3


def test_only_the_twelve_largest_tastes_are_kept() -> None:
    assert len(build_person([make_row(day, str(10 + day)) for day in range(20)]).tastes) == 12


@pytest.mark.parametrize(
    ("age", "beginning"), [("<25", "You are under 25 "), (">65", "You are over 65 "), ("", "You ")]
)
def test_the_age_group_is_mentioned_if_it_is_known(age: str, beginning: str) -> None:
    profile = build_person([make_row(day, str(day), age=age) for day in range(3)])
    assert profile.persona.startswith(beginning)
    assert profile.demographics == ({"age": age} if age else {})


def test_one_day_says_nothing_about_habits() -> None:
    profile = build_person([make_row(0, str(item)) for item in range(10, 16)])
    assert profile.activity == 0.3
    assert "on one day so far" in profile.persona
    assert "again" not in profile.profile.replace("would buy the same things again", "")


def test_purchases_without_time_make_no_person() -> None:
    assert build_profile([make_row(0, "11", time=None)], [], "") is None


def test_unknown_prices_are_not_made_up() -> None:
    profile = build_person([make_row(day, "11", price=None) for day in range(3)])
    assert profile.budget == 0
    assert "NT$" not in "".join((profile.persona, profile.profile, *profile.stories))


def test_texts_about_a_single_group_pass_the_quality_rules() -> None:
    first_day = date(2000, 11, 1)
    items = [BasketItem(first_day + timedelta(day), "110411", str(day % 2), "tea", 9e4, 2) for day in range(200)]
    texts: list[str] = []
    for number in range(20):
        shopper = Shopper(f"u_{number}", shopper_statistics(items), tuple(items), "NT$")
        texts += [shopper_templates.persona(shopper), shopper_templates.profile(shopper)]
        texts += shopper_templates.stories(shopper)
    assert [text for text in texts if forbidden_content(text)] == []
    assert len(set(texts)) > 20, "the wording must differ between people"


def test_repeats_and_baskets_are_counted() -> None:
    stats = shopper_statistics(select_basket_items(ROWS))
    assert (stats.num, stats.days, stats.span_days, stats.pause) == (6, 3, 15, 7)
    assert (stats.repeats, stats.favourite) == (2, ("item 11 of group 110411", 3))
    assert (stats.basket, stats.largest, stats.spent) == (2, 2, 140.0)
    assert stats.several_share == pytest.approx(1 / 6)
    assert stats.weekend_share == 0


def test_spending_counts_only_days_on_which_every_price_is_known() -> None:
    rows = [
        make_row(0, "11"),
        make_row(0, "12", price=None),
        make_row(7, "11", price=80.0),
        make_row(9, "12", price=20.0),
    ]
    stats = shopper_statistics(select_basket_items(rows))
    assert stats.spent == 50, "a day with an unknown price is no cheap day"
    assert stats.prices == (20, 50, 80)
    assert shopper_statistics(select_basket_items(rows[:2])).spent is None
    story = build_person(rows).stories[0]
    assert "NT$" not in story, "what a basket cost is unknown if one of its prices is"
