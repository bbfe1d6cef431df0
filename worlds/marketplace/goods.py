"""What is traded: listings, and the search that orders them.

Goods and tastes lie on a circle (Salop 1979, doi:10.2307/3003323): the nearer a listing to a buyer, the better it
fits. So relevance is personal, yet a search costs a bisection. Money is in whole cents.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from sys import intern

import numpy as np

from sandbox.seeds import SeedTree
from worlds.marketplace.settings import Category

MIN_REVIEWS = 3
"""A listing with fewer reviews counts as not established."""

FEW = 64
"""Listings that are sorted rather than walked through."""


@dataclass(slots=True, eq=False)
class Listing:
    """One good of one seller."""

    id: int
    category: str
    title: str
    reference: int
    """First price, in cents: what such a good is usually worth."""
    cost: int
    """What the seller pays for a unit, in cents."""
    quality: float
    """Latent quality, in stars from 1 to 5."""
    spot: float
    """Place on the circle, in [0, 1)."""
    bid: float
    """Share of the price that the seller pays for a sale made from a sponsored place."""
    price: int
    seller: int = 0
    """Agent id of the seller."""
    asked: int = 0
    """Price now, a discount taken off."""
    stock: int = 0
    sold: int = 0
    sold_before: int = 0
    """Units sold up to the seller's last look at it."""
    stars: list[int] = field(default_factory=lambda: [0, 0, 0, 0, 0])
    """Number of reviews with 1, 2, 3, 4 and 5 stars."""

    def __post_init__(self) -> None:
        self.charge(self.price)

    def charge(self, price: int, discount: float = 0.0) -> None:
        """Set the price and what is taken off it for now."""
        self.price = price
        self.asked = max(1, round(price * (1 - discount)))

    @property
    def num_reviews(self) -> int:
        """Reviews, planted ones included."""
        return sum(self.stars)

    @property
    def rating(self) -> float:
        """Mean stars; 0 where there is no review."""
        number = self.num_reviews
        return sum((at + 1) * count for at, count in enumerate(self.stars)) / number if number else 0.0

    def add_stars(self, stars: int, count: int = 1) -> None:
        """Count reviews."""
        self.stars[stars - 1] += count

    def value(self, fit: float) -> float:
        """What the good is worth to a buyer with that fit, in cents: 0.5 to 1.5 times its usual price, +-20 %."""
        return self.reference * (0.5 + 0.25 * (self.quality - 1)) * (0.8 + 0.4 * fit)


class Shelf:
    """The listings of one category, ready to be searched in any order."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.on_circle = sorted(listings, key=lambda listing: (listing.spot, listing.id))
        self._spots = [listing.spot for listing in self.on_circle]
        self.ranked: list[Listing] = []
        """All listings in this step's common order; empty where the order is personal."""
        self.sponsored: list[Listing] = []
        """All listings by falling bid; empty where no place is for sale."""
        self._cheapest = _two_cheapest(self.on_circle)
        self._by_price: list[Listing] = []
        self._prices: list[int] = []

    def search(self, spot: float, cash: int, num_shown: int, num_sponsored: int) -> list[tuple[Listing, bool]]:
        """Up to `num_shown` listings in stock that `cash` can buy, and whether each place is sponsored."""

        def buyable(listing: Listing) -> bool:
            return listing.stock > 0 and listing.asked <= cash

        num_affordable = bisect_right(self._prices, cash)
        if not num_affordable:
            return []
        top = list(islice(filter(buyable, self.sponsored), num_sponsored))
        rest = (one for one in filter(buyable, self.ranked or self._fitting(spot, num_affordable)) if one not in top)
        return [(one, True) for one in top] + [(one, False) for one in islice(rest, num_shown - len(top))]

    def _fitting(self, spot: float, num_affordable: int) -> Iterable[Listing]:
        """Listings by falling fit; of the poor, whose search would go far, only what they can afford."""
        if num_affordable > FEW:
            return self._nearest(spot)
        return sorted(self._by_price[:num_affordable], key=lambda listing: (-fit(listing.spot, spot), listing.id))

    def lowest_rival(self, listing: Listing) -> int | None:
        """Lowest price, in cents, of another seller."""
        return next((rival.asked for rival in self._cheapest if rival.seller != listing.seller), None)

    def rank(self, ranking: str, num_sponsored: int, seeds: SeedTree, step: int) -> None:
        """Order the goods for one step; `relevance` is each buyer's own order."""
        if ranking == "random":
            self.ranked = seeds.order(step, "random ranking", self.on_circle, [one.id for one in self.on_circle])
        elif ranking != "relevance":
            self.ranked = sorted(self.on_circle, key=RANKINGS[ranking])
        self._by_price = sorted((one for one in self.on_circle if one.stock > 0), key=RANKINGS["price"])
        self._prices = [listing.asked for listing in self._by_price]
        if num_sponsored:
            self.sponsored = sorted(self.on_circle, key=RANKINGS["sponsored"])

    def _nearest(self, spot: float) -> Iterator[Listing]:
        """Listings by distance on the circle."""
        size = len(self.on_circle)
        start = bisect_left(self._spots, spot)
        up, down = 0, 1
        while up + down <= size:
            above, below = self.on_circle[(start + up) % size], self.on_circle[(start - down) % size]
            if fit(above.spot, spot) >= fit(below.spot, spot):
                yield above
                up += 1
            else:
                yield below
                down += 1


