"""What is traded: listings, and the search that orders them.

Goods and tastes lie on a circle (Salop 1979, doi:10.2307/3003323): the nearer a listing is to a buyer, the better it
fits. So relevance is personal, yet a search costs one bisection. Money is in whole cents.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from sys import intern
from typing import NamedTuple

import numpy as np

from sandbox.core.seeds import SeedTree
from worlds.marketplace.settings import Category

MIN_REVIEWS = 3
"""A listing with fewer reviews counts as new."""

MAX_SORTED = 64
"""Up to this many affordable listings are sorted; beyond, walking from the buyer's location is faster."""


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
    location: float
    """Location on the circle, in [0, 1)."""
    bid: float
    """Share of the price that the seller pays for a sale made from a sponsored place."""
    price: int
    seller: int = 0
    """Agent id of the seller."""
    offer_price: int = 0
    """Price now, discount included, in cents."""
    stock: int = 0
    sold: int = 0
    sold_before: int = 0
    """Units sold up to the seller's last look at it."""
    stars: list[int] = field(default_factory=lambda: [0, 0, 0, 0, 0])
    """Number of reviews with 1, 2, 3, 4 and 5 stars."""

    def __post_init__(self) -> None:
        self.set_price(self.price)

    def set_price(self, price: int, discount: float = 0.0) -> None:
        """Set the price, and the discount until it is set again."""
        self.price = price
        self.offer_price = max(1, round(price * (1 - discount)))

    @property
    def num_reviews(self) -> int:
        """Reviews, planted ones included."""
        return sum(self.stars)

    @property
    def rating(self) -> float:
        """Mean stars; 0 if there is no review."""
        number = self.num_reviews
        return sum(stars * count for stars, count in enumerate(self.stars, 1)) / number if number else 0.0

    def add_stars(self, stars: int, count: int = 1) -> None:
        """Count reviews."""
        self.stars[stars - 1] += count

    def value(self, fit: float) -> float:
        """Return the value to a buyer with that fit, in cents: 0.5 to 1.5 times the usual price, +-20 %."""
        return self.reference * (0.5 + 0.25 * (self.quality - 1)) * (0.8 + 0.4 * fit)


class Offer(NamedTuple):
    """A listing in a search result."""

    listing: Listing
    is_sponsored: bool


class Shelf:
    """The listings of one category, ready to be searched in any order."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.on_circle = sorted(listings, key=lambda listing: (listing.location, listing.id))
        self._locations = [listing.location for listing in self.on_circle]
        self.ranked: list[Listing] = []
        """All listings in this step's common order; empty if the order is personal."""
        self.sponsored: list[Listing] = []
        """All listings by falling bid; empty if no place is for sale."""
        self._cheapest = _two_cheapest(self.on_circle)
        self._by_price: list[Listing] = []
        self._prices: list[int] = []

    def search(self, location: float, cash: int, num_shown: int, num_sponsored: int) -> list[Offer]:
        """Return up to `num_shown` listings in stock that `cash` can buy.

        Args:
            location: The buyer's location on the circle.
            cash: What the buyer can spend, in cents.
            num_shown: Length of the search result.
            num_sponsored: First places that go to the highest bids.
        """

        def buyable(listing: Listing) -> bool:
            return listing.stock > 0 and listing.offer_price <= cash

        num_affordable = bisect_right(self._prices, cash)
        if not num_affordable:
            return []
        top = list(islice(filter(buyable, self.sponsored), num_sponsored))
        ranked = filter(buyable, self.ranked or self._by_fit(location, num_affordable))
        organic = (listing for listing in ranked if listing not in top)
        sponsored = [Offer(listing, True) for listing in top]
        return sponsored + [Offer(listing, False) for listing in islice(organic, num_shown - len(top))]

    def _by_fit(self, location: float, num_affordable: int) -> Iterable[Listing]:
        """Return listings by falling fit; where few are affordable, only those, since a walk would go far."""
        if num_affordable > MAX_SORTED:
            return self._nearest(location)
        return sorted(
            self._by_price[:num_affordable], key=lambda listing: (-fit(listing.location, location), listing.id)
        )

    def lowest_rival(self, listing: Listing) -> int | None:
        """Return the lowest price of another seller, in cents."""
        return next((rival.offer_price for rival in self._cheapest if rival.seller != listing.seller), None)

    def rank(self, ranking: str, num_sponsored: int, seeds: SeedTree, step: int) -> None:
        """Order the goods for one step; `relevance` is each buyer's own order."""
        if ranking == "random":
            self.ranked = seeds.order(
                step, "random ranking", self.on_circle, [listing.id for listing in self.on_circle]
            )
        elif ranking != "relevance":
            self.ranked = sorted(self.on_circle, key=RANKINGS[ranking])
        self._by_price = sorted((listing for listing in self.on_circle if listing.stock > 0), key=RANKINGS["price"])
        self._prices = [listing.offer_price for listing in self._by_price]
        if num_sponsored:
            self.sponsored = sorted(self.on_circle, key=RANKINGS["sponsored"])

    def _nearest(self, location: float) -> Iterator[Listing]:
        """Yield listings by distance on the circle."""
        size = len(self.on_circle)
        start = bisect_left(self._locations, location)
        up, down = 0, 1
        while up + down <= size:
            above, below = self.on_circle[(start + up) % size], self.on_circle[(start - down) % size]
            if fit(above.location, location) >= fit(below.location, location):
                yield above
                up += 1
            else:
                yield below
                down += 1


