"""What is unknown about reviewers is left out, not made up."""

from typing import Any

from sandbox.core.profile import Profile
from training.persons.extractive import build_profile
from training.persons.profiles import ReviewerProfiles

START = 1_420_070_400
"""The first of January 2015."""


def make_row(number: int, price: float | None) -> dict[str, Any]:
    """Make a record of a review."""
    product = {"category": "Toys and Games", "item": f"i{number}", "title": "", "context": "", "price": price}
    text = {"text": "It works well and I like it.", "stars": 1 + number % 5, "kind": "review", "extra": ""}
    user = {"source": "s", "platform": "reviews", "user": "u_1", "split": "train"}
    return {**user, **product, **text, "time": START + number * 3_000_000, "id": f"{number}"}


def build_person(prices: list[float | None], population: list[float | None]) -> Profile:
    """Build a person with these prices, from a population with those."""
    histories = [[make_row(number, price) for number, price in enumerate(population)]]
    text = ReviewerProfiles().summarize_population(histories)
    profile = build_profile([make_row(number, price) for number, price in enumerate(prices)], [], text)
    assert profile
    return profile


def test_without_any_price_the_budget_is_unknown() -> None:
    profile = build_person([None, None, None], [None, None, None])
    assert profile.budget == 0
    assert "prices that are not on record" in profile.persona
    assert "$" not in profile.persona + profile.profile


def test_a_person_may_be_the_only_one_with_prices() -> None:
    profile = build_person([12.0, 20.0, None], [None, None, None])
    assert profile.budget == 16
    assert "$16" in profile.persona


def test_a_person_without_prices_pays_what_others_pay() -> None:
    assert build_person([None, None, None], [12.0, 20.0, 28.0]).budget == 20
