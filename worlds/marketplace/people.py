"""Who trades: buyers and sellers, what they are asked and what the answers do to them."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeAlias

from sandbox.core import STARS, Agent, Choose, Option, Profile, Question, Row, World, Write, choose_among
from worlds.marketplace.goods import Listing, Offer, format_dollars, style_of
from worlds.marketplace.offers import label_offer
from worlds.marketplace.settings import MarketParams

Market: TypeAlias = World[MarketParams]
"""What buyers and sellers know of their market."""

NOTHING = ("none", "buy nothing this time")
NOBODY = ("nobody", "tell nobody")
MAX_FRIENDS = 4
"""Friends that a buyer can choose among when telling somebody, drawn anew each step."""
MAX_TIPS = 4
"""Tips of friends that a buyer has in mind."""
NO_TIPS: Mapping[int, str] = MappingProxyType({})
PATIENCE = 4
"""Steps over which a seller adds up profits before thinking of closing."""


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
_CLOSE = Choose((Option("yes", "close the shop"), Option("no", "go on")), objects=(True, False))
_TEXT = Write(max_words=30)


class Buyer(Agent[Market]):
    """Shops, reviews and tells friends."""

    role: ClassVar[str] = "buyer"

    def __init__(self, world: Market, profile: Profile, node: int, location: float, cash: int) -> None:
        super().__init__(world, profile, node)
        self.node = node
        """Place on the social graph."""
        self.location = location
        self.cash = cash
        self.wants = ""
        self.purchases = 0
        self.spent = 0
        self.tips: Mapping[int, str] = NO_TIPS
        """What friends said about a listing, by its id, latest last."""
        self.friends_bought: Counter[int] = Counter()
        """Number of friends who bought a listing, by its id."""
        self.bought: set[int] = set()
        """Ids of the listings that this buyer bought."""

    @property
    def style(self) -> str:
        """The style that this buyer likes best."""
        return style_of(self.location)

    @cached_property
    def circle(self) -> Sequence["Buyer"]:
        """All friends, by id; ties do not change in this world."""
        return self.friends()

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

    def ask_choice(
        self, offers: Sequence[Offer], rows: Mapping[int, Row], usual_price: float | None
    ) -> "Question[Offer | None]":
        """Ask which of these offers to buy, if any.

        Args:
            offers: The search result.
            rows: What everybody sees of a listing, by its id.
            usual_price: What such goods usually cost, in dollars; None if prices are hidden.
        """
        facts = [self._see_offer(offer, rows[offer.listing.id]) for offer in offers]
        options = (*(Option(str(row["id"]), label_offer(row)) for row in facts), Option(*NOTHING))
        situation = {
            "category": self.wants,
            "style": self.style,
            "usual_price": usual_price,
            "cash": format_dollars(self.cash),
            "offers": facts,
        }
        return self.ask("choose", situation, Choose(options, ordered=True, objects=(*offers, None)))

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

    def recommended(self, listings: Mapping[int, Listing]) -> Listing | None:
        """Return the one of these listings in the wanted category that a friend spoke of last."""
        heard = (listings.get(number) for number in reversed(list(self.tips)))
        return next((listing for listing in heard if listing and listing.category == self.wants), None)

    def take(self, listing: Listing) -> None:
        """Pay for one unit at the price now; friends will see it."""
        self.cash -= listing.offer_price
        self.spent += listing.offer_price
        self.purchases += 1
        if listing.id not in self.bought:
            self.bought.add(listing.id)
            for friend in self.circle:
                friend.friends_bought[listing.id] += 1

    def _see_offer(self, offer: Offer, row: Row) -> Row:
        number = offer.listing.id
        return {
            **row,
            "tip": self.tips.get(number, ""),
            "friends": self.friends_bought.get(number, 0) if self.world.params.show_friends else 0,
            "sponsored": offer.is_sponsored,
        }

    def _purchase_facts(self, listing: Listing, experience: str) -> dict[str, Any]:
        return {"title": listing.title, "paid": format_dollars(listing.offer_price), "experience": experience}


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
        return tell_purchase(self.listing.title, self.price, self.experience, stars)


def tell_purchase(title: str, price: int, experience: str = "", stars: int | None = None) -> str:
    """Return a purchase as its buyer remembers it.

    Args:
        title: What was bought.
        price: What was paid, in cents.
        experience: How good it turned out, in words; empty: not known.
        stars: What the buyer gave it; None: no review.
    """
    verdict = f"; it was {experience}" if experience else ""
    review = f"; you gave it {stars} of 5 stars" if stars else ""
    return f"You bought the {title} for {format_dollars(price)}{verdict}{review}."


class Seller(Agent[Market]):
    """Sets prices, restocks, and leaves when the shop no longer pays or the money is gone."""

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
        self.profits: deque[int] = deque([0], maxlen=PATIENCE)
        """Profit of the latest steps in cents: revenue after tax and fees, minus the cost of what was sold and rent."""

    @property
    def profit(self) -> int:
        """Profit of the last `PATIENCE` steps, in cents."""
        return sum(self.profits)

    def ask_price(self, listing: Listing, lowest_rival: int | None) -> Question[PriceMove]:
        """Ask what to do about the price of a listing."""
        tax = self.world.params.tax
        earned = listing.price * (1 - tax) - listing.cost
        facts = {
            "title": listing.title,
            "category": listing.category,
            "price": format_dollars(listing.price),
            "cost": format_dollars(listing.cost),
            "tax": f"{tax:.0%}" if tax else "",
            "earned": format_dollars(earned),
            "sold": listing.sold - listing.sold_before,
            "stock": listing.stock,
            "rating": round(listing.rating, 1),
            "reviews": listing.num_reviews,
            "rival": format_dollars(lowest_rival) if lowest_rival else "",
            "margin": round(earned / (listing.price * (1 - tax)), 2),
            "lead": round(lowest_rival / listing.price - 1, 2) if lowest_rival else None,
        }
        return self.ask("price", facts, _PRICE)

    def ask_close(self) -> Question[bool]:
        """Ask a seller who loses money whether to close the shop."""
        facts = {
            "steps": len(self.profits),
            "loss": format_dollars(-self.profit),
            "cash": format_dollars(self.cash),
            "rent": format_dollars(100 * self.world.params.rent),
            "runway": round(self.cash * len(self.profits) / -self.profit, 1),
        }
        return self.ask("close", facts, _CLOSE)

    def earn(self, listing: Listing, net: int) -> None:
        """Take `net` for one unit sold at the price now."""
        self.cash += net
        self.revenue += listing.offer_price
        self.units += 1
        self.profits[-1] += net - listing.cost

    def pay_rent(self, rent: int) -> None:
        """Pay the rent of this step."""
        self.cash -= rent
        self.profits[-1] -= rent

    def listing_to_price(self, step: int) -> Listing:
        """Return the listing whose price is decided in this step; listings take turns."""
        return self.listings[step % len(self.listings)]

    def reprice(self, listing: Listing, move: PriceMove) -> None:
        """Change the price of a listing; it never falls below one cent. Sales of the last step end."""
        listing.sold_before = listing.sold
        for offered in self.listings:
            offered.set_price(offered.price)
        listing.set_price(max(1, round(listing.price * (1 + move.change))), move.discount)
