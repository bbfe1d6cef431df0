"""Who trades: buyers and sellers, what they are asked and what the answers do to them."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeAlias

from sandbox.core import STARS, Agent, Choose, Option, Profile, Question, Row, World, Write, choose_among
from worlds.marketplace.goods import Listing, Offer, format_dollars
from worlds.marketplace.offers import option_text
from worlds.marketplace.settings import MarketParams

Market: TypeAlias = World[MarketParams]
"""What buyers and sellers know of their market."""

NOTHING = ("none", "buy nothing this time")
NOBODY = ("nobody", "tell nobody")
MAX_FRIENDS = 4
"""Friends that a buyer can choose among when telling somebody."""
MAX_TIPS = 4
"""Tips of friends that a buyer has in mind."""
NO_TIPS: Mapping[int, str] = MappingProxyType({})

EXPERIENCES = ("terrible", "poor", "somewhat disappointing", "fine", "good", "very good", "excellent")
"""Experienced quality in words, evenly from 1 to 5 stars."""


class PriceMove(NamedTuple):
    """What a seller can do about a price; both as shares of the price."""

    change: float
    """Lasting change."""
    discount: float = 0.0
    """Taken off for one step."""


PRICE_MOVES: Mapping[str, PriceMove] = {
    "up10": PriceMove(0.10),
    "up5": PriceMove(0.05),
    "keep": PriceMove(0.0),
    "down5": PriceMove(-0.05),
    "down10": PriceMove(-0.10),
    "sale": PriceMove(0.0, discount=0.2),
}

_PRICE = Choose(
    (
        Option("up10", "raise it by 10%"),
        Option("up5", "raise it by 5%"),
        Option("keep", "keep it"),
        Option("down5", "lower it by 5%"),
        Option("down10", "lower it by 10%"),
        Option("sale", "hold a one-day sale, 20% off"),
    ),
    objects=tuple(PRICE_MOVES.values()),
)
_REVIEW = Choose((Option("yes", "yes, write a review"), Option("no", "no, do not bother")), objects=(True, False))
_TEXT = Write(max_words=30)


class Buyer(Agent[Market]):
    """Shops, reviews and tells friends."""

    role: ClassVar[str] = "buyer"

    def __init__(self, world: Market, profile: Profile, node: int, location: float, cash: int) -> None:
        super().__init__(world, profile, node)
        self.location = location
        self.cash = cash
        self.wants = ""
        self.purchases = 0
        self.spent = 0
        self.tips: Mapping[int, str] = NO_TIPS
        """What friends said about a listing, by its id, latest last."""

    def want(self, categories: Iterable[str], point: float) -> str:
        """Return the category at `point` in [0, 1) of this buyer's tastes; of all, if none of them is traded."""
        weights = {name: self.profile.tastes.get(name, 0.0) for name in categories}
        if not any(weights.values()):
            weights = dict.fromkeys(weights, 1.0)
        remaining = point * sum(weights.values())
        for name, weight in weights.items():
            remaining -= weight
            if remaining < 0:
                return name
        return max(weights, key=lambda name: weights[name])

    def ask_choice(self, offers: Sequence[Offer], rows: Mapping[int, Row]) -> "Question[Offer | None]":
        """Ask which of these offers to buy, if any; `rows` describes the listings, by id."""
        options = choose_among(
            offers,
            key=lambda offer: str(offer.listing.id),
            text=lambda offer: option_text(rows[offer.listing.id], self._tip_about(offer), offer.is_sponsored),
            none=NOTHING,
            ordered=True,
        )
        facts = {
            "category": self.wants,
            "cash": format_dollars(self.cash),
            "offers": [rows[offer.listing.id] for offer in offers],
            "tips": [self._tip_about(offer) for offer in offers],
            "sponsored": [offer.is_sponsored for offer in offers],
        }
        return self.ask("choose", facts, options)

    def ask_review(self, listing: Listing, experience: str) -> Question[bool]:
        """Ask whether to review it at all."""
        return self.ask("review", self._purchase_facts(listing, experience), _REVIEW)

    def ask_stars(self, listing: Listing, experience: str) -> Question[int]:
        """Ask how many stars to give."""
        return self.ask("stars", self._purchase_facts(listing, experience), STARS)

    def ask_text(self, listing: Listing, experience: str, stars: int) -> Question[str]:
        """Ask what to write."""
        return self.ask("text", {**self._purchase_facts(listing, experience), "stars": stars}, _TEXT)

    def ask_tell(self, listing: Listing, experience: str, friends: Sequence["Buyer"]) -> "Question[Buyer | None]":
        """Ask which friend to tell about it, if any."""
        options = choose_among(
            friends,
            key=Buyer.key,
            text=lambda friend: f"tell {friend.description()}",
            none=NOBODY,
        )
        return self.ask("tell", self._purchase_facts(listing, experience), options)

    def description(self) -> str:
        """Return how friends know this buyer."""
        tastes = self.profile.tastes
        favourite = max(tastes, key=lambda name: (tastes[name], name)) if tastes else "anything"
        return f"friend {self.world.presentation.display_name(self.unique_id)}, who likes {favourite}"

    def hear(self, listing: Listing, experience: str, teller: "Buyer") -> None:
        """Take a friend's word."""
        other_tips = [(number, tip) for number, tip in self.tips.items() if number != listing.id]
        self.tips = dict([*other_tips, (listing.id, experience)][-MAX_TIPS:])
        name = self.world.presentation.display_name(teller.unique_id)
        text = f"Friend {name} told you that the {listing.title} was {experience}."
        self.remember("tip from a friend", text, importance=2.0)

    def pay(self, price: int) -> None:
        """Pay for one unit."""
        self.cash -= price
        self.spent += price
        self.purchases += 1

    def _purchase_facts(self, listing: Listing, experience: str) -> dict[str, Any]:
        return {"title": listing.title, "paid": format_dollars(listing.offer_price), "experience": experience}

    def _tip_about(self, offer: Offer) -> str:
        """Return what the last friend called it; empty if none did."""
        return self.tips.get(offer.listing.id, "")


