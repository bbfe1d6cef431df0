"""What is measured in the marketplace, and how it is drawn.

Figures of a step that has nothing to show (no sale, no search) are 0; figures "so far" run from the start.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sandbox.figures import Bars, Figure, Lorenz, NetworkMap, TimeSeries
from sandbox.world import Record
from worlds.marketplace.goods import MIN_REVIEWS, Listing
from worlds.marketplace.people import Seller

if TYPE_CHECKING:
    from worlds.marketplace.market import Marketplace

MEASURES = {
    "sales": "units sold in the step",
    "conversion": "share of searches that end in a purchase",
    "mean_price": "mean price of all offers ($)",
    "price_cv": "price dispersion within categories (CV)",
    "price_gap": "gap of the two lowest prices, share of the lowest",
    "gini_sales": "Gini of sellers' units sold so far",
    "hhi_sales": "Herfindahl index of sellers' revenue so far",
    "mean_stars": "mean stars given so far (1-5)",
    "five_star_share": "share of 5 stars among reviews so far",
    "reviewer_share": "share of purchases reviewed so far",
    "reputation_premium": "price paid for established over new listings, share",
    "surplus": "consumer surplus per search ($)",
    "surplus_gap": "surplus left on the table per search ($)",
    "chosen_position": "mean place of the chosen offer so far (1 = first)",
    "told": "friends told in the step",
    "reached_share": "share of buyers whom word of mouth reached so far",
    "sellers": "sellers on the market",
    "buyer_money": "money held by buyers ($)",
    "seller_money": "money held by sellers ($)",
}

HUMAN_STARS = {"1": 0.0753, "2": 0.0406, "3": 0.0771, "4": 0.1418, "5": 0.6652}
"""Share of each star among 3,399 real reviews (Amazon Reviews 2023, Hou et al. 2024, arXiv:2403.03952)."""

FIGURES: Sequence[Figure] = (
    TimeSeries("prices", "Prices", ("mean_price",), "mean price of all offers ($)"),
    TimeSeries("sales", "Sales", ("sales",), "units per step"),
    TimeSeries("concentration", "Concentration of sales", ("gini_sales", "hhi_sales"), "index, 0 to 1"),
    TimeSeries("conversion", "From search to purchase", ("conversion",), "share of searches"),
    TimeSeries("dispersion", "Price dispersion", ("price_cv", "price_gap"), "share"),
    TimeSeries("reputation", "Reviews", ("five_star_share", "reviewer_share"), "share so far"),
    TimeSeries("surplus", "Consumer surplus", ("surplus", "surplus_gap"), "$ per search"),
    TimeSeries("word_of_mouth", "Spread of word of mouth", ("reached_share",), "share of buyers reached"),
    TimeSeries("money", "Money", ("buyer_money", "seller_money"), "$"),
    Bars("stars", "Stars given", "stars", "stars", "count", "stars", HUMAN_STARS, "real Amazon reviews"),
    Bars("positions", "Which offer is chosen", "positions", "position", "chosen", "place in the search, 1 = first"),
    Lorenz("lorenz", "Inequality of sales", "sellers", "units", "seller"),
    NetworkMap("network", "Who buys", "buyers", "node", "purchases", "purchases"),
)


class Tally:
    """Counts of a step and of the market so far."""

    def __init__(self) -> None:
        self.num_listings = 0
        """Listings there ever were; the next one's id."""
        self.stars = [0, 0, 0, 0, 0]
        self.chosen: list[int] = []
        """How often each place was chosen so far; the last entry after all places is nothing."""
        self.nothing = 0
        self.purchases = 0
        self.reached: set[int] = set()
        self.gone: list[Record] = []
        self.reviews: list[Record] = []
        self.bought: list[Record] = []
        self.paid: dict[bool, list[float]] = {True: [0.0, 0.0], False: [0.0, 0.0]}
        """Sum of price over usual price, and number, of purchases so far, by whether the listing was established."""
        self.begin()

    def begin(self) -> None:
        """Forget the last step."""
        self.searches = self.sales = self.told = 0
        self.surplus = self.best_surplus = 0.0

    def choice(self, place: int | None, surplus: Sequence[float], bought: bool) -> None:
        """Count one search: the 0-based place of what was chosen and the surplus of every offer, in cents."""
        self.searches += 1
        self.best_surplus += max(0.0, *surplus)
        if place is None:
            self.nothing += 1
            return
        self.chosen += [0] * (place + 1 - len(self.chosen))
        self.chosen[place] += 1
        self.surplus += surplus[place] if bought else 0.0

    def sale(self, price: int, listing: Listing) -> None:
        """Count one purchase."""
        self.sales += 1
        self.purchases += 1
        paid = self.paid[listing.num_reviews >= MIN_REVIEWS]
        paid[0] += price / listing.reference
        paid[1] += 1

    def review(self, step: int, buyer: int, listing: Listing, stars: int, text: str) -> None:
        """Keep one review."""
        self.stars[stars - 1] += 1
        self.reviews.append({"step": step, "buyer": buyer, "listing": listing.id, "stars": stars, "text": text})

    def tell(self, friend: int) -> None:
        """Count one word of mouth."""
        self.told += 1
        self.reached.add(friend)


