"""The marketplace: who may act when, and what clears.

One step: sellers set prices; active buyers want something and search; they choose; purchases clear against stock in
seeded order; the step's buyers may review and tell a friend; sellers pay rent, restock, leave or enter.
"""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any, ClassVar, NamedTuple, TypeAlias

from sandbox.errors import ConfigError, ContractError
from sandbox.question import Answer, Question
from sandbox.seeds import SeedTree, uniform, uniforms
from sandbox.world import Record, Turn, World, read_prompts
from worlds.marketplace.accounts import Accounts
from worlds.marketplace.goods import Listing, Shelf, dollars, fit, make_listings, shelves
from worlds.marketplace.measures import FIGURES, MEASURES, Tally, market_metrics, market_tables, seller_record
from worlds.marketplace.people import MAX_FRIENDS, Buyer, Seller, in_words
from worlds.marketplace.rule import rule
from worlds.marketplace.settings import Ban, FakeReview, MarketParams, Tax

HERE = Path(__file__).parent
Found: TypeAlias = list[tuple[Listing, bool]]
"""Search results: a listing and whether its place is sponsored."""


class Purchase(NamedTuple):
    """What a buyer got in this step."""

    buyer: Buyer
    listing: Listing
    price: int
    """Paid, in cents."""
    experience: str
    """How good it turned out, in words."""

    def story(self, stars: int | None) -> str:
        """What the buyer will remember of it."""
        reviewed = f"; you gave it {stars} of 5 stars" if stars else ""
        return f"You bought the {self.listing.title} for {dollars(self.price)}; it was {self.experience}{reviewed}."