RANKINGS: dict[str, Callable[[Listing], tuple[float, int]]] = {
    "price": lambda listing: (listing.asked, listing.id),
    "rating": lambda listing: (-listing.rating, listing.id),
    "sales": lambda listing: (-listing.sold, listing.id),
    "sponsored": lambda listing: (-listing.bid * listing.asked, listing.id),
}
"""Orders that are the same for everybody and follow from the goods."""


def fit(one: float, other: float) -> float:
    """How well two places on the circle fit: 1 at the same place, 0 opposite."""
    distance = abs(one - other)
    return 1 - 2 * min(distance, 1 - distance)


def make_listings(
    rng: np.random.Generator, first: int, names: Sequence[str], categories: dict[str, Category], margin: float
) -> list[Listing]:
    """Draw one seller's goods, one in each of the named categories, numbered from `first`.

    Prices follow the category's real quantiles, linear between them. Latent quality is 1 + 4 Beta(4, 1.6), mean
    3.9: most goods are decent.
    """
    made: list[Listing] = []
    for number, name in enumerate(names):
        category = categories[name]
        price = np.interp(rng.uniform(0.05, 0.95), (0.05, 0.25, 0.5, 0.75, 0.95), category.prices)
        cents = max(2, round(100 * float(price)))
        made.append(
            Listing(
                id=first + number,
                category=name,
                title=intern(f"{rng.choice(ADJECTIVES)} {rng.choice(category.products)}"),
                reference=cents,
                cost=max(1, round(cents * (1 - margin))),
                quality=1 + 4 * float(rng.beta(4, 1.6)),
                spot=float(rng.random()),
                bid=float(rng.uniform(0, 0.1)),
                price=cents,
            )
        )
    return made


ADJECTIVES = ("plain", "sturdy", "slim", "classic", "compact", "bright", "large", "light", "handy", "fine")


def shelves(listings: Sequence[Listing], categories: Sequence[str]) -> dict[str, Shelf]:
    """One shelf a category."""
    by_category: dict[str, list[Listing]] = {name: [] for name in categories}
    for listing in listings:
        by_category[listing.category].append(listing)
    return {name: Shelf(mine) for name, mine in by_category.items()}


def _two_cheapest(listings: Sequence[Listing]) -> list[Listing]:
    """The cheapest listing and the cheapest one of another seller."""
    best = min(listings, key=RANKINGS["price"], default=None)
    if best is None:
        return []
    other = min((one for one in listings if one.seller != best.seller), key=RANKINGS["price"], default=None)
    return [best] if other is None else [best, other]


def dollars(cents: float) -> str:
    """Money as a shop writes it."""
    return f"${cents / 100:,.2f}"
