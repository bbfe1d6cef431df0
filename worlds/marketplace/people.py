"""Who trades: buyers and sellers, what they are asked and what the answers do to them."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sandbox.people import Profile
from sandbox.question import STARS, Choose, Option, Question, Write
from sandbox.world import Person
from worlds.marketplace.goods import Listing, dollars

if TYPE_CHECKING:
    from worlds.marketplace.market import Marketplace

NONE = Option("none", "buy nothing this time")
NOBODY = Option("nobody", "tell nobody")
MAX_FRIENDS = 4
"""Friends that a buyer can choose among when telling somebody."""
MAX_TIPS = 4
"""Tips of friends that a buyer has in mind."""
NO_TIPS: Mapping[int, str] = MappingProxyType({})

EXPERIENCES = ("terrible", "poor", "somewhat disappointing", "fine", "good", "very good", "excellent")
"""Experienced quality in words, evenly from 1 to 5 stars."""

MOVES = {"up10": 0.10, "up5": 0.05, "keep": 0.0, "down5": -0.05, "down10": -0.10}
"""Price moves of a seller, as shares of the price."""
SALE = 0.2
"""Share taken off in a one-step sale."""

_PRICE = Choose(
    (
        Option("up10", "raise it by 10%"),
        Option("up5", "raise it by 5%"),
        Option("keep", "keep it"),
        Option("down5", "lower it by 5%"),
        Option("down10", "lower it by 10%"),
        Option("sale", "hold a one-day sale, 20% off"),
    )
)
_REVIEW = Choose((Option("yes", "yes, write a review"), Option("no", "no, do not bother")))
_TEXT = Write(max_words=30)


class Buyer(Person):
    """Wants things, buys, reviews and tells friends."""

    role: ClassVar[str] = "buyer"

    def __init__(self, world: "Marketplace", profile: Profile, node: int, spot: float, cash: int) -> None:
        super().__init__(world, profile, node)
        self.spot = spot
        self.cash = cash
        self.wants = ""
        self.purchases = 0
        self.spent = 0
        self.tips: Mapping[int, str] = NO_TIPS
        """What friends said of a listing, by its id, latest last."""

    def want(self, categories: Iterable[str], point: float) -> str:
        """The category at `point` in [0, 1) of this buyer's tastes; any of them for one with other tastes."""
        weights = {name: self.profile.tastes.get(name, 0.0) for name in categories}
        if not any(weights.values()):
            weights = dict.fromkeys(weights, 1.0)
        left = point * sum(weights.values())
        for name, weight in weights.items():
            left -= weight
            if left < 0:
                return name
        return max(weights, key=lambda name: weights[name])

    def ask_choice(self, found: Sequence[tuple[Listing, bool]]) -> Question:
        """Which of these, or none?"""
        market = cast("Marketplace", self.model)
        rows = [market.offer(listing) for listing, _ in found]
        marks = [self._mark(listing, sponsored) for listing, sponsored in found]
        options = [Option(str(row["id"]), f"{row['label']}{mark}") for row, mark in zip(rows, marks, strict=True)]
        facts = {
            "category": self.wants,
            "cash": dollars(self.cash),
            "offers": rows,
            "tips": [self.tips.get(listing.id, "") for listing, _ in found],
            "sponsored": [sponsored for _, sponsored in found],
        }
        return self.ask("choose", facts, Choose((*options, NONE), ordered=True))

    def ask_review(self, listing: Listing, experience: str) -> Question:
        """Review it at all?"""
        return self.ask("review", self._bought(listing, experience), _REVIEW)

    def ask_stars(self, listing: Listing, experience: str) -> Question:
        """How many stars?"""
        return self.ask("stars", self._bought(listing, experience), STARS)

    def ask_text(self, listing: Listing, experience: str, stars: int) -> Question:
        """What do you write?"""
        return self.ask("text", {**self._bought(listing, experience), "stars": stars}, _TEXT)

    def ask_tell(self, listing: Listing, experience: str, friends: Sequence["Buyer"]) -> Question:
        """Tell a friend?"""
        options = [Option(str(friend.unique_id), f"tell {friend.known_for()}") for friend in friends]
        return self.ask("tell", self._bought(listing, experience), Choose((*options, NOBODY)))

    def known_for(self) -> str:
        """How friends know this buyer."""
        tastes = self.profile.tastes
        favourite = max(tastes, key=lambda name: (tastes[name], name)) if tastes else "anything"
        return f"friend {self.world.presentation.called(self.unique_id)}, who likes {favourite}"

    def hear(self, listing: Listing, experience: str, teller: "Buyer") -> None:
        """Take a friend's word."""
        others = [(number, tip) for number, tip in self.tips.items() if number != listing.id]
        self.tips = dict([*others, (listing.id, experience)][-MAX_TIPS:])
        called = self.world.presentation.called(teller.unique_id)
        told = f"Friend {called} told you that the {listing.title} was {experience}."
        self.remember("tip from a friend", told, importance=2.0)

    def pay(self, price: int) -> None:
        """Pay for one unit."""
        self.cash -= price
        self.spent += price
        self.purchases += 1

    def _bought(self, listing: Listing, experience: str) -> dict[str, Any]:
        return {"title": listing.title, "paid": dollars(listing.asked), "experience": experience}

    def _mark(self, listing: Listing, sponsored: bool) -> str:
        tip = self.tips.get(listing.id)
        return (f", a friend called it {tip}" if tip else "") + (", sponsored" if sponsored else "")


class Seller(Person):
    """Sets prices, restocks, and leaves when the money is gone."""

    role: ClassVar[str] = "seller"

    def __init__(
        self, world: "Marketplace", profile: Profile, number: int, listings: Sequence[Listing], cash: int
    ) -> None:
        super().__init__(world, profile)
        self.number = number
        """Place among the sellers' people."""
        for listing in listings:
            listing.seller = self.unique_id
        self.listings = list(listings)
        self.cash = cash
        self.revenue = 0
        self.units = 0
        self.entered = world.now

    def ask_price(self, listing: Listing, lowest_rival: int | None) -> Question:
        """What about the price of this one?"""
        facts = {
            "title": listing.title,
            "category": listing.category,
            "price": dollars(listing.price),
            "cost": dollars(listing.cost),
            "sold": listing.sold - listing.sold_before,
            "stock": listing.stock,
            "rating": round(listing.rating, 1),
            "reviews": listing.num_reviews,
            "rival": dollars(lowest_rival) if lowest_rival else "",
            "margin": round(1 - listing.cost / listing.price, 2),
            "lead": round(lowest_rival / listing.price - 1, 2) if lowest_rival else None,
        }
        return self.ask("price", facts, _PRICE)

    def earn(self, price: int, net: int) -> None:
        """Take `net` for one unit sold at `price`."""
        self.cash += net
        self.revenue += price
        self.units += 1

    def in_focus(self, step: int) -> Listing:
        """The listing whose price is up in this step; goods take turns."""
        return self.listings[step % len(self.listings)]

    def reprice(self, listing: Listing, move: str) -> None:
        """Do what was decided; a price never falls below one cent."""
        listing.sold_before = listing.sold
        for one in self.listings:
            one.charge(one.price)
        moved = max(1, round(listing.price * (1 + MOVES.get(move, 0.0))))
        listing.charge(moved, SALE if move == "sale" else 0.0)


def in_words(quality: float) -> str:
    """Experienced quality, from 1 to 5 stars, as a word."""
    step = (quality - 1) / 4 * len(EXPERIENCES)
    return EXPERIENCES[min(len(EXPERIENCES) - 1, max(0, int(step)))]
