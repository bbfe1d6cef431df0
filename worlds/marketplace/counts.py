"""What happened in the marketplace: counts of a step and of the market so far, and the tables that come of them."""

from collections.abc import Sequence
from typing import NamedTuple

from sandbox.core.world import Row
from sandbox.graphs import cascades
from worlds.marketplace.goods import Listing
from worlds.marketplace.people import Buyer, Purchase, Seller


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
