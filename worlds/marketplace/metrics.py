"""What is measured in the marketplace, and how it is drawn.

A metric without any case (no search, no purchase, no review) is missing, which is NaN. Metrics "so far" run from the
start.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sandbox.core.world import Row
from sandbox.figures import Bars, Figure, Lorenz, NetworkMap, TimeSeries
from sandbox.graphs import cascades
from worlds.marketplace.goods import Listing
from worlds.marketplace.people import Buyer, Purchase, Seller
from worlds.marketplace.reactions import STARS_BY_EXPERIENCE

METRIC_LABELS = {
    "sales": "units sold in the step",
    "conversion": "share of searches that end in a purchase",
    "mean_price": "mean price of all offers ($)",
    "markup": "mean markup of prices after tax over cost, share of the cost",
    "price_cv": "price dispersion within categories (CV)",
    "price_gap": "gap between the two lowest prices, share of the lowest",
    "gini_sales": "Gini of goods' units sold so far",
    "hhi_sales": "Herfindahl index of sellers' revenue so far",
    "mean_stars": "mean stars given so far (1-5)",
    "five_star_share": "share of 5 stars among reviews so far",
    "reviewer_share": "share of purchases reviewed so far",
    "quality_bought": "mean quality of purchases so far (stars)",
    "surplus": "consumer surplus per search ($)",
    "surplus_gap": "consumer surplus missed per search ($)",
    "chosen_position": "mean position of the chosen offer so far (1 = first)",
    "sponsored_share": "share of purchases from sponsored places so far",
    "tips": "friends told about a purchase in the step",
    "reached_share": "share of buyers whom word of mouth reached so far",
    "tips_followed": "share of tips so far after which the friend bought it",
    "purchase_similarity": "similarity of friends' purchases so far, beyond that of any two buyers (Jaccard)",
    "profit": "sellers' mean profit in the step after tax and rent ($)",
    "sellers": "sellers on the market",
    "exits": "sellers who left so far",
    "buyer_money": "money held by buyers ($)",
    "seller_money": "money held by sellers ($)",
}

HUMAN_STARS = {"1": 0.0753, "2": 0.0406, "3": 0.0771, "4": 0.1418, "5": 0.6652}
"""Share of each star among 3,399 real reviews (Amazon Reviews 2023, Hou et al. 2024, arXiv:2403.03952)."""

FIGURES: Sequence[Figure] = (
    TimeSeries("concentration", "Concentration of sales", ("gini_sales", "hhi_sales"), "index, 0 to 1"),
    TimeSeries("tips_followed", "Tips that friends follow", ("tips_followed",), "share of tips so far"),
    TimeSeries("prices", "Prices", ("mean_price",), "mean price of all offers ($)"),
    TimeSeries("conversion", "From search to purchase", ("conversion",), "share of searches"),
    TimeSeries("sales", "Sales", ("sales",), "units per step"),
    TimeSeries("dispersion", "Price dispersion", ("price_cv", "price_gap"), "share"),
    TimeSeries("reputation", "Reviews", ("five_star_share", "reviewer_share"), "share so far"),
    TimeSeries("surplus", "Consumer surplus", ("surplus", "surplus_gap"), "$ per search"),
    TimeSeries("word_of_mouth", "Word of mouth", ("reached_share",), "share of buyers reached so far"),
    TimeSeries("sellers", "Sellers", ("sellers", "exits", "profit"), "sellers, or $"),
    TimeSeries("money", "Money", ("buyer_money", "seller_money"), "$"),
    Bars("stars", "Stars given", "stars", "stars", "count", "stars", HUMAN_STARS, "real Amazon reviews (n = 3,399)"),
    STARS_BY_EXPERIENCE.figure(),
    Bars(
        "positions",
        "Which offer is chosen",
        "positions",
        "position",
        "chosen",
        "position in the search result, 1 = first",
    ),
    NetworkMap("network", "Who buys", "buyers", "node", "purchases", "purchases"),
    Lorenz("lorenz", "Inequality of sales", "listings", "sold", "good"),
)


class ClosedShop(NamedTuple):
    """A seller who left, and when."""

    seller: Seller
    step: int


class MarketCounts:
    """Counts of a step and of the market so far."""

    def __init__(self) -> None:
        self.num_listings = 0
        """Listings that ever existed; the id of the next one."""
        self.stars = [0, 0, 0, 0, 0]
        self.chosen: list[int] = []
        """How often each position was chosen so far."""
        self.num_outside = 0
        """Searches so far that ended without a choice."""
        self.purchases = 0
        self.sponsored = 0
        """Purchases so far from sponsored places."""
        self.quality = 0.0
        """Sum of the quality of purchases so far, in stars."""
        self.reached: set[int] = set()
        """Buyers who ever got a tip."""
        self.closed_shops: list[ClosedShop] = []
        self.reviews: list[Row] = []
        self.bought: list[Row] = []
        self.told: list[Row] = []
        """One row per tip."""
        self._open_tips: dict[tuple[int, int], list[Row]] = {}
        """Tips that were not followed yet, by hearer and listing."""
        self.num_followed = 0
        self.profits: list[int] = []
        """Profit of the step, in cents, of each seller who was there during it."""
        self.begin_step()

    def begin_step(self) -> None:
        """Reset the counts of the step."""
        self.searches = self.sales = self.tips = 0
        self.surplus = self.best_surplus = 0.0

    def add_choice(self, place: int | None, surplus: Sequence[float], is_bought: bool) -> None:
        """Count one search: 0-based position of the chosen offer, surplus of every offer (cents), whether it sold."""
        self.searches += 1
        self.best_surplus += max(0.0, *surplus)
        if place is None:
            self.num_outside += 1
            return
        self.chosen += [0] * (place + 1 - len(self.chosen))
        self.chosen[place] += 1
        self.surplus += surplus[place] if is_bought else 0.0

    def add_purchase(self, step: int, purchase: Purchase, is_sponsored: bool) -> None:
        """Count one purchase, and the tips that it follows."""
        buyer, listing = purchase.buyer.unique_id, purchase.listing
        self.sales += 1
        self.purchases += 1
        self.sponsored += is_sponsored
        self.quality += listing.quality
        self.bought.append(
            {
                "step": step,
                "buyer": buyer,
                "listing": listing.id,
                "category": listing.category,
                "price": purchase.price / 100,
                "experience": purchase.experience,
            }
        )
        for tip in self._open_tips.pop((buyer, listing.id), []):
            tip["followed"] = step
            self.num_followed += 1

    def add_review(self, step: int, buyer: int, listing: Listing, stars: int, text: str) -> None:
        """Record one review."""
        self.stars[stars - 1] += 1
        self.reviews.append({"step": step, "buyer": buyer, "listing": listing.id, "stars": stars, "text": text})

    def add_tip(self, step: int, purchase: Purchase, friend: Buyer) -> None:
        """Record one tip to a friend."""
        self.tips += 1
        self.reached.add(friend.unique_id)
        tip: Row = {
            "step": step,
            "teller": purchase.buyer.unique_id,
            "hearer": friend.unique_id,
            "item": purchase.listing.id,
            "experience": purchase.experience,
            "followed": None,
        }
        self.told.append(tip)
        self._open_tips.setdefault((friend.unique_id, purchase.listing.id), []).append(tip)


def market_metrics(
    counts: MarketCounts,
    listings: Sequence[Listing],
    sellers: Sequence[Seller],
    buyers: Sequence[Buyer],
    tax: float,
    similarity: float,
) -> dict[str, float]:
    """Return all metrics of `METRIC_LABELS`.

    Args:
        counts: What happened.
        listings: Those on the market now.
        sellers: Those on the market now.
        buyers: All buyers.
        tax: Share of each payment.
        similarity: How much more alike the purchases of tied buyers are than those of any two.
    """
    closed = [shop.seller for shop in counts.closed_shops]
    num_reviews, searches = sum(counts.stars), counts.searches
    dispersion, gap = _price_dispersion(listings)
    return {
        "sales": float(counts.sales),
        "conversion": _ratio(counts.sales, searches),
        "mean_price": _mean([listing.offer_price / 100 for listing in listings]),
        "markup": _mean([listing.offer_price * (1 - tax) / listing.cost - 1 for listing in listings]),
        "price_cv": dispersion,
        "price_gap": gap,
        "gini_sales": gini([listing.sold for seller in (*closed, *sellers) for listing in seller.listings]),
        "hhi_sales": _herfindahl([seller.revenue / 100 for seller in (*closed, *sellers)]),
        "mean_stars": _ratio(sum(stars * count for stars, count in enumerate(counts.stars, 1)), num_reviews),
        "five_star_share": _ratio(counts.stars[4], num_reviews),
        "reviewer_share": _ratio(num_reviews, counts.purchases),
        "quality_bought": _ratio(counts.quality, counts.purchases),
        "surplus": _ratio(counts.surplus / 100, searches),
        "surplus_gap": _ratio((counts.best_surplus - counts.surplus) / 100, searches),
        "chosen_position": _ratio(
            sum(place * count for place, count in enumerate(counts.chosen, 1)), sum(counts.chosen)
        ),
        "sponsored_share": _ratio(counts.sponsored, counts.purchases),
        "tips": float(counts.tips),
        "reached_share": _ratio(len(counts.reached), len(buyers)),
        "tips_followed": _ratio(counts.num_followed, len(counts.told)),
        "purchase_similarity": similarity,
        "profit": _mean(counts.profits) / 100,
        "sellers": float(len(sellers)),
        "exits": float(len(closed)),
        "buyer_money": sum(buyer.cash for buyer in buyers) / 100,
        "seller_money": sum(seller.cash for seller in sellers) / 100,
    }


def market_tables(counts: MarketCounts, sellers: Sequence[Seller], buyers: Sequence[Buyer]) -> dict[str, list[Row]]:
    """Return sellers, buyers, listings, reviews, purchases, tips, their cascades, and counts of stars and positions."""
    positions: list[Row] = [{"position": str(place), "chosen": count} for place, count in enumerate(counts.chosen, 1)]
    everyone = [*counts.closed_shops, *(ClosedShop(seller, -1) for seller in sellers)]
    return {
        "sellers": [_seller_row(seller, None if left < 0 else left) for seller, left in everyone],
        "buyers": [
            {
                "node": node,
                "id": buyer.unique_id,
                "profile": buyer.profile.id,
                "style": buyer.style,
                "purchases": buyer.purchases,
                "spent": buyer.spent / 100,
                "reached": buyer.unique_id in counts.reached,
            }
            for node, buyer in enumerate(sorted(buyers, key=lambda buyer: buyer.unique_id))
        ],
        "listings": [
            _listing_row(listing, is_offered=left < 0) for seller, left in everyone for listing in seller.listings
        ],
        "reviews": list(counts.reviews),
        "purchases": list(counts.bought),
        "tips": list(counts.told),
        "cascades": cascades(counts.told),
        "stars": [{"stars": str(stars), "count": count} for stars, count in enumerate(counts.stars, 1)],
        "positions": [*positions, {"position": "nothing", "chosen": counts.num_outside}],
    }


def gini(values: Sequence[float]) -> float:
    """Return the Gini coefficient: mean absolute difference over twice the mean (Gini 1912); NaN if all are 0."""
    ordered = np.sort(np.asarray(values, float))
    total = ordered.sum()
    if total == 0:
        return math.nan
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * (ranks * ordered).sum() / total - (len(ordered) + 1)) / len(ordered))


def _seller_row(seller: Seller, left: int | None) -> Row:
    """Return one seller's row; `left` is the step at which it left."""
    return {
        "id": seller.unique_id,
        "profile": seller.profile.id,
        "units": seller.units,
        "revenue": seller.revenue / 100,
        "cash": seller.cash / 100,
        "entered": seller.entered,
        "left": left,
    }


