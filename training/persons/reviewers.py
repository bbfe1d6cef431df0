"""Count what can be counted about a reviewer: tastes, prices, stars, rhythm and habits of writing.

Reads records of reviews and returns numbers; no text of a review leaves this module.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean, median, median_high
from typing import Any, NamedTuple

import msgspec
import numpy as np

from training.persons.habits import Habits, count_words, hour_shares, measure_habits

STRENGTH = 2.0
"""Reviews (or months) that the population counts for in each person's smoothed shares."""
ACTIVITY_BOUNDS = (0.05, 0.9)


class RatedReview(NamedTuple):
    """What we use of a record of a review."""

    category: str
    time: int
    """Unix seconds."""
    stars: int
    title: str
    text: str
    price: float | None
    """In the source's currency, as listed; absent for many, 0 for most apps and free e-books."""

    @property
    def written_at(self) -> datetime:
        """Time of the review, in UTC."""
        return datetime.fromtimestamp(self.time, UTC)

    @property
    def num_words(self) -> int:
        """Length of the text."""
        return count_words(self.text)


def select_reviews(records: Iterable[Mapping[str, Any]]) -> list[RatedReview]:
    """Return the records that have stars and a time, oldest first."""
    rated = [record for record in records if record["stars"] is not None and record["time"] is not None]
    return [
        RatedReview(
            record["category"] or "other things",
            record["time"],
            round_stars(record["stars"]),
            record["title"],
            record["text"],
            record["price"],
        )
        for record in sorted(rated, key=lambda record: (record["time"], record["id"]))
    ]


def round_stars(rating: float) -> int:
    """Return a rating as a whole number of stars, 1 to 5."""
    return min(5, max(1, round(rating)))


class ReviewedPurchase(NamedTuple):
    """A review without its words."""

    month: int
    """Of the review: year x 12 + month, January being 0."""
    category: str
    price: float | None
    """In dollars; 0 if it was free of charge, None if unknown."""
    stars: int
    words: int
    """Length of the review."""


def purchase_of(review: RatedReview) -> ReviewedPurchase:
    """Return a review without its words."""
    month = review.written_at.year * 12 + review.written_at.month - 1
    return ReviewedPurchase(month, review.category, review.price, review.stars, review.num_words)


class PriceQuartiles(msgspec.Struct, frozen=True):
    """Quartiles of the prices above 0, in US dollars."""

    low: float
    middle: float
    high: float
    num: int
    """Number of prices."""


class ReviewerStatistics(msgspec.Struct, frozen=True):
    """Everything that the wording templates may use."""

    tastes: dict[str, float]
    """Share of each category, largest first."""
    means: dict[str, float]
    """Mean stars of each category with three reviews or more."""
    star_counts: tuple[int, ...]
    """Reviews by stars, 1 star first."""
    prices: PriceQuartiles | None
    """None if no price above 0 is known."""
    months: int
    """Calendar months with at least one review."""
    span: int
    """Calendar months from the first review to the last, both included."""
    first_year: int
    last_year: int
    hours: tuple[float, ...]
    """Share of reviews by hour of the day (UTC); empty if the source gives only days."""
    weekend_share: float
    """Share of reviews written on a Saturday or Sunday."""
    habits: Habits
    critical_ratio: float | None
    """Median length of reviews of 1 to 3 stars over that of 4 and 5; None if there are fewer than two of either."""

    @property
    def num(self) -> int:
        """Number of reviews."""
        return sum(self.star_counts)

    @property
    def mean(self) -> float:
        """Mean stars."""
        return sum(star * count for star, count in enumerate(self.star_counts, 1)) / self.num

    def star_share(self, *stars: int) -> float:
        """Return the raw share of reviews with these numbers of stars."""
        return sum(self.star_counts[star - 1] for star in stars) / self.num


class Marginals(msgspec.Struct, frozen=True):
    """What the people who are not held out do on average; each person's statistics are smoothed toward it."""

    star_shares: tuple[float, ...]
    """Share of 1 to 5 stars."""
    month_rate: float
    """Share of months with a review between a person's first and last, over all people."""
    prices: dict[str, float]
    """Median price of each category with priced reviews."""
    price: float | None
    """Median price of all; None if no price above 0 is known."""


