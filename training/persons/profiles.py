"""The three kinds of people that a platform can have: those who post, who review products, or who buy."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import ClassVar

import msgspec

from sandbox.core.profile import Profile
from training.persons import poster_templates, posters, reviewer_templates, reviewers, shopper_templates, shoppers
from training.persons.poster_templates import Medium
from training.sources.platform import History, ProfileBuilder

DIGITS = 4
"""Decimal places of shares and probabilities."""
MAX_TASTES = 12
"""Communities, categories or groups of products that a profile names."""
ACTIVITY_BOUNDS = (0.02, 0.95)
"""Least and greatest probability of a record on a day."""
USUAL_ACTIVITY = 0.3
"""Activity of somebody with records on one day only."""


class PosterProfiles(ProfileBuilder):
    """People known by the texts that they post."""

    def __init__(self, medium: Medium) -> None:
        self.medium = medium

    def build_profile(self, history: History, topics: Sequence[str], population: str) -> Profile | None:
        """Return one person; None if they have written nothing."""
        texts = [record for record in history if record["text"]]
        if not texts:
            return None
        stats = posters.poster_statistics(texts, topics)
        episodes = tuple(posters.list_episodes(texts, topics))
        person = poster_templates.Poster(texts[0]["user"], stats, episodes, self.medium)
        return Profile(
            id=person.id,
            persona=poster_templates.persona(person),
            profile=poster_templates.profile(person),
            stories=poster_templates.stories(person),
            writing_style=poster_templates.writing_style(person),
            tastes=_largest_tastes(stats.communities),
            activity=_daily_activity(stats.days, stats.span_days),
            words=stats.habits.words,
            demographics=stats.demographics,
            hours=stats.hours,
            platform=texts[0]["platform"],
            split=texts[0]["split"],
            source=texts[0]["source"],
        )


class ReviewerProfiles(ProfileBuilder):
    """People known by the products that they review; their statistics are smoothed toward the population."""

    needs_population: ClassVar[bool] = True

    def summarize_population(self, histories: Sequence[History]) -> str:
        """Return what reviewers do overall; "" if nobody has written a review."""
        groups = [reviews for history in histories if (reviews := reviewers.select_reviews(history))]
        if not groups:
            return ""
        reviews = [review for group in groups for review in group]
        marginals = reviewers.population_marginals(reviews, [reviewers.reviewer_statistics(group) for group in groups])
        return msgspec.json.encode(marginals).decode()

    def build_profile(self, history: History, topics: Sequence[str], population: str) -> Profile | None:
        """Return one person; None if they have no review, or there is nobody to smooth them toward."""
        reviews = reviewers.select_reviews(history)
        if not reviews or not population:
            return None
        marginals, first = _decode_marginals(population), history[0]
        stats = reviewers.reviewer_statistics(reviews)
        purchases = tuple(reviewers.purchase_of(review) for review in reviews)
        budget = reviewers.budget(stats, marginals)
        price_ratio = reviewers.price_ratio(reviews, marginals)
        person = reviewer_templates.Reviewer(first["user"], stats, purchases, budget, price_ratio)
        one_star, two_stars, three_stars, four_stars, five_stars = round_shares(
            reviewers.smoothed_star_shares(stats, marginals)
        )
        return Profile(
            id=first["user"],
            persona=reviewer_templates.persona(person),
            profile=reviewer_templates.profile(person),
            stories=reviewer_templates.stories(person),
            writing_style=reviewer_templates.writing_style(person),
            hours=stats.hours,
            tastes=_largest_tastes(stats.tastes),
            budget=round(budget or 0.0, 2),
            activity=round(reviewers.activity(stats, marginals), DIGITS),
            star_shares=(one_star, two_stars, three_stars, four_stars, five_stars),
            words=stats.habits.words,
            platform=first["platform"],
            split=first["split"],
            source=first["source"],
        )


class ShopperProfiles(ProfileBuilder):
    """People about whom only purchases are known."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def build_profile(self, history: History, topics: Sequence[str], population: str) -> Profile | None:
        """Return one person; None if no purchase of theirs has a time."""
        first, items = history[0], shoppers.select_basket_items(history)
        if not items:
            return None
        stats = shoppers.shopper_statistics(items, shoppers.age_group(first))
        person = shopper_templates.Shopper(first["user"], stats, tuple(items), self.currency)
        return Profile(
            id=first["user"],
            persona=shopper_templates.persona(person),
            profile=shopper_templates.profile(person),
            stories=shopper_templates.stories(person),
            tastes=_largest_tastes(stats.tastes),
            budget=round(stats.prices[1], 2) if stats.prices else 0.0,
            activity=_daily_activity(stats.days, stats.span_days),
            demographics={"age": stats.age} if stats.age else {},
            platform=first["platform"],
            split=first["split"],
            source=first["source"],
        )


def round_shares(shares: Sequence[float]) -> list[float]:
    """Return shares with few digits; the largest takes up the rounding error, so that they sum to 1."""
    rounded = [round(share, DIGITS) for share in shares]
    largest = rounded.index(max(rounded))
    rounded[largest] = round(rounded[largest] + 1 - sum(rounded), DIGITS)
    return rounded


@lru_cache(maxsize=16)
def _decode_marginals(population: str) -> reviewers.Marginals:
    return msgspec.json.decode(population, type=reviewers.Marginals)


def _largest_tastes(shares: dict[str, float]) -> dict[str, float]:
    """Return the largest shares, which `shares` begins with, scaled to sum to 1 and with few digits."""
    largest = dict(islice(shares.items(), MAX_TASTES))
    total = sum(largest.values())
    return dict(zip(largest, round_shares([share / total for share in largest.values()]), strict=True)) if total else {}


def _daily_activity(days: int, span_days: int) -> float:
    """Return the share of days with a record; a usual one if there is only one day."""
    low, high = ACTIVITY_BOUNDS
    return round(min(max(days / span_days, low), high), DIGITS) if days > 1 else USUAL_ACTIVITY
