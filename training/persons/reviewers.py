"""What can be counted about a reviewer: tastes, prices, stars, rhythm and habits of writing.

Reads records of reviews and gives numbers; no text of a review leaves this module.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean, median
from typing import Any, NamedTuple

import msgspec
import numpy as np

from training.persons.habits import Habits, habits_of, hours_of, num_words

STRENGTH = 2.0
"""Reviews (or months) that the whole population counts for in each person's smoothed shares."""
ACTIVITY_BOUNDS = (0.05, 0.9)


class Review(NamedTuple):
    """A record of a review, as far as we look at it."""

    category: str
    time: int
    """Unix seconds."""
    stars: int
    title: str
    text: str
    price: float | None
    """In the source's currency, as listed; absent for many, 0 for most apps and free e-books."""

    @property
    def when(self) -> datetime:
        """When it was written, in UTC."""
        return datetime.fromtimestamp(self.time, UTC)

    @property
    def num_words(self) -> int:
        """Length of the text."""
        return num_words(self.text)


def reviews_of(records: Iterable[Mapping[str, Any]]) -> list[Review]:
    """The records that have stars and a time, oldest first."""
    rated = [one for one in records if one["stars"] is not None and one["time"] is not None]
    return [
        Review(
            one["place"] or "other things", one["time"], stars_of(one["stars"]), one["title"], one["text"], one["price"]
        )
        for one in sorted(rated, key=lambda one: (one["time"], one["id"]))
    ]


def stars_of(rating: float) -> int:
    """A rating as whole stars, 1 to 5."""
    return min(5, max(1, round(rating)))


class Purchase(NamedTuple):
    """One reviewed purchase."""

    month: int
    """Of the review: year x 12 + month, January being 0."""
    category: str
    price: float | None
    """In dollars; 0 is free of charge, None unknown."""
    stars: int
    words: int
    """Length of the review."""


def purchase_of(review: Review) -> Purchase:
    """A review without its words."""
    month = review.when.year * 12 + review.when.month - 1
    return Purchase(month, review.category, review.price, review.stars, review.num_words)


class Prices(msgspec.Struct, frozen=True):
    """Quartiles of the prices above 0, in US dollars."""

    low: float
    middle: float
    high: float
    num: int


class Figures(msgspec.Struct, frozen=True):
    """Everything that the wording may speak of."""

    tastes: dict[str, float]
    """Share of each category, largest first."""
    means: dict[str, float]
    """Mean stars of each category with three reviews or more."""
    star_counts: tuple[int, ...]
    prices: Prices | None
    months: int
    """Calendar months with at least one review."""
    span: int
    """Calendar months from the first review to the last."""
    first_year: int
    last_year: int
    drift: float
    """Mean stars of the later half of the reviews minus that of the earlier half."""
    hours: tuple[float, ...]
    """Share of reviews by hour of the day (UTC); empty where there are no times."""
    weekend_share: float
    habits: Habits
    critical_ratio: float | None
    """Length of reviews of 1 to 3 stars over those of 4 and 5; only with two of each."""

    @property
    def num(self) -> int:
        """Number of reviews."""
        return sum(self.star_counts)

    @property
    def mean(self) -> float:
        """Mean stars."""
        return sum(star * count for star, count in enumerate(self.star_counts, 1)) / self.num

    def star_share(self, *stars: int) -> float:
        """Raw share of the given numbers of stars."""
        return sum(self.star_counts[star - 1] for star in stars) / self.num


class Marginals(msgspec.Struct, frozen=True):
    """What the people who are not held out do on the whole; the rest are smoothed toward it."""

    star_shares: tuple[float, ...]
    month_rate: float
    """Share of months with a review between a person's first and last, over all people."""
    prices: dict[str, float]
    """Median price of each category with priced reviews."""
    price: float
    """Median price of all."""


