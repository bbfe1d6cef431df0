"""What can be counted about somebody of whom only purchases are known: trips, baskets, prices, and what they buy again.

Reads records of purchases, whose prices are those of one piece and whose times are days.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import groupby, pairwise
from statistics import fmean, median
from typing import Any, NamedTuple

import msgspec

MIN_FAVOURITE = 3
"""Days with one and the same product from which on it is a favourite."""


class Purchase(NamedTuple):
    """One product in a basket."""

    day: date
    group: str
    item: str
    name: str
    price: float
    """Of one piece; 0 where it is unknown."""
    pieces: int

    @property
    def month(self) -> int:
        """Year x 12 + month, January being 0."""
        return self.day.year * 12 + self.day.month - 1

    @property
    def paid(self) -> float:
        """For all pieces."""
        return self.price * self.pieces


class Figures(msgspec.Struct, frozen=True):
    """Everything that the wording may speak of."""

    age: str
    """In years, as it was stated, such as 35-39, <25 or >65; "" where it was not."""
    num: int
    """Purchases; a product counts once a day."""
    days: int
    """Days with purchases."""
    span_days: int
    """Days from the first of these to the last, both counted."""
    first: int
    """Month of the first, year x 12 + month - 1."""
    last: int
    pause: int
    """Longest time from one to the next, in days; 0 where there is one."""
    weekend_share: float
    """Of the days."""
    basket: int
    """Different products of a day, in the median."""
    largest: int
    """The most of them."""
    spent: float
    """On a day, in the median."""
    tastes: dict[str, float]
    """Share of each group of products, largest first."""
    prices: tuple[float, float, float] | None
    """Lowest, median and highest price of a piece."""
    several_share: float
    """Purchases of more than one piece."""
    repeats: int
    """Purchases of what they had bought before."""
    favourite: tuple[str, int] | None
    """Name of the product that they bought most often, and on how many days."""

    @property
    def repeat_share(self) -> float:
        """Share of the purchases that are repeats."""
        return self.repeats / self.num


def purchases_of(records: Iterable[Mapping[str, Any]]) -> list[Purchase]:
    """The records that have a time, in order of it."""
    timed = [one for one in records if one["time"] is not None]
    return [
        Purchase(
            datetime.fromtimestamp(one["time"], UTC).date(),
            one["place"],
            one["item"],
            one["context"],
            one["price"] or 0.0,
            _extra(one).get("pieces", 1),
        )
        for one in sorted(timed, key=lambda one: (one["time"], one["id"]))
    ]


def age_of(record: Mapping[str, Any]) -> str:
    """The age group that the shop knows, as it writes it; "" where it knows none."""
    return str(_extra(record).get("age_group", ""))


def trips_of(bought: Sequence[Purchase]) -> list[list[Purchase]]:
    """Purchases by day, which must be in order."""
    return [list(basket) for _, basket in groupby(bought, key=lambda one: one.day)]


def figures_of(bought: Sequence[Purchase], age: str = "") -> Figures:
    """Count one person's purchases, which must be in order of time."""
    trips = trips_of(bought)
    days, sizes = [trip[0].day for trip in trips], [len(trip) for trip in trips]
    groups, items = Counter(one.group for one in bought), Counter(one.item for one in bought)
    prices = [one.price for one in bought if one.price]
    return Figures(
        age=age,
        num=len(bought),
        days=len(days),
        span_days=(days[-1] - days[0]).days + 1,
        first=bought[0].month,
        last=bought[-1].month,
        pause=max(((later - earlier).days for earlier, later in pairwise(days)), default=0),
        weekend_share=fmean(day.weekday() >= 5 for day in days),
        basket=round(median(sizes)),
        largest=max(sizes),
        spent=median(sum(one.paid for one in trip) for trip in trips),
        tastes={name: groups[name] / len(bought) for name in sorted(groups, key=lambda name: (-groups[name], name))},
        prices=(min(prices), median(prices), max(prices)) if prices else None,
        several_share=fmean(one.pieces > 1 for one in bought),
        repeats=len(bought) - len(items),
        favourite=_favourite(bought, items),
    )


def _favourite(bought: Sequence[Purchase], items: Counter[str]) -> tuple[str, int] | None:
    """The product that was bought most often; of several the one with the lowest number."""
    item, times = min(items.items(), key=lambda one: (-one[1], one[0]))
    return (next(one.name for one in bought if one.item == item), times) if times >= MIN_FAVOURITE else None


def _extra(record: Mapping[str, Any]) -> dict[str, Any]:
    return msgspec.json.decode(record["extra"]) if record["extra"] else {}