class Purchase(NamedTuple):
    """What a buyer got in this step."""

    buyer: Buyer
    listing: Listing
    price: int
    """Paid, in cents."""
    experience: str
    """How good it turned out, in words."""

    def story(self, stars: int | None) -> str:
        """Return what the buyer will remember of it."""
        review = f"; you gave it {stars} of 5 stars" if stars else ""
        return (
            f"You bought the {self.listing.title} for {format_dollars(self.price)}; it was {self.experience}{review}."
        )


class Seller(Agent[Market]):
    """Sets prices, restocks, and leaves when the money is gone."""

    role: ClassVar[str] = "seller"

    def __init__(self, world: Market, profile: Profile, number: int, listings: Sequence[Listing], cash: int) -> None:
        super().__init__(world, profile)
        self.number = number
        """Place among the profiles that run shops."""
        for listing in listings:
            listing.seller = self.unique_id
        self.listings = list(listings)
        self.cash = cash
        self.revenue = 0
        self.units = 0
        self.entered = world.now

    def ask_price(self, listing: Listing, lowest_rival: int | None) -> Question[PriceMove]:
        """Ask what to do about the price of a listing."""
        facts = {
            "title": listing.title,
            "category": listing.category,
            "price": format_dollars(listing.price),
            "cost": format_dollars(listing.cost),
            "sold": listing.sold - listing.sold_before,
            "stock": listing.stock,
            "rating": round(listing.rating, 1),
            "reviews": listing.num_reviews,
            "rival": format_dollars(lowest_rival) if lowest_rival else "",
            "margin": round(1 - listing.cost / listing.price, 2),
            "lead": round(lowest_rival / listing.price - 1, 2) if lowest_rival else None,
        }
        return self.ask("price", facts, _PRICE)

    def earn(self, price: int, net: int) -> None:
        """Take `net` for one unit sold at `price`."""
        self.cash += net
        self.revenue += price
        self.units += 1

    def listing_to_price(self, step: int) -> Listing:
        """Return the listing whose price is decided in this step; listings take turns."""
        return self.listings[step % len(self.listings)]

    def reprice(self, listing: Listing, move: PriceMove) -> None:
        """Change the price of a listing; it never falls below one cent. Sales of the last step end."""
        listing.sold_before = listing.sold
        for offered in self.listings:
            offered.set_price(offered.price)
        listing.set_price(max(1, round(listing.price * (1 + move.change))), move.discount)


def describe_quality(quality: float) -> str:
    """Return experienced quality, from 1 to 5 stars, as a word."""
    step = (quality - 1) / 4 * len(EXPERIENCES)
    return EXPERIENCES[min(len(EXPERIENCES) - 1, max(0, int(step)))]
