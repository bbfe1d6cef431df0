"""What panels about purchases share: somebody chooses among priced offers, as a buyer of the marketplace does.

What the data do not say, the question does not either: a buyer's style and cash, reviews, friends. What people usually
pay is the median of what train shoppers paid, where they paid. Buying nothing is no option, since the data hold only
occasions at which one of the offers was taken.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from sandbox.core.form import Choose, Option
from sandbox.core.question import Question
from sandbox.core.seeds import permutation
from training.panels.panel import Panel, PanelDecision, build_world, world_params
from training.sources.source import Rejects
from training.tasks.decision_points import stable_hash
from worlds.marketplace import Marketplace
from worlds.marketplace.offers import label_offer
from worlds.marketplace.people import Buyer, tell_purchase
from worlds.marketplace.settings import MarketParams

FORM = "choose"
"""The template that asks what to buy."""


class ShelfOffer(NamedTuple):
    """One of the things that could be bought."""

    name: str
    """What is remembered of it, if it is bought."""
    price: int
    """In cents."""
    note: str = ""
    """What else the buyer saw, such as `on display`."""

    @property
    def title(self) -> str:
        """How it reads in a search."""
        return f"{self.name}, {self.note}" if self.note else self.name


class Occasion(NamedTuple):
    """One purchase: what could be bought, and what was."""

    record: str
    offers: Sequence[ShelfOffer]
    chosen: int
    """Place among the offers."""


class Shopper(NamedTuple):
    """One person or household and all of their purchases, in order."""

    id: str
    split: str
    occasions: Sequence[Occasion]


class Purchases(Panel):
    """Purchases of goods of one kind."""

    world: ClassVar[str] = "marketplace"
    is_real: ClassVar[bool] = True
    """Whether something was bought, so that shoppers remember it and there is a usual price."""

    @abstractmethod
    def read_shoppers(self, path: Path, rejects: Rejects) -> Sequence[Shopper]:
        """Return who bought what; what cannot be asked about goes to `rejects`, with the reason."""

    @abstractmethod
    def category_of(self, path: Path) -> str:
        """Return what the goods of a file are called."""

    def read_decisions(self, path: Path, rejects: Rejects) -> Iterator[PanelDecision]:
        """Yield every purchase as a search of a buyer who remembers the earlier ones."""
        shoppers = self.read_shoppers(path, rejects)
        category, usual_price = self.category_of(path), median_paid(shoppers) if self.is_real else None
        params = world_params(self.world, MarketParams, {"num_sellers": 1, "spare_places": 0})
        buyers = build_world(Marketplace, params, len(shoppers)).buyers if shoppers else []
        for shopper, buyer in zip(shoppers, buyers, strict=True):
            buyer.wants = category
            for number, occasion in enumerate(shopper.occasions):
                buyer.world.now = number
                order = permutation(len(occasion.offers), stable_hash(path.name, shopper.id, occasion.record))
                offers = [occasion.offers[place] for place in order]
                question = ask_offers(buyer, offers, usual_price)
                answer = str(order.index(occasion.chosen))
                record = f"{occasion.record}/{FORM}"
                yield PanelDecision(shopper.id, shopper.id, shopper.split, record, FORM, question, answer)
                if self.is_real:
                    bought = occasion.offers[occasion.chosen]
                    buyer.remember("purchase", tell_purchase(bought.name, bought.price), importance=1.5)


def median_paid(shoppers: Sequence[Shopper]) -> float | None:
    """Return what train shoppers paid in the median, in dollars; None if there is none."""
    paid = sorted(
        occasion.offers[occasion.chosen].price
        for shopper in shoppers
        if shopper.split == "train"
        for occasion in shopper.occasions
    )
    return paid[len(paid) // 2] / 100 if paid else None


def ask_offers(buyer: Buyer, offers: Sequence[ShelfOffer], usual_price: float | None) -> Question[Any]:
    """Return the marketplace's question which of these offers to buy; answers are their places."""
    unknown = {"style": "", "stars": None, "reviews": None, "tip": "", "friends": 0, "sponsored": False}
    rows = [
        {"id": str(place), "title": offer.title, "price": offer.price / 100, **unknown}
        for place, offer in enumerate(offers)
    ]
    options = tuple(Option(str(place), label_offer(row)) for place, row in enumerate(rows))
    situation = {"category": buyer.wants, "style": "", "usual_price": usual_price, "cash": "", "offers": rows}
    return buyer.ask(FORM, situation, Choose(options, ordered=True))
