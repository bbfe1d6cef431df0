"""Count what can be counted about somebody whose purchases are all we know: trips, baskets, prices, repeats.

Reads records of purchases, whose prices are per piece and whose times are days.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import groupby, pairwise
from statistics import fmean, median
from typing import Any, NamedTuple

import msgspec

MIN_FAVOURITE = 3
"""A product bought on at least this many days may be a favourite."""


class BasketItem(NamedTuple):
    """One product in a basket."""

    day: date
    group: str
    """Group of products, as the source names it."""
    product: str
    """Id of the product."""
    name: str
    price: float | None
    """Per piece; None if unknown."""
    pieces: int

    @property
    def month(self) -> int:
        """Year x 12 + month, January being 0."""
        return self.day.year * 12 + self.day.month - 1

    @property
    def cost(self) -> float | None:
        """Price of all pieces; None if unknown."""
        return None if self.price is None else self.price * self.pieces


class ShopperStatistics(msgspec.Struct, frozen=True):
    """Everything that the wording templates may use."""

    age: str
    """In years, as stated, such as 35-39, <25 or >65; "" if unknown."""
    num: int
    """Purchases; a product counts once a day."""
    days: int
    """Days with purchases."""
    span_days: int
    """Days from the first purchase to the last, both included."""
    first: int
    """Month of the first purchase, year x 12 + month - 1."""
    last: int
    """Month of the last purchase."""
    pause: int
    """Longest time from one trip to the next, in days; 0 if there is only one trip."""
    weekend_share: float
    """Share of the days with purchases that are a Saturday or Sunday."""
    basket: int
    """Median number of different products on one day."""
    largest: int
    """Largest number of different products on one day."""
    spent: float | None
    """Median spending on one day, over the days on which every price is known; None if there is no such day."""
    tastes: dict[str, float]
    """Share of each group of products, largest first."""
    prices: tuple[float, float, float] | None
    """Lowest, median and highest price of a piece among those above 0; None if no such price is known."""
    several_share: float
    """Share of purchases of more than one piece."""
    repeats: int
    """Purchases of what they had bought before."""
    favourite: tuple[str, int] | None
    """Name of the product that they bought most often, and on how many days."""

    @property
    def repeat_share(self) -> float:
        """Share of the purchases that are repeats."""
        return self.repeats / self.num


def select_basket_items(records: Iterable[Mapping[str, Any]]) -> list[BasketItem]:
    """Return the records that have a time, oldest first."""
    timed = [record for record in records if record["time"] is not None]
    return [
        BasketItem(
            datetime.fromtimestamp(record["time"], UTC).date(),
            record["category"],
            record["item"],
            record["context"],
            record["price"],
            _extra_fields(record).get("pieces", 1),
        )
        for record in sorted(timed, key=lambda record: (record["time"], record["id"]))
    ]


def age_group(record: Mapping[str, Any]) -> str:
    """Return the age group that the shop knows, as it writes it; "" if it knows none."""
    return str(_extra_fields(record).get("age_group", ""))


def group_by_day(items: Sequence[BasketItem]) -> list[list[BasketItem]]:
    """Return the trips: purchases by day. They must be in order of time."""
    return [list(basket) for _, basket in groupby(items, key=lambda item: item.day)]


def trip_cost(trip: Sequence[BasketItem]) -> float | None:
    """Return what a trip cost; None unless all its prices are known."""
    costs = [item.cost for item in trip]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def shopper_statistics(items: Sequence[BasketItem], age: str = "") -> ShopperStatistics:
    """Count one person's purchases, which must be in order of time."""
    trips = group_by_day(items)
    days, sizes = [trip[0].day for trip in trips], [len(trip) for trip in trips]
    group_counts, product_counts = Counter(item.group for item in items), Counter(item.product for item in items)
    groups = sorted(group_counts, key=lambda name: (-group_counts[name], name))
    prices = [item.price for item in items if item.price]
    costs = [cost for trip in trips if (cost := trip_cost(trip)) is not None]
    return ShopperStatistics(
        age=age,
        num=len(items),
        days=len(days),
        span_days=(days[-1] - days[0]).days + 1,
        first=items[0].month,
        last=items[-1].month,
        pause=max(((later - earlier).days for earlier, later in pairwise(days)), default=0),
        weekend_share=fmean(day.weekday() >= 5 for day in days),
        basket=round(median(sizes)),
        largest=max(sizes),
        spent=median(costs) if costs else None,
        tastes={name: group_counts[name] / len(items) for name in groups},
        prices=(min(prices), median(prices), max(prices)) if prices else None,
        several_share=fmean(item.pieces > 1 for item in items),
        repeats=len(items) - len(product_counts),
        favourite=_favourite(items, product_counts),
    )


def _favourite(items: Sequence[BasketItem], product_counts: Counter[str]) -> tuple[str, int] | None:
    """Return the product that was bought most often; among equals, the one with the lowest id."""
    product, num_days = min(product_counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if num_days < MIN_FAVOURITE:
        return None
    return next(item.name for item in items if item.product == product), num_days


def _extra_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    return msgspec.json.decode(record["extra"]) if record["extra"] else {}