def market_metrics(market: "Marketplace") -> dict[str, float]:
    """All of `MEASURES`."""
    tally = market.tally
    sellers = [*tally.gone, *(seller_record(seller, None) for seller in market.sellers.values())]
    num_reviews, searches = sum(tally.stars), tally.searches
    chosen = sum(tally.chosen)
    dispersion, gap = _dispersion(list(market.listings.values()))
    return {
        "sales": float(tally.sales),
        "conversion": _ratio(tally.sales, searches),
        "mean_price": _mean([listing.asked / 100 for listing in market.listings.values()]),
        "price_cv": dispersion,
        "price_gap": gap,
        "gini_sales": gini([float(str(row["units"])) for row in sellers]),
        "hhi_sales": _herfindahl([float(str(row["revenue"])) for row in sellers]),
        "mean_stars": _ratio(sum((at + 1) * count for at, count in enumerate(tally.stars)), num_reviews),
        "five_star_share": _ratio(tally.stars[4], num_reviews),
        "reviewer_share": _ratio(num_reviews, tally.purchases),
        "reputation_premium": _premium(tally),
        "surplus": _ratio(tally.surplus / 100, searches),
        "surplus_gap": _ratio((tally.best_surplus - tally.surplus) / 100, searches),
        "chosen_position": _ratio(sum((at + 1) * count for at, count in enumerate(tally.chosen)), chosen),
        "told": float(tally.told),
        "reached_share": _ratio(len(tally.reached), len(market.buyers)),
        "sellers": float(len(market.sellers)),
        "buyer_money": sum(buyer.cash for buyer in market.buyers) / 100,
        "seller_money": sum(seller.cash for seller in market.sellers.values()) / 100,
    }


def market_tables(market: "Marketplace") -> dict[str, list[Record]]:
    """Sellers, buyers, listings, reviews, purchases, and counts of stars and of chosen places."""
    tally = market.tally
    positions: list[Record] = [{"position": str(at + 1), "chosen": count} for at, count in enumerate(tally.chosen)]
    return {
        "sellers": [*tally.gone, *(seller_record(seller, None) for seller in market.sellers.values())],
        "buyers": [
            {
                "node": node,
                "id": buyer.unique_id,
                "profile": buyer.profile.id,
                "purchases": buyer.purchases,
                "spent": buyer.spent / 100,
                "reached": buyer.unique_id in tally.reached,
            }
            for node, buyer in enumerate(sorted(market.buyers, key=lambda buyer: buyer.unique_id))
        ],
        "listings": [_listing(listing) for listing in market.listings.values()],
        "reviews": list(tally.reviews),
        "purchases": list(tally.bought),
        "stars": [{"stars": str(at + 1), "count": count} for at, count in enumerate(tally.stars)],
        "positions": [*positions, {"position": "nothing", "chosen": tally.nothing}],
    }


def gini(values: Sequence[float]) -> float:
    """Gini coefficient: mean absolute difference over twice the mean (Gini 1912); 0 where all is 0."""
    ordered = np.sort(np.asarray(values, float))
    total = ordered.sum()
    if total == 0:
        return 0.0
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * (ranks * ordered).sum() / total - (len(ordered) + 1)) / len(ordered))


def seller_record(seller: Seller, left: int | None) -> Record:
    """One seller's row; `left` is the step at which it left."""
    return {
        "id": seller.unique_id,
        "profile": seller.profile.id,
        "units": seller.units,
        "revenue": seller.revenue / 100,
        "cash": seller.cash / 100,
        "entered": seller.entered,
        "left": left,
    }


def _listing(listing: Listing) -> Record:
    return {
        "id": listing.id,
        "seller": listing.seller,
        "category": listing.category,
        "title": listing.title,
        "price": listing.asked / 100,
        "first_price": listing.reference / 100,
        "cost": listing.cost / 100,
        "quality": round(listing.quality, 3),
        "stock": listing.stock,
        "sold": listing.sold,
        "reviews": listing.num_reviews,
        "rating": round(listing.rating, 3),
    }


def _dispersion(listings: Sequence[Listing]) -> tuple[float, float]:
    """Mean over categories of the prices' CV and of the gap of the two lowest."""
    prices: dict[str, list[int]] = {}
    for listing in listings:
        prices.setdefault(listing.category, []).append(listing.asked)
    several = [np.sort(np.asarray(some, float)) for some in prices.values() if len(some) > 1]
    cvs = [float(some.std() / some.mean()) for some in several]
    gaps = [float(some[1] / some[0] - 1) for some in several]
    return _mean(cvs), _mean(gaps)


def _herfindahl(values: Sequence[float]) -> float:
    total = sum(values)
    return sum((value / total) ** 2 for value in values) if total else 0.0


def _premium(tally: Tally) -> float:
    old, new = tally.paid[True], tally.paid[False]
    return (old[0] / old[1]) / (new[0] / new[1]) - 1 if old[1] and new[1] else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
