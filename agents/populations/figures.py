"""What can be counted about a reviewer: tastes, prices, stars, rhythm and habits of writing.

Reads reviews and gives numbers; no text of a review leaves this module.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from statistics import fmean, median
from typing import NamedTuple

import msgspec
import numpy as np

STRENGTH = 2.0
"""Reviews (or months) that the whole population counts for in each person's smoothed shares."""
ACTIVITY_BOUNDS = (0.05, 0.9)
WORD = re.compile(r"[\w'’$%-]+")
SENTENCE_END = re.compile(r"[.!?]+(?:\s+|$)|\n+")
PLACEHOLDER = re.compile(r"\[\[.*?\]\]|\[(?:URL|EMAIL|PHONE)\]|<br\s*/?>")
SHOUT = re.compile(r"\b[A-Z]{4,}\b")
FIRST_PERSON = re.compile(r"\b(?:I|[Mm]y|[Mm]e|[Ww]e|[Oo]ur)\b")


class Review(msgspec.Struct, dict=True):
    """One row of the source, as far as we look at it."""

    user: str
    split: str
    category: str
    ts_ms: int
    rating: float
    title: str
    text: str
    product: str | None = None
    price: float | None = None
    """US dollars, as listed when the source was crawled; absent for many, 0 for most apps and free e-books."""

    @property
    def stars(self) -> int:
        """1 to 5."""
        return round(self.rating)

    @cached_property
    def when(self) -> datetime:
        """When it was written, in UTC."""
        return datetime.fromtimestamp(self.ts_ms / 1000, UTC)

    @cached_property
    def plain(self) -> str:
        """The text without mark-up and placeholders; a line break ends a sentence."""
        return html.unescape(PLACEHOLDER.sub("\n", self.text)).strip()

    @property
    def num_words(self) -> int:
        """Length of the text."""
        return len(WORD.findall(self.plain))


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


class Prices(msgspec.Struct, frozen=True):
    """Quartiles of the prices above 0, in US dollars."""

    low: float
    middle: float
    high: float
    num: int


class Habits(msgspec.Struct, frozen=True):
    """How somebody writes. Shares are of reviews, lengths are medians in words."""

    words: int
    longest: int
    sentence: int
    title: int
    exclaim_share: float
    shout_share: float
    """Reviews with a word of four or more capitals."""
    first_person_share: float
    lower_share: float
    """Reviews that begin with a small letter."""
    critical_ratio: float | None
    """Length of reviews of 1 to 3 stars over those of 4 and 5; only with two of each."""


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
    weekend_share: float
    habits: Habits

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
        weekend_share=fmean(review.when.weekday() >= 5 for review in reviews),
        habits=_habits(reviews),
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
        price=median(review.price for review in reviews if review.price),
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


def _habits(reviews: Sequence[Review]) -> Habits:
    texts = [review.plain for review in reviews]
    sentences = [len(WORD.findall(part)) for text in texts for part in SENTENCE_END.split(text) if WORD.search(part)]
    lengths = [review.num_words for review in reviews]
    critical = [review.num_words for review in reviews if review.stars <= 3]
    pleased = [review.num_words for review in reviews if review.stars > 3]
    return Habits(
        words=max(1, round(median(lengths))),
        longest=max(lengths),
        sentence=round(median(sentences)) if sentences else 1,
        title=round(median(len(WORD.findall(html.unescape(review.title))) for review in reviews)),
        exclaim_share=fmean("!" in text for text in texts),
        shout_share=fmean(SHOUT.search(text) is not None for text in texts),
        first_person_share=fmean(FIRST_PERSON.search(text) is not None for text in texts),
        lower_share=fmean(text[:1].islower() for text in texts),
        critical_ratio=median(critical) / max(1, median(pleased)) if min(len(critical), len(pleased)) >= 2 else None,
    )