def reviewer_statistics(reviews: Sequence[RatedReview]) -> ReviewerStatistics:
    """Count one person's reviews, which must be in order of time."""
    months = {_month(review) for review in reviews}
    category_counts = Counter(review.category for review in reviews)
    categories = sorted(category_counts, key=lambda name: (-category_counts[name], name))
    star_counts = Counter(review.stars for review in reviews)
    return ReviewerStatistics(
        tastes={name: category_counts[name] / len(reviews) for name in categories},
        means={
            name: fmean(review.stars for review in reviews if review.category == name)
            for name in categories
            if category_counts[name] >= 3
        },
        star_counts=tuple(star_counts[star] for star in range(1, 6)),
        prices=_price_quartiles(reviews),
        months=len(months),
        span=max(months) - min(months) + 1,
        first_year=reviews[0].written_at.year,
        last_year=reviews[-1].written_at.year,
        hours=hour_shares([review.written_at for review in reviews]),
        weekend_share=fmean(review.written_at.weekday() >= 5 for review in reviews),
        habits=measure_habits([review.text for review in reviews]),
        critical_ratio=_critical_ratio(reviews),
    )


def population_marginals(reviews: Sequence[RatedReview], people: Iterable[ReviewerStatistics]) -> Marginals:
    """Return what these people do on average.

    Args:
        reviews: All their reviews.
        people: The statistics of each of them.
    """
    people = list(people)
    star_counts = np.sum([person.star_counts for person in people], axis=0)
    priced = group_by_category(review for review in reviews if review.price)
    prices = [review.price for review in reviews if review.price]
    return Marginals(
        star_shares=tuple(float(share) for share in star_counts / star_counts.sum()),
        month_rate=sum(person.months for person in people) / sum(person.span for person in people),
        prices={name: median(review.price or 0 for review in group) for name, group in priced.items()},
        price=median(prices) if prices else None,
    )


def smoothed_star_shares(stats: ReviewerStatistics, marginals: Marginals) -> tuple[float, float, float, float, float]:
    """Return shares of 1 to 5 stars with `STRENGTH` reviews of the population added (Dirichlet posterior mean)."""
    total = stats.num + STRENGTH
    star_1, star_2, star_3, star_4, star_5 = (
        (count + STRENGTH * share) / total
        for count, share in zip(stats.star_counts, marginals.star_shares, strict=True)
    )
    return star_1, star_2, star_3, star_4, star_5


def activity(stats: ReviewerStatistics, marginals: Marginals) -> float:
    """Return the probability that a month has a review: the smoothed share of the person's months that had one."""
    share = (stats.months + STRENGTH * marginals.month_rate) / (stats.span + STRENGTH)
    return min(max(share, ACTIVITY_BOUNDS[0]), ACTIVITY_BOUNDS[1])


def budget(stats: ReviewerStatistics, marginals: Marginals) -> float | None:
    """Return the median price paid; without prices, the median prices of what they buy, weighted by taste.

    None if nobody's prices are known.
    """
    if stats.prices:
        return stats.prices.middle
    if marginals.price is None:
        return None
    return sum(share * marginals.prices.get(name, marginals.price) for name, share in stats.tastes.items())


def price_ratio(reviews: Iterable[RatedReview], marginals: Marginals) -> float | None:
    """Return the median of price / median price of the category; None without prices to compare."""
    ratios = [
        review.price / usual
        for review in reviews
        if review.price and (usual := marginals.prices.get(review.category, marginals.price)) is not None
    ]
    return median_high(ratios) if ratios else None


def group_by_category(reviews: Iterable[RatedReview]) -> Mapping[str, list[RatedReview]]:
    """Return the reviews of each category, categories in alphabetical order."""
    groups: dict[str, list[RatedReview]] = {}
    for review in reviews:
        groups.setdefault(review.category, []).append(review)
    return dict(sorted(groups.items()))


def quantiles(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return quantiles by linear interpolation, rounded to cents."""
    return [round(float(value), 2) for value in np.quantile(values, shares)]


def _month(review: RatedReview) -> int:
    return review.written_at.year * 12 + review.written_at.month


def _price_quartiles(reviews: Sequence[RatedReview]) -> PriceQuartiles | None:
    prices = [review.price for review in reviews if review.price]
    if not prices:
        return None
    low, middle, high = quantiles(prices, (0.25, 0.5, 0.75))
    return PriceQuartiles(low, middle, high, len(prices))


def _critical_ratio(reviews: Sequence[RatedReview]) -> float | None:
    critical = [review.num_words for review in reviews if review.stars <= 3]
    pleased = [review.num_words for review in reviews if review.stars > 3]
    return median(critical) / max(1, median(pleased)) if min(len(critical), len(pleased)) >= 2 else None
