"""The marketplace: who may act when, and what clears.

One step: sellers set prices; active buyers want something and search; they choose; purchases clear against stock in
seeded order; the step's buyers may review and tell a friend; sellers pay rent and restock; who loses money may close,
who cannot pay must; new sellers enter while there is profit.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any, TypeAlias

from sandbox.core import Row, SeedTree, Turn, World, gather, read_prompts
from sandbox.core.seeds import uniform, uniforms
from sandbox.errors import ConfigError, ContractError
from sandbox.graphs import tie_similarity
from worlds.marketplace.accounts import Accounts
from worlds.marketplace.counts import ClosedShop, MarketCounts, market_tables
from worlds.marketplace.experiences import describe_experience
from worlds.marketplace.goods import Factory, Listing, Offer, Shelf, build_shelves, popular_categories
from worlds.marketplace.metrics import FIGURES, METRIC_LABELS, market_metrics
from worlds.marketplace.offers import describe_listing
from worlds.marketplace.people import MAX_FRIENDS, PATIENCE, Buyer, Purchase, Seller
from worlds.marketplace.reactions import REACTIONS
from worlds.marketplace.rules import RULES
from worlds.marketplace.settings import MarketParams

FOLDER = Path(__file__).parent
Choices: TypeAlias = dict[Buyer, tuple[list[Offer], Offer | None]]
"""By buyer: the search result and the chosen offer."""


class Marketplace(World[MarketParams]):
    """A two-sided market with search, prices, reviews and word of mouth."""

    prompts = read_prompts(FOLDER / "prompts")
    paraphrases = tuple(read_prompts(FOLDER / "paraphrases" / number) for number in ("1", "2", "3"))
    rules = RULES
    metric_labels = METRIC_LABELS
    figures = FIGURES
    reactions = REACTIONS
    roles = (Buyer.role, Seller.role)
    platforms = ("reviews",)

    def __init__(self, params: MarketParams, **parts: Any) -> None:
        """Open the market; `parts` are those of `World`."""
        super().__init__(params, **parts)
        size = self.network.G.number_of_nodes()
        if len(self.profiles) <= size:
            raise ConfigError(f"a marketplace of {size} buyers needs sellers too, found {len(self.profiles)} profiles")
        self.counts, self.accounts = MarketCounts(), Accounts()
        self.listings: dict[int, Listing] = {}
        self.sellers: dict[int, Seller] = {}
        self.banned: set[int] = set()
        """Ids of banned sellers."""
        self._numbers: dict[int, int] = {}
        """By seller id: which of the profiles that run shops this seller has or had."""
        self._offer_rows: dict[int, Row] = {}
        self._shelves: dict[str, Shelf] = {}
        self._rng = self.seeds.rng("world")
        self._factory = Factory(self._rng if params.goods is None else SeedTree(params.goods).rng("world"), params)
        self.buyers = [self._new_buyer(node) for node in range(size)]
        self.categories = popular_categories([buyer.profile.tastes for buyer in self.buyers], params)
        """Names of the categories that are traded."""
        for number in range(params.num_sellers):
            self._open_shop(number)

    @classmethod
    def num_profiles(cls, params: MarketParams, size: int) -> int:
        """Return the number of buyers, who live on the graph, and sellers, who do not."""
        return size + params.max_sellers

    # One step.

    def turn(self) -> Turn[None]:
        """Prices, choices, reviews, word of mouth, accounts."""
        self.counts.begin_step()
        yield from self._set_prices()
        purchases = yield from self._shop()
        stars: dict[Buyer, int] = {}
        if self.params.reviews != "off":
            stars = yield from self._review(purchases)
        tips: list[tuple[Buyer, Purchase]] = []
        if self.params.word_of_mouth:
            tips = yield from self._tell(purchases)
        for purchase in purchases:
            purchase.buyer.remember("purchase", purchase.story(stars.get(purchase.buyer)), importance=1.5)
        for friend, purchase in tips:
            friend.hear(purchase.listing, purchase.experience, purchase.buyer)
        self._settle_accounts()
        yield from self._close_shops()
        self._open_shops()

    def _set_prices(self) -> Turn[None]:
        self._shelves = build_shelves(list(self.listings.values()), self.categories)
        sellers = self.in_order(list(self.sellers.values()), "prices")
        listings = [seller.listing_to_price(self.now) for seller in sellers]
        rivals = [self._shelves[listing.category].lowest_rival(listing) for listing in listings]
        cases = list(zip(sellers, listings, rivals, strict=True))
        moves = yield from gather([seller.ask_price(listing, rival) for seller, listing, rival in cases])
        for (seller, listing, _), move in zip(cases, moves, strict=True):
            seller.reprice(listing, move)
        self._offer_rows.clear()
        for shelf in self._shelves.values():
            shelf.rank(self.params.ranking, self.params.places_for_sale, self.seeds, self.now)

    def _shop(self) -> Turn[list[Purchase]]:
        searches = [(buyer, self._search(buyer)) for buyer in self._active_buyers()]
        searches = [(buyer, offers) for buyer, offers in searches if offers]
        chosen = yield from gather(
            [
                buyer.ask_choice(offers, self._describe_offers(offers), self._usual_price(buyer.wants))
                for buyer, offers in searches
            ]
        )
        choices: Choices = {buyer: (offers, offer) for (buyer, offers), offer in zip(searches, chosen, strict=True)}
        purchases = [self._clear(buyer, *choices[buyer]) for buyer in self.in_order(list(choices), "clearing")]
        return [purchase for purchase in purchases if purchase is not None]

    def _review(self, purchases: Sequence[Purchase]) -> Turn[dict[Buyer, int]]:
        reviewed = purchases
        if self.params.reviews == "on":
            decisions = yield from gather([each.buyer.ask_review(each.listing, each.experience) for each in purchases])
            reviewed = [purchase for purchase, wants_to in zip(purchases, decisions, strict=True) if wants_to]
        ratings = yield from gather([each.buyer.ask_stars(each.listing, each.experience) for each in reviewed])
        rated = list(zip(reviewed, ratings, strict=True))
        texts = yield from gather([each.buyer.ask_text(each.listing, each.experience, stars) for each, stars in rated])
        for (purchase, stars), text in zip(rated, texts, strict=True):
            purchase.listing.add_stars(stars)
            self.counts.add_review(self.now, purchase.buyer.unique_id, purchase.listing, stars, text)
        return {purchase.buyer: stars for purchase, stars in rated}

    def _tell(self, purchases: Sequence[Purchase]) -> Turn[list[tuple[Buyer, Purchase]]]:
        circles = [(purchase, self._friends(purchase.buyer)) for purchase in purchases]
        circles = [(purchase, friends) for purchase, friends in circles if friends]
        chosen = yield from gather(
            [each.buyer.ask_tell(each.listing, each.experience, friends) for each, friends in circles]
        )
        tips = [(friend, purchase) for (purchase, _), friend in zip(circles, chosen, strict=True) if friend is not None]
        for friend, purchase in tips:
            self.counts.add_tip(self.now, purchase, friend)
        return tips

    def _settle_accounts(self) -> None:
        """Take rents, restock, and dismiss those who cannot pay."""
        present = list(self.sellers.values())
        for seller in self.in_order(list(self.sellers.values()), "accounts"):
            if self.accounts.charge_rent(seller, round(100 * self.params.rent)):
                self.accounts.restock(seller, self.params.stock)
            else:
                self.dismiss(seller)
        self.counts.profits = [seller.profits[-1] for seller in present]

    def _close_shops(self) -> Turn[None]:
        """Let sellers who have been losing money decide whether to go on."""
        losing = [seller for seller in self.sellers.values() if len(seller.profits) == PATIENCE and seller.profit < 0]
        losing = self.in_order(losing, "closing")
        closing = yield from gather([seller.ask_close() for seller in losing])
        for seller, closes in zip(losing, closing, strict=True):
            if closes:
                self.dismiss(seller)

    def _open_shops(self) -> None:
        """Let new sellers take free places while those who are there earn something, or nobody is there."""
        is_attractive = sum(self.counts.profits) > 0 or not self.sellers
        for seller in self.sellers.values():
            seller.profits.append(0)
        draws = uniforms(self.seeds.decision(0, self.now, -1))
        for _ in range(self.params.max_sellers - len(self.sellers)):
            is_drawn = next(draws) < self.params.entry
            pick = next(draws)
            if is_attractive and is_drawn and (candidates := self._possible_entrants()):
                self._open_shop(candidates[int(pick * len(candidates))])

    # Buyers.

    def _describe_offers(self, offers: Sequence[Offer]) -> Mapping[int, Row]:
        """Return how all listings that were shown in this step read, by id; each is described once for all buyers."""
        for listing, _ in offers:
            if listing.id not in self._offer_rows:
                self._offer_rows[listing.id] = describe_listing(listing, self.params)
        return self._offer_rows

    def _usual_price(self, category: str) -> float | None:
        """Return what buyers know about prices in a category, in dollars."""
        return self.params.categories[category].usual_price if self.params.show_prices else None

    def _active_buyers(self) -> list[Buyer]:
        """Pay incomes; active buyers want something from a category, by taste."""
        active: list[Buyer] = []
        for buyer in self.buyers:
            activity = buyer.profile.activity
            income = round(100 * self.params.usual_payment(buyer.profile) * activity * self.params.income)
            buyer.cash += income
            self.accounts.minted += income
            draws = uniforms(self.seeds.decision(buyer.unique_id, self.now, -1))
            if next(draws) < activity * self.params.demand:
                buyer.wants = buyer.want(self.categories, next(draws))
                active.append(buyer)
        return self.in_order(active, "shopping")

    def _search(self, buyer: Buyer) -> list[Offer]:
        params, shelf = self.params, self._shelves[buyer.wants]
        recommended = buyer.recommended(self.listings)
        return shelf.search(buyer.location, buyer.cash, params.num_shown, params.places_for_sale, recommended)

    def _clear(self, buyer: Buyer, offers: list[Offer], chosen: Offer | None) -> Purchase | None:
        """Sell the chosen offer, unless other buyers came first and took the last unit."""
        surplus = [self._value(buyer, listing) - listing.offer_price for listing, _ in offers]
        is_in_stock = chosen is not None and chosen.listing.stock > 0
        self.counts.add_choice(None if chosen is None else offers.index(chosen), surplus, is_in_stock)
        if chosen is None:
            return None
        if not is_in_stock:
            buyer.remember("missed purchase", f"The {chosen.listing.title} was sold out.")
            return None
        return self._sell(buyer, chosen)

    def _sell(self, buyer: Buyer, offer: Offer) -> Purchase:
        """Clear one purchase; the buyer learns how good the product is."""
        listing = offer.listing
        if listing.seller in self.banned:
            raise ContractError(f"step {self.now}: buyer {buyer.unique_id} ordered from banned seller {listing.seller}")
        seller = self.sellers[listing.seller]
        price = self.accounts.sell(buyer, seller, listing, self.params.tax, listing.bid if offer.is_sponsored else 0.0)
        luck = uniform(self.seeds.decision(buyer.unique_id, self.now, -2))
        noise = self.params.quality_noise * NormalDist().inv_cdf(min(max(luck, 1e-9), 1 - 1e-9))
        stars = listing.expected_stars(buyer.location, self.params.taste) + noise
        purchase = Purchase(buyer, listing, price, describe_experience(stars))
        self.counts.add_purchase(self.now, purchase, offer.is_sponsored)
        return purchase

    def _value(self, buyer: Buyer, listing: Listing) -> float:
        """Return what a listing is worth to a buyer on average, in cents."""
        return listing.value(listing.expected_stars(buyer.location, self.params.taste))

    def _friends(self, buyer: Buyer) -> list[Buyer]:
        """Return the friends who could be told in this step, drawn anew each step."""
        return self.in_order(buyer.circle, "friends")[:MAX_FRIENDS]

    def _new_buyer(self, node: int) -> Buyer:
        profile = self.profiles[node]
        cash = round(100 * self.params.usual_payment(profile) * self.params.start_cash)
        self.accounts.minted += cash
        return Buyer(self, profile, node, float(self._rng.random()), cash)

    # Sellers.

    def _possible_entrants(self) -> list[int]:
        """Return the numbers of the profiles that may open a shop: they run none and are not banned."""
        active = {seller.number for seller in self.sellers.values()}
        return sorted(set(range(self.params.max_sellers)) - active - {self._numbers[seller] for seller in self.banned})

    def _open_shop(self, number: int) -> None:
        """Let a seller with one of the sellers' profiles enter, with goods and with cash from outside."""
        params, first = self.params, self.counts.num_listings
        names = self.categories
        categories = [names[(first + place) % len(names)] for place in range(params.listings_per_seller)]
        goods = self._factory.draw(first, categories, self._going_markup())
        stock_worth = sum(params.stock * listing.cost for listing in goods)
        cash = stock_worth + round(stock_worth * params.seller_cash)
        seller = Seller(self, self.profiles[len(self.buyers) + number], number, goods, cash)
        self.accounts.minted += cash
        self.counts.num_listings += len(goods)
        self.sellers[seller.unique_id] = seller
        self._numbers[seller.unique_id] = number
        self.listings.update((listing.id, listing) for listing in goods)
        self.accounts.restock(seller, params.stock)

    def _going_markup(self) -> float:
        """Return price over cost as sellers ask it now, so that entrants change competition, not the mean by itself."""
        markups = [listing.price / listing.cost for listing in self.listings.values()]
        return sum(markups) / len(markups) if self.now and markups else 1 / (1 - self.params.margin)

    def dismiss(self, seller: Seller) -> None:
        """Take a seller and its goods off the market."""
        self.accounts.wind_up(seller)
        for listing in seller.listings:
            del self.listings[listing.id]
        self.counts.closed_shops.append(ClosedShop(seller, self.now))
        del self.sellers[seller.unique_id]
        seller.remove()

    # What is reported.

    def metrics(self) -> dict[str, float]:
        """Return metrics of this step and of the market so far."""
        listings, sellers = list(self.listings.values()), list(self.sellers.values())
        bought = {buyer.node: buyer.bought for buyer in self.buyers}
        similarity = tie_similarity(self.network.G, [bought[node] for node in range(len(bought))])
        return market_metrics(self.counts, listings, sellers, self.buyers, self.params.tax, similarity)

    def tables(self) -> dict[str, list[Row]]:
        """Return sellers, buyers, listings, reviews, purchases, tips, cascades, stars and positions."""
        return market_tables(self.counts, list(self.sellers.values()), self.buyers)

    def check(self) -> None:
        """Raise `ContractError` unless money and goods are conserved and no balance or stock is negative."""
        self.accounts.check(self.now, [*self.buyers, *self.sellers.values()], self.listings.values())
