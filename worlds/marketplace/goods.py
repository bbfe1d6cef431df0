"""What is traded: listings, and the search that orders them.

Goods and tastes lie on a circle of styles (Salop 1979, doi:10.2307/3003323): the nearer a listing is to a buyer, the
better it fits. So relevance is personal, yet a search costs one bisection. A listing's title names its style, and
buyers know their own: taste is seen before a purchase and felt after it. Costs vary within a category and are
correlated with quality by `price_quality`; in real markets that correlation is weak (Tellis and Wernerfelt 1987,
doi:10.1287/mksc.6.3.240). Money is in whole cents.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import NormalDist
from sys import intern
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv

from sandbox.core.seeds import SeedTree
from worlds.marketplace.settings import MarketParams

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
    usual_price: int
    """What goods of the category usually cost, in cents."""
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
    first_price: int = 0
    """Price at the start, in cents."""
    stars: list[int] = field(default_factory=lambda: [0, 0, 0, 0, 0])
    """Number of reviews with 1, 2, 3, 4 and 5 stars."""

    def __post_init__(self) -> None:
        self.first_price = self.price
        self.set_price(self.price)

    @property
    def style(self) -> str:
        """The word for its location."""
        return style_of(self.location)

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

    def expected_stars(self, location: float, taste: float) -> float:
        """Return what a buyer at `location` will experience on average: quality, moved by how well it fits."""
        return self.quality + taste * (fit(self.location, location) - 0.5)

    def value(self, stars: float) -> float:
        """Return what an experience of that many stars is worth, in cents: 3 stars are worth the usual price."""
        return self.usual_price * max(0.0, 0.25 + 0.25 * stars)


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

    def search(
        self, location: float, cash: int, num_shown: int, num_sponsored: int, recommended: Listing | None = None
    ) -> list[Offer]:
        """Return up to `num_shown` listings in stock that `cash` can buy.

        Args:
            location: The buyer's location on the circle.
            cash: What the buyer can spend, in cents.
            num_shown: Length of the search result.
            num_sponsored: First places that go to the highest bids.
            recommended: A listing that the buyer has heard of; takes the last place if the search would not show it.
        """

        def buyable(listing: Listing) -> bool:
            return listing.stock > 0 and listing.offer_price <= cash

        num_affordable = bisect_right(self._prices, cash)
        if not num_affordable:
            return []
        top = list(islice(filter(buyable, self.sponsored), num_sponsored))
        ranked = filter(buyable, self.ranked or self._by_fit(location, num_affordable))
        organic = (listing for listing in ranked if listing not in top)
        found = [*top, *islice(organic, num_shown - len(top))]
        if recommended is not None and recommended not in found and buyable(recommended):
            found = [*found[: num_shown - 1], recommended]
        return [Offer(listing, place < len(top) and listing in top) for place, listing in enumerate(found)]

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


STYLES = ("plain", "classic", "sturdy", "large", "bold", "bright", "modern", "compact")
"""Words for locations on the circle; neighbours are alike."""


def style_of(location: float) -> str:
    """Return the word for a location on the circle."""
    return STYLES[round(location * len(STYLES)) % len(STYLES)]


def style_fit(style: str, other_style: str) -> float:
    """Return how well two styles fit, as far as their words tell: 1 if they are the same, 0 if they are opposite."""
    return fit(STYLES.index(style) / len(STYLES), STYLES.index(other_style) / len(STYLES))


class Factory:
    """Draws goods; two goods of a category have the same title only where titles have run out."""

    def __init__(self, rng: np.random.Generator, params: MarketParams) -> None:
        self._rng = rng
        self._params = params
        self._titles: set[tuple[str, str]] = set()

    def draw(self, first: int, names: Sequence[str], markup: float) -> list[Listing]:
        """Draw one seller's goods, one in each of the named categories, numbered from `first`.

        First prices are costs times `markup`.

        Latent quality is 1 + 4 Beta(2.5, 1.5), mean 3.5: most goods are decent. The logarithm of cost is normal; its
        correlation with quality, by a Gaussian copula, is `price_quality`.
        """
        return [self._draw_listing(first + number, name, markup) for number, name in enumerate(names)]

    def _draw_listing(self, number: int, name: str, markup: float) -> Listing:
        params, category, rng = self._params, self._params.categories[name], self._rng
        own, shared = rng.standard_normal(2)
        quality = 1 + 4 * float(betaincinv(2.5, 1.5, NormalDist().cdf(float(shared))))
        deviation = params.price_quality * shared + (1 - params.price_quality**2) ** 0.5 * own
        usual_cost = 100 * category.usual_price * (1 - params.margin)
        cost = max(1, round(usual_cost * float(np.exp(params.cost_spread * deviation))))
        location = float(rng.random())
        return Listing(
            id=number,
            category=name,
            title=self._make_title(name, style_of(location)),
            usual_price=round(100 * category.usual_price),
            cost=cost,
            quality=quality,
            location=location,
            bid=float(rng.uniform(0, 0.1)),
            price=max(1, round(cost * markup)),
        )

    def _make_title(self, name: str, style: str) -> str:
        products = self._params.categories[name].products
        start = int(self._rng.integers(len(products)))
        titles = [f"{style} {product}" for product in (*products[start:], *products[:start])]
        title = next((title for title in titles if (name, title) not in self._titles), titles[0])
        self._titles.add((name, title))
        return intern(title)


def popular_categories(tastes: Sequence[Mapping[str, float]], params: MarketParams) -> list[str]:
    """Return the categories that are traded: those that people like most, in the order of the settings."""
    names = list(params.categories)
    likings = {name: sum(taste.get(name, 0.0) for taste in tastes) for name in names}
    popular = sorted(names, key=lambda name: (-likings[name], name))[: params.num_categories]
    return [name for name in names if name in popular]


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
