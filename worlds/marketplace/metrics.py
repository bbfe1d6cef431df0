"""What is measured in the marketplace, and how it is drawn.

A metric without any case (no search, no purchase, no review) is missing, which is NaN. Metrics "so far" run from the
start.
"""

import math
from collections.abc import Sequence

import numpy as np

from sandbox.descriptive import gini
from sandbox.figures import Bars, Figure, Lorenz, NetworkMap, TimeSeries
from worlds.marketplace.counts import MarketCounts
from worlds.marketplace.goods import Listing
from worlds.marketplace.people import Buyer, Seller
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
    "purchase_similarity": "likeness of friends' purchases beyond chance (Jaccard)",
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
    TimeSeries(
        "dispersion",
        "Price dispersion",
        ("price_cv", "price_gap"),
        ("coefficient of variation", "share of the lowest price"),
    ),
    TimeSeries(
        "reputation",
        "Reviews",
        ("five_star_share", "reviewer_share"),
        ("share of reviews so far", "share of purchases so far"),
    ),
    TimeSeries("surplus", "Consumer surplus", ("surplus", "surplus_gap"), "$ per search"),
    TimeSeries("word_of_mouth", "Word of mouth", ("reached_share",), "share of buyers reached so far"),
    TimeSeries("sellers", "Sellers", ("sellers", "exits", "profit"), ("sellers", "sellers", "$ per seller")),
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