def figures_of(reviews: Sequence[Review]) -> Figures:
    """Count one person's reviews, which must be in order of time."""
    months = {_month(review) for review in reviews}
    stars = [review.stars for review in reviews]
    half = len(stars) // 2
    categories = Counter(review.category for review in reviews)
    ordered = sorted(categories, key=lambda name: (-categories[name], name))
    counts = Counter(stars)
    return Figures(
        tastes={name: categories[name] / len(reviews) for name in ordered},
        means={
            name: fmean(review.stars for review in reviews if review.category == name)
            for name in ordered
            if categories[name] >= 3
        },
        star_counts=tuple(counts[star] for star in range(1, 6)),
        prices=_prices(reviews),
        months=len(months),
        span=max(months) - min(months) + 1,
        first_year=reviews[0].when.year,
        last_year=reviews[-1].when.year,
        drift=fmean(stars[-half:]) - fmean(stars[:half]) if half else 0.0,
        hours=hours_of([review.when for review in reviews]),
        weekend_share=fmean(review.when.weekday() >= 5 for review in reviews),
        habits=habits_of([review.text for review in reviews]),
        critical_ratio=_critical_ratio(reviews),
    )


def marginals_of(reviews: Sequence[Review], people: Iterable[Figures]) -> Marginals:
    """What the given people do on the whole."""
    people = list(people)
    counts = np.sum([one.star_counts for one in people], axis=0)
    priced = by_category(review for review in reviews if review.price)
    return Marginals(
        star_shares=tuple(float(share) for share in counts / counts.sum()),
        month_rate=sum(one.months for one in people) / sum(one.span for one in people),
        prices={name: median(review.price or 0 for review in group) for name, group in priced.items()},
        price=median([review.price for review in reviews if review.price] or [0.0]),
    )


def smoothed_stars(figures: Figures, marginals: Marginals) -> tuple[float, float, float, float, float]:
    """Shares of 1 to 5 stars with `STRENGTH` reviews' worth of the population added (Dirichlet posterior mean)."""
    total = figures.num + STRENGTH
    one, two, three, four, five = (
        (count + STRENGTH * share) / total
        for count, share in zip(figures.star_counts, marginals.star_shares, strict=True)
    )
    return one, two, three, four, five


def activity(figures: Figures, marginals: Marginals) -> float:
    """Probability that a month has a review: the smoothed share of a person's months that had one."""
    share = (figures.months + STRENGTH * marginals.month_rate) / (figures.span + STRENGTH)
    return min(max(share, ACTIVITY_BOUNDS[0]), ACTIVITY_BOUNDS[1])


def budget(figures: Figures, marginals: Marginals) -> float:
    """Median price paid; of somebody without prices, the median prices of what they buy, weighted by taste."""
    if figures.prices:
        return figures.prices.middle
    return sum(share * marginals.prices.get(name, marginals.price) for name, share in figures.tastes.items())


def by_category(reviews: Iterable[Review]) -> Mapping[str, list[Review]]:
    """Reviews of each category, categories in order of their names."""
    groups: dict[str, list[Review]] = {}
    for review in reviews:
        groups.setdefault(review.category, []).append(review)
    return dict(sorted(groups.items()))


def quantiles(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Quantiles by linear interpolation, rounded to cents."""
    return [round(float(value), 2) for value in np.quantile(values, shares)]


def _month(review: Review) -> int:
    return review.when.year * 12 + review.when.month


def _prices(reviews: Sequence[Review]) -> Prices | None:
    paid = [review.price for review in reviews if review.price]
    if not paid:
        return None
    low, middle, high = quantiles(paid, (0.25, 0.5, 0.75))
    return Prices(low, middle, high, len(paid))


def _critical_ratio(reviews: Sequence[Review]) -> float | None:
    critical = [review.num_words for review in reviews if review.stars <= 3]
    pleased = [review.num_words for review in reviews if review.stars > 3]
    return median(critical) / max(1, median(pleased)) if min(len(critical), len(pleased)) >= 2 else None