class Marketplace(World):
    """A two-sided market with search, prices, reviews and word of mouth."""

    Params = MarketParams
    prompts = read_prompts(HERE / "prompts")
    paraphrases = tuple(read_prompts(HERE / "paraphrases" / number) for number in ("1", "2", "3"))
    measures = MEASURES
    without: ClassVar[Mapping[str, str]] = {
        "mean_stars": "mean_stars",
        "five_star_share": "mean_stars",
        "chosen_position": "chosen_position",
    }
    figures = FIGURES
    interventions: ClassVar[Any] = {"tax": Tax, "fake_review": FakeReview, "ban": Ban}
    roles = (Buyer.role, Seller.role)
    platforms = ("reviews",)
    rule = staticmethod(rule)

    def __init__(self, params: MarketParams, **parts: Any) -> None:
        """Open the market; `parts` are those of `World`."""
        super().__init__(params, **parts)
        size = self.network.G.number_of_nodes()
        if len(self.people) <= size:
            raise ConfigError(f"a marketplace of {size} buyers needs sellers too, found {len(self.people)} people")
        self.tally, self.accounts = Tally(), Accounts()
        self.listings: dict[int, Listing] = {}
        self.sellers: dict[int, Seller] = {}
        self.banned: set[int] = set()
        """Ids of sellers who were."""
        self._numbers: dict[int, int] = {}
        """Which of the sellers' people every seller is or was, by id."""
        self._offers: dict[int, Record] = {}
        self._shelves: dict[str, Shelf] = {}
        self._rng = self.seeds.rng("world")
        self._goods = self._rng if params.goods is None else SeedTree(params.goods).rng("world")
        self.buyers = [self._new_buyer(node) for node in range(size)]
        for number in range(params.num_sellers):
            self._open_shop(number)

    @classmethod
    def num_people(cls, params: MarketParams, size: int) -> int:
        """Buyers live on the graph; sellers are people too."""
        return size + params.num_sellers

    # One step.

    def turn(self) -> Turn:
        """Prices, choices, reviews, word of mouth, accounts."""
        self.tally.begin()
        yield from self._set_prices()
        purchases = yield from self._shop()
        stars: dict[Buyer, int] = {}
        if self.params.reviews != "off":
            stars = yield from self._review(purchases)
        told: list[tuple[Buyer, Purchase]] = []
        if self.params.word_of_mouth:
            told = yield from self._tell(purchases)
        for one in purchases:
            one.buyer.remember("purchase", one.story(stars.get(one.buyer)), importance=1.5)
        for friend, one in told:
            friend.hear(one.listing, one.experience, one.buyer)
        self._settle_accounts()

    def _set_prices(self) -> Turn:
        self._shelves = shelves(list(self.listings.values()), list(self.params.categories))
        sellers = self.in_order(list(self.sellers.values()), "prices")
        priced = [(seller, seller.in_focus(self.now)) for seller in sellers]
        rivals = [self._shelves[listing.category].lowest_rival(listing) for _, listing in priced]
        answers = yield [one.ask_price(listing, rival) for (one, listing), rival in zip(priced, rivals, strict=True)]
        for (seller, listing), answer in zip(priced, answers, strict=True):
            seller.reprice(listing, str(answer.value))
        self._offers.clear()
        for shelf in self._shelves.values():
            shelf.rank(self.params.ranking, self.params.places_for_sale, self.seeds, self.now)

    def _shop(self) -> Generator[list[Question], list[Answer], list[Purchase]]:
        searches = [(buyer, self._search(buyer)) for buyer in self._active_buyers()]
        shoppers = [(buyer, found) for buyer, found in searches if found]
        answers = yield [buyer.ask_choice(found) for buyer, found in shoppers]
        chosen = {buyer: (found, str(answer.value)) for (buyer, found), answer in zip(shoppers, answers, strict=True)}
        purchases = [self._clear(buyer, *chosen[buyer]) for buyer in self.in_order(list(chosen), "clearing")]
        return [one for one in purchases if one is not None]

    def _review(self, purchases: Sequence[Purchase]) -> Generator[list[Question], list[Answer], dict[Buyer, int]]:
        reviewed = purchases
        if self.params.reviews == "on":
            answers = yield [one.buyer.ask_review(one.listing, one.experience) for one in purchases]
            reviewed = [one for one, answer in zip(purchases, answers, strict=True) if answer.value == "yes"]
        answers = yield [one.buyer.ask_stars(one.listing, one.experience) for one in reviewed]
        given = [int(str(answer.value)) for answer in answers]
        texts = yield [
            one.buyer.ask_text(one.listing, one.experience, stars) for one, stars in zip(reviewed, given, strict=True)
        ]
        for one, stars, text in zip(reviewed, given, texts, strict=True):
            one.listing.add_stars(stars)
            self.tally.review(self.now, one.buyer.unique_id, one.listing, stars, str(text.value))
        return {one.buyer: stars for one, stars in zip(reviewed, given, strict=True)}

    def _tell(
        self, purchases: Sequence[Purchase]
    ) -> Generator[list[Question], list[Answer], list[tuple[Buyer, Purchase]]]:
        tellers = [(one, self._friends(one.buyer)) for one in purchases]
        tellers = [(one, friends) for one, friends in tellers if friends]
        answers = yield [one.buyer.ask_tell(one.listing, one.experience, friends) for one, friends in tellers]
        told: list[tuple[Buyer, Purchase]] = []
        for (one, friends), answer in zip(tellers, answers, strict=True):
            told += [(friend, one) for friend in friends if str(friend.unique_id) == answer.value]
        for friend, _ in told:
            self.tally.tell(friend.unique_id)
        return told

    def _settle_accounts(self) -> None:
        """Rent and restocking; the insolvent leave; new sellers enter."""
        for seller in self.in_order(list(self.sellers.values()), "accounts"):
            if self.accounts.charge_rent(seller, round(100 * self.params.rent)):
                self.accounts.restock(seller, self.params.stock)
            else:
                self.dismiss(seller)
        chance = uniforms(self.seeds.decision(0, self.now, -1))
        for _ in range(self.params.num_sellers - len(self.sellers)):
            if next(chance) < self.params.entry and (free := self._without_shop()):
                self._open_shop(free[int(next(chance) * len(free))])

    # Buyers.

    def offer(self, listing: Listing) -> Record:
        """How a listing reads in this step; made once for all who see it."""
        if (row := self._offers.get(listing.id)) is None:
            row = self._offers[listing.id] = self._describe(listing)
        return row

    def _describe(self, listing: Listing) -> Record:
        params = self.params
        number = listing.num_reviews if params.reviews != "off" else 0
        price = dollars(listing.asked) if params.show_prices else ""
        stars = f"{listing.rating:.1f} stars ({number})" if number else "no reviews"
        return {
            "id": str(listing.id),
            "label": ", ".join(part for part in (listing.title, price, stars * (params.reviews != "off")) if part),
            "price": listing.asked / 100 if params.show_prices else None,
            "stars": round(listing.rating, 2) if number else None,
            "reviews": number,
        }

    def _active_buyers(self) -> list[Buyer]:
        """Pay incomes; who is active wants something from a category, by taste."""
        active: list[Buyer] = []
        for buyer in self.buyers:
            activity = buyer.profile.activity
            income = round(100 * buyer.profile.budget * activity * self.params.income)
            buyer.cash += income
            self.accounts.minted += income
            chance = uniforms(self.seeds.decision(buyer.unique_id, self.now, -1))
            if next(chance) < activity * self.params.demand:
                buyer.wants = buyer.want(self.params.categories, next(chance))
                active.append(buyer)
        return self.in_order(active, "shopping")

    def _search(self, buyer: Buyer) -> Found:
        params = self.params
        return self._shelves[buyer.wants].search(buyer.spot, buyer.cash, params.num_shown, params.places_for_sale)

    def _clear(self, buyer: Buyer, found: Found, chosen: str) -> Purchase | None:
        """Sell what was chosen, unless others were first and took the last one."""
        place = next((at for at, (listing, _) in enumerate(found) if str(listing.id) == chosen), None)
        surplus = [listing.value(fit(listing.spot, buyer.spot)) - listing.asked for listing, _ in found]
        in_stock = place is not None and found[place][0].stock > 0
        self.tally.choice(place, surplus, in_stock)
        if place is None:
            return None
        listing, sponsored = found[place]
        if not in_stock:
            buyer.remember("missed purchase", f"The {listing.title} was sold out.")
            return None
        return self._sell(buyer, listing, sponsored)

    def _sell(self, buyer: Buyer, listing: Listing, sponsored: bool) -> Purchase:
        """Clear one purchase; the buyer learns how good the thing is."""
        if listing.seller in self.banned:
            raise ContractError(f"step {self.now}: buyer {buyer.unique_id} ordered from banned seller {listing.seller}")
        seller = self.sellers[listing.seller]
        self.tally.sale(listing.asked, listing)
        price = self.accounts.sell(buyer, seller, listing, self.params.tax, listing.bid if sponsored else 0.0)
        luck = uniform(self.seeds.decision(buyer.unique_id, self.now, -2))
        noise = self.params.quality_noise * NormalDist().inv_cdf(min(max(luck, 1e-9), 1 - 1e-9))
        experience = in_words(listing.quality + noise)
        self.tally.bought.append(
            {
                "step": self.now,
                "buyer": buyer.unique_id,
                "listing": listing.id,
                "category": listing.category,
                "price": price / 100,
            }
        )
        return Purchase(buyer, listing, price, experience)

    def _friends(self, buyer: Buyer) -> list[Buyer]:
        friends = [friend for friend in buyer.friends() if isinstance(friend, Buyer)]
        return self.in_order(friends, "friends")[:MAX_FRIENDS]

    def _new_buyer(self, node: int) -> Buyer:
        profile = self.people[node]
        cash = round(100 * profile.budget * self.params.start_cash)
        self.accounts.minted += cash
        return Buyer(self, profile, node, float(self._rng.random()), cash)

    # Sellers.

    def _without_shop(self) -> list[int]:
        """Which of the sellers' people run no shop now, though they may."""
        busy = {seller.number for seller in self.sellers.values()}
        return sorted(set(range(self.params.num_sellers)) - busy - {self._numbers[one] for one in self.banned})

    def _open_shop(self, number: int) -> None:
        """The `number`-th of the sellers' people enters with goods and with cash from outside."""
        params, first = self.params, self.tally.num_listings
        names = list(params.categories)
        mine = [names[(first + place) % len(names)] for place in range(params.listings_per_seller)]
        goods = make_listings(self._goods, first, mine, params.categories, params.margin)
        stock_worth = sum(params.stock * listing.cost for listing in goods)
        cash = stock_worth + round(stock_worth * params.seller_cash)
        seller = Seller(self, self.people[len(self.buyers) + number], number, goods, cash)
        self.accounts.minted += cash
        self.tally.num_listings += len(goods)
        self.sellers[seller.unique_id] = seller
        self._numbers[seller.unique_id] = number
        self.listings.update((listing.id, listing) for listing in goods)
        self.accounts.restock(seller, params.stock)

    def dismiss(self, seller: Seller) -> None:
        """Take a seller and its goods off the market."""
        self.accounts.wind_up(seller)
        for listing in seller.listings:
            del self.listings[listing.id]
        self.tally.gone.append(seller_record(seller, self.now))
        del self.sellers[seller.unique_id]
        seller.remove()

    # What is reported.

    def metrics(self) -> dict[str, float]:
        """Figures of this step and of the market so far."""
        return market_metrics(self)

    def tables(self) -> dict[str, list[Record]]:
        """Sellers, buyers, listings, reviews, stars and positions."""
        return market_tables(self)

    def check(self) -> None:
        """Money and goods are conserved, nobody owes, nothing is sold that is not there."""
        self.accounts.check(self.now, [*self.buyers, *self.sellers.values()], self.listings.values())