def _listing_row(listing: Listing, is_offered: bool) -> Row:
    return {
        "id": listing.id,
        "seller": listing.seller,
        "category": listing.category,
        "title": listing.title,
        "price": listing.offer_price / 100,
        "first_price": listing.first_price / 100,
        "cost": listing.cost / 100,
        "quality": round(listing.quality, 3),
        "stock": listing.stock,
        "sold": listing.sold,
        "reviews": listing.num_reviews,
        "rating": round(listing.rating, 3) if listing.num_reviews else None,
        "offered": is_offered,
    }


def _price_dispersion(listings: Sequence[Listing]) -> tuple[float, float]:
    """Return the means over categories of the prices' CV and of the gap between the two lowest prices."""
    prices: dict[str, list[int]] = {}
    for listing in listings:
        prices.setdefault(listing.category, []).append(listing.offer_price)
    compared = [np.sort(np.asarray(offers, float)) for offers in prices.values() if len(offers) > 1]
    cvs = [float(offers.std() / offers.mean()) for offers in compared]
    gaps = [float(offers[1] / offers[0] - 1) for offers in compared]
    return _mean(cvs), _mean(gaps)


def _herfindahl(values: Sequence[float]) -> float:
    total = sum(values)
    return sum((value / total) ** 2 for value in values) if total else math.nan


def _ratio(part: float, total: float) -> float:
    return part / total if total else math.nan


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