RANKINGS: dict[str, Callable[[Listing], tuple[float, int]]] = {
    "price": lambda listing: (listing.offer_price, listing.id),
    "rating": lambda listing: (-listing.rating, listing.id),
    "sales": lambda listing: (-listing.sold, listing.id),
    "sponsored": lambda listing: (-listing.bid * listing.offer_price, listing.id),
}
"""Orders that are the same for everybody and follow from the goods."""


def fit(location: float, other_location: float) -> float:
    """Return how well two locations on the circle fit: 1 where they are the same, 0 where they are opposite."""
    distance = abs(location - other_location)
    return 1 - 2 * min(distance, 1 - distance)


def draw_listings(
    rng: np.random.Generator, first: int, names: Sequence[str], categories: dict[str, Category], margin: float
) -> list[Listing]:
    """Draw one seller's goods, one in each of the named categories, numbered from `first`.

    Prices follow the category's real quantiles, linear between them. Latent quality is 1 + 4 Beta(4, 1.6), mean
    3.9: most goods are decent.
    """
    listings: list[Listing] = []
    for number, name in enumerate(names):
        category = categories[name]
        price = np.interp(rng.uniform(0.05, 0.95), (0.05, 0.25, 0.5, 0.75, 0.95), category.prices)
        cents = max(2, round(100 * float(price)))
        listings.append(
            Listing(
                id=first + number,
                category=name,
                title=intern(f"{rng.choice(ADJECTIVES)} {rng.choice(category.products)}"),
                reference=cents,
                cost=max(1, round(cents * (1 - margin))),
                quality=1 + 4 * float(rng.beta(4, 1.6)),
                location=float(rng.random()),
                bid=float(rng.uniform(0, 0.1)),
                price=cents,
            )
        )
    return listings


ADJECTIVES = ("plain", "sturdy", "slim", "classic", "compact", "bright", "large", "light", "handy", "fine")


def build_shelves(listings: Sequence[Listing], categories: Sequence[str]) -> dict[str, Shelf]:
    """Put the listings of each category on a shelf."""
    by_category: dict[str, list[Listing]] = {name: [] for name in categories}
    for listing in listings:
        by_category[listing.category].append(listing)
    return {name: Shelf(members) for name, members in by_category.items()}


def _two_cheapest(listings: Sequence[Listing]) -> list[Listing]:
    """The cheapest listing and the cheapest one of another seller."""
    best = min(listings, key=RANKINGS["price"], default=None)
    if best is None:
        return []
    rivals = [listing for listing in listings if listing.seller != best.seller]
    return [best, *sorted(rivals, key=RANKINGS["price"])[:1]]


def format_dollars(cents: float) -> str:
    """Return money as a shop writes it."""
    return f"${cents / 100:,.2f}"
