"""How an offer reads: pure functions of its facts, so that a changed fact changes its text too."""

from sandbox.core import Row
from worlds.marketplace.goods import Listing, format_dollars


def describe_listing(listing: Listing, shows_price: bool, shows_reviews: bool) -> Row:
    """Return the facts of a listing as buyers see them, and how they read."""
    facts: Row = {
        "id": str(listing.id),
        "title": listing.title,
        "price": listing.offer_price / 100 if shows_price else None,
        "stars": listing.rating if shows_reviews and listing.num_reviews else None,
        "reviews": listing.num_reviews if shows_reviews else None,
    }
    return with_label(facts)


def with_label(facts: Row) -> Row:
    """Return the facts of a listing with the text that says them."""
    price, number = facts["price"], facts["reviews"]
    parts = [str(facts["title"])]
    if price is not None:
        parts.append(format_dollars(100 * float(price)))
    if number is not None:
        parts.append(f"{float(facts['stars'] or 0):.1f} stars ({number})" if number else "no reviews")
    return {**facts, "label": ", ".join(parts)}


def option_text(facts: Row, tip: str, is_sponsored: bool) -> str:
    """Return how the offer of a listing reads among the options of a search."""
    remarks = (f", a friend called it {tip}" if tip else "") + (", sponsored" if is_sponsored else "")
    return f"{facts['label']}{remarks}"
