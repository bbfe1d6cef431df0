"""What buyers see of a listing: its facts, and how they read."""

from collections.abc import Mapping
from typing import Any

from sandbox.core import Row
from worlds.marketplace.goods import Listing, format_dollars
from worlds.marketplace.settings import MarketParams


def describe_listing(listing: Listing, params: MarketParams) -> Row:
    """Return what everybody sees of a listing; what is hidden, or does not exist, is None."""
    number = listing.num_reviews if params.reviews != "off" else None
    return {
        "id": str(listing.id),
        "title": listing.title,
        "style": listing.style,
        "price": listing.offer_price / 100 if params.show_prices else None,
        "stars": round(listing.rating, 1) if number else None,
        "reviews": number,
    }


def label_offer(facts: Mapping[str, Any]) -> str:
    """Return how an offer reads in a search, from its facts alone."""
    number, friends = facts["reviews"], facts["friends"]
    parts = [
        facts["title"],
        format_dollars(100 * facts["price"]) if facts["price"] is not None else "",
        _label_rating(facts["stars"], number) if number is not None else "",
        f"a friend called it {facts['tip']}" if facts["tip"] else "",
        f"{friends} friend{'s' * (friends > 1)} bought it" if friends else "",
        "sponsored" if facts["sponsored"] else "",
    ]
    return ", ".join(part for part in parts if part)


def _label_rating(stars: float | None, number: int) -> str:
    return "no reviews" if stars is None or not number else f"{stars:.1f} stars ({number})"
