"""The marketplace: laws that always hold, treatments, interventions, metrics."""

from contextlib import nullcontext
from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.mind import RandomMind
from sandbox.core.world import advance
from sandbox.errors import ConfigError, ContractError
from sandbox.paths import CONF_DIR
from tests.conftest import profiles
from worlds.marketplace import Marketplace
from worlds.marketplace.accounts import Accounts
from worlds.marketplace.goods import Offer, Shelf, draw_listings, fit
from worlds.marketplace.interventions import Ban, FakeReview, Tax
from worlds.marketplace.metrics import gini, market_metrics
from worlds.marketplace.people import Buyer, describe_quality
from worlds.marketplace.settings import MarketParams

DEFAULTS = yaml.safe_load((CONF_DIR / "world" / "marketplace.yaml").read_text())
del DEFAULTS["_target_"]


def build_market(seed: int = 0, size: int = 30, **changes: Any) -> Marketplace:
    """Return a market of random agents."""
    params = MarketParams(**{**DEFAULTS, **changes})
    graph = nx.watts_strogatz_graph(size, 4, 0.1, seed=1)
    world = Marketplace(params, profiles=profiles(size + params.num_sellers), graph=graph, rng=seed)
    world.mind = RandomMind()
    return world


def play_steps(world: Marketplace, steps: int) -> Marketplace:
    for _ in range(steps):
        world.step()
    return world


TREATMENTS = st.fixed_dictionaries(
    {
        "ranking": st.sampled_from(["relevance", "price", "rating", "sales", "random", "sponsored"]),
        "reviews": st.sampled_from(["on", "off", "forced"]),
        "word_of_mouth": st.booleans(),
        "show_prices": st.booleans(),
        "sponsored_slots": st.integers(0, 4),
        "tax": st.floats(0, 0.9),
        "entry": st.floats(0, 1),
        "rent": st.floats(0, 200),
        "stock": st.integers(1, 6),
        "income": st.floats(0, 3),
        "num_sellers": st.integers(1, 8),
    }
)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), TREATMENTS)
def test_money_and_goods_are_conserved_whatever_people_do(seed: int, treatment: dict[str, Any]) -> None:
    world = play_steps(build_market(seed, **treatment), 8)
    bought = sum(buyer.purchases for buyer in world.buyers)
    units = sum(int(str(row["units"])) for row in world.tables()["sellers"])
    assert bought == units == world.accounts.sold == world.counts.purchases
    assert all(value is None or np.isfinite(value) for value in world.latest_metrics.values())


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.permutations(range(30)), st.randoms(use_true_random=False))
def test_nothing_depends_on_how_people_and_goods_are_stored(seed: int, order: list[int], random: Random) -> None:
    plain, reordered = build_market(seed), build_market(seed)
    for _ in range(5):
        reordered.buyers = [reordered.buyers[place] for place in order]
        registries: list[dict[int, Any]] = [reordered.sellers, reordered.listings]
        for registry in registries:
            pairs = list(registry.items())
            random.shuffle(pairs)
            registry.clear()
            registry.update(pairs)
        plain.step()
        reordered.step()
        assert reordered.latest_metrics == pytest.approx(plain.latest_metrics)
        bought = [[row["listing"] for row in world.counts.bought] for world in (reordered, plain)]
        assert bought[0] == bought[1]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(0, 7), st.integers(31, 36)), max_size=4))
def test_nobody_buys_from_a_banned_seller(seed: int, bans: list[tuple[int, int]]) -> None:
    world = build_market(seed, num_sellers=6, rent=60)
    world.scheduled = [Ban(step=step, seller=seller) for step, seller in bans]
    owner: dict[int, int] = {}
    for _ in range(8):
        owner |= {listing.id: listing.seller for listing in world.listings.values()}
        before = len(world.counts.bought)
        world.step()
        owner |= {listing.id: listing.seller for listing in world.listings.values()}
        assert not {owner[int(str(row["listing"]))] for row in world.counts.bought[before:]} & world.banned


def test_an_intervention_may_name_a_seller_or_listing_that_has_left() -> None:
    world = build_market(num_sellers=3)
    seller = next(iter(world.sellers.values()))
    listing = seller.listings[0].id
    world.dismiss(seller)
    world.scheduled = [Ban(step=0, seller=seller.unique_id), FakeReview(step=1, listing=listing, stars=5)]
    play_steps(world, 3)
    assert seller.unique_id in world.banned


def test_books_of_a_market_without_listings_can_be_broken_too() -> None:
    world = build_market()
    world.buyers[0].cash -= (cash := world.buyers[0].cash + 1)
    accounts = Accounts(treasury=cash, minted=world.buyers[0].cash + cash)
    with pytest.raises(ContractError, match="lowest cash -1 cents, lowest stock 0"):
        accounts.check(0, world.buyers[:1], [])


def test_broken_books_are_noticed() -> None:
    world = build_market()
    world.buyers[0].cash += 1
    with pytest.raises(ContractError, match="money not conserved"):
        world.step()
    world = build_market()
    next(iter(world.listings.values())).stock += 1
    with pytest.raises(ContractError, match="goods not conserved"):
        world.step()


def test_one_seed_gives_the_same_wants_and_goods_whatever_is_decided() -> None:
    worlds = build_market(3), build_market(3, reviews="forced", word_of_mouth=False)
    wants, goods = [], []
    for world in worlds:
        play_steps(world, 6)
        wants.append([buyer.wants for buyer in world.buyers])
        goods.append({listing.id: (listing.title, listing.quality) for listing in world.listings.values()})
    assert wants[0] == wants[1]
    assert goods[0] == goods[1]


def test_reviews_follow_their_treatment() -> None:
    assert sum(play_steps(build_market(reviews="off"), 6).counts.stars) == 0
    forced = play_steps(build_market(reviews="forced"), 6)
    assert sum(forced.counts.stars) == forced.counts.purchases > 0
    voluntary = play_steps(build_market(reviews="on"), 6)
    assert 0 < sum(voluntary.counts.stars) < voluntary.counts.purchases


def test_word_of_mouth_can_be_switched_off() -> None:
    assert not play_steps(build_market(word_of_mouth=False), 6).counts.reached
    assert play_steps(build_market(word_of_mouth=True), 6).counts.reached


def test_hidden_prices_reach_nobody() -> None:
    world = build_market(show_prices=False)
    world.step()
    rows = world._describe_offers([Offer(listing, False) for listing in world.listings.values()]).values()
    assert all("$" not in str(row["label"]) and row["price"] is None for row in rows)


@pytest.mark.parametrize("ranking", ["price", "rating", "sales", "sponsored"])
def test_rankings_order_the_search(ranking: str) -> None:
    world = play_steps(build_market(ranking=ranking), 5)
    keys: dict[str, Any] = {
        "price": lambda listing: listing.offer_price, "rating": lambda listing: -listing.rating,
        "sales": lambda listing: -listing.sold, "sponsored": lambda listing: -listing.bid * listing.offer_price,
    }  # fmt: skip
    shelf = Shelf([listing for listing in world.listings.values() if listing.category == "Electronics"])
    shelf.rank(ranking, 0, world.seeds, 0)
    values = [keys[ranking](listing) for listing, _ in shelf.search(0.5, 10**9, 20, 0)]
    assert values == sorted(values)
    assert len(values) >= 3


@pytest.mark.parametrize("num", [40, 200])
def test_relevance_shows_what_fits_best(num: int) -> None:
    rng = np.random.default_rng(0)
    names = ["Electronics"] * num
    listings = draw_listings(rng, 0, names, MarketParams(**DEFAULTS).categories, 0.3)
    for listing in listings:
        listing.stock = 1
    shelf = Shelf(listings)
    shelf.rank("relevance", 0, build_market().seeds, 0)
    for location in (0.0, 0.1, 0.5, 0.99):
        offers = shelf.search(location, 10**9, 10, 0)
        best = sorted(listings, key=lambda listing: -fit(listing.location, location))[:10]
        assert {offer.listing.id for offer in offers} == {listing.id for listing in best}


def test_a_search_shows_only_what_can_be_bought() -> None:
    world = play_steps(build_market(), 3)
    shelf = Shelf(list(world.listings.values()))
    shelf.rank("relevance", 2, world.seeds, 0)
    for cash in (0, 1500, 5000):
        listings = [offer.listing for offer in shelf.search(0.3, cash, 50, 2)]
        assert all(listing.stock > 0 and listing.offer_price <= cash for listing in listings)


def test_sponsored_places_come_first_and_are_marked() -> None:
    world = build_market(sponsored_slots=2, num_sellers=12)
    world.step()
    shelf = Shelf([listing for listing in world.listings.values() if listing.category == "Pet Supplies"])
    shelf.rank("relevance", 2, world.seeds, 0)
    offers = shelf.search(0.4, 10**9, 4, 2)
    assert [offer.is_sponsored for offer in offers] == [True, True, False, False]
    assert len({offer.listing.id for offer in offers}) == 4


def test_a_sponsored_ranking_sells_every_place() -> None:
    world = build_market(ranking="sponsored", num_sellers=12)
    assert world.params.places_for_sale == world.params.num_shown
    play_steps(world, 6)
    offers = world._search(_rich_buyer(world))
    assert len(offers) > 1
    assert all(offer.is_sponsored for offer in offers)
    assert world.accounts.treasury > play_steps(build_market(ranking="random", num_sellers=12), 6).accounts.treasury


def _rich_buyer(world: Marketplace) -> Buyer:
    """Return a buyer who can pay for anything and wants something."""
    buyer = next(buyer for buyer in world.buyers if buyer.wants)
    buyer.cash = 10**6
    return buyer


@pytest.mark.parametrize(
    ("intervention", "is_possible"),
    [
        (Ban(step=2, seller=30), False),
        (Ban(step=2, seller=31), True),
        (Ban(step=0, seller=34), False),
        (Ban(step=2, seller=39), True),
        (Ban(step=2, seller=40), False),
        (FakeReview(step=0, listing=23, stars=5), True),
        (FakeReview(step=0, listing=24, stars=5), False),
        (FakeReview(step=2, listing=71, stars=5), True),
        (FakeReview(step=2, listing=72, stars=5), False),
    ],
)
def test_an_intervention_on_something_impossible_is_noticed_before_the_run(
    intervention: Ban | FakeReview, is_possible: bool
) -> None:
    world = build_market(num_sellers=3)
    with nullcontext() if is_possible else pytest.raises(ConfigError, match="there can be no"):
        intervention.check(world)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000))
def test_nobody_runs_two_shops(seed: int) -> None:
    world = build_market(seed, num_sellers=6, rent=150.0, entry=0.5)
    for _ in range(8):
        world.step()
        owners = [seller.profile.id for seller in world.sellers.values()]
        assert len(set(owners)) == len(owners)


def test_interventions_do_what_they_say() -> None:
    world = build_market(tax=0.0)
    seller = next(iter(world.sellers))
    listing = next(each.id for each in world.listings.values() if each.seller != seller)
    world.scheduled = [
        Tax(step=1, rate=0.5),
        Ban(step=2, seller=seller),
        FakeReview(step=3, listing=listing, stars=5, count=40),
    ]
    play_steps(world, 5)
    assert world.params.tax == 0.5
    assert seller not in world.sellers
    assert all(each.seller != seller for each in world.listings.values())
    assert world.listings[listing].stars[4] >= 40
    assert sum(world.counts.stars) < 40 or world.counts.purchases >= 40
    world.scheduled = [Ban(step=5, seller=4)]
    with pytest.raises(ConfigError, match="ban: unknown seller '4'"):
        world.step()


def test_less_stock_is_no_refund() -> None:
    world = build_market(num_sellers=3, stock=5, reviews="off", word_of_mouth=False)
    paid = world.accounts.suppliers
    world.change(stock=1)
    play_steps(world, 2)
    assert world.accounts.suppliers >= paid


def test_a_banned_seller_opens_no_further_shop() -> None:
    world = build_market(num_sellers=2, entry=1.0)
    first = next(iter(world.sellers))
    world.scheduled = [Ban(step=0, seller=first)]
    play_steps(world, 3)
    assert len(world.sellers) == 1


def test_leaving_a_round_out_changes_no_other_draw() -> None:
    seeds: dict[str, dict[tuple[int, str], int]] = {}
    for reviews in ("on", "forced", "off"):
        world, history = build_market(reviews=reviews), list[Any]()
        turn = world.play()
        questions = advance(turn, None)
        while questions is not None:
            history += questions
            questions = advance(turn, RandomMind().answer(questions))
        seeds[reviews] = {(each.agent, each.template.name): each.seed for each in history}
    for reviews in ("forced", "off"):
        common = seeds["on"].keys() & seeds[reviews].keys()
        assert {name for _, name in common} >= {"marketplace/price", "marketplace/choose", "marketplace/tell"}
        assert all(seeds["on"][key] == seeds[reviews][key] for key in common)


def test_the_insolvent_leave_and_others_enter() -> None:
    emptied = play_steps(build_market(rent=1000.0, entry=0.0), 4)
    assert not emptied.sellers
    assert emptied.latest_metrics["sales"] == 0
    assert all(row["left"] is not None for row in emptied.tables()["sellers"])
    replaced = play_steps(build_market(rent=1000.0, entry=1.0), 4)
    assert replaced.sellers
    assert len(replaced.tables()["sellers"]) > 12


def test_a_market_without_profiles_for_sellers_is_refused() -> None:
    graph = nx.path_graph(5)
    with pytest.raises(ConfigError, match="needs sellers too"):
        Marketplace(MarketParams(**DEFAULTS), profiles=profiles(5), graph=graph)


def test_metrics_of_a_market_counted_by_hand() -> None:
    world = build_market()
    world.counts.add_choice(0, [300, 100], is_bought=True)
    world.counts.add_choice(1, [50, 200], is_bought=False)  # sold out
    world.counts.add_choice(None, [-10, 40], is_bought=False)
    listings = list(world.listings.values())[:3]
    for listing, price, reviews in zip(listings, (500, 900, 1200), (0, 0, 5), strict=True):
        listing.category, listing.reference = "Toys", 1000
        listing.set_price(price)
        listing.add_stars(5, reviews)
        world.counts.add_sale(price, listing)
    world.listings = {listing.id: listing for listing in listings}
    for stars in (5, 5, 1):
        world.counts.add_review(0, 0, listings[0], stars, "")
    world.counts.add_tip(3)
    metrics = market_metrics(world.counts, listings, list(world.sellers.values()), world.buyers)
    assert metrics["surplus"] == pytest.approx(1.0)  # $3 over three searches
    assert metrics["surplus_gap"] == pytest.approx(0.8)  # of $3, $2 and $0.40, the first was realised
    assert metrics["chosen_position"] == pytest.approx(1.5)
    assert metrics["conversion"] == pytest.approx(1.0)
    assert metrics["mean_price"] == pytest.approx(26 / 3)
    assert metrics["price_gap"] == pytest.approx(0.8)
    assert metrics["price_cv"] == pytest.approx(np.std([500, 900, 1200]) / np.mean([500, 900, 1200]))
    assert metrics["reputation_premium"] == pytest.approx(1.2 / 0.7 - 1)
    assert metrics["five_star_share"] == pytest.approx(2 / 3)
    assert metrics["mean_stars"] == pytest.approx(11 / 3)
    assert metrics["reviewer_share"] == pytest.approx(1.0)
    assert metrics["reached_share"] == pytest.approx(1 / 30)
    assert (metrics["sales"], metrics["tips"]) == (3, 1)


def test_the_gini_coefficient_of_known_samples() -> None:
    assert gini([1, 1, 1, 1]) == pytest.approx(0)
    assert gini([0, 0, 0, 1]) == pytest.approx(0.75)
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    assert gini([0, 0]) == 0


def test_experience_in_words_covers_the_scale() -> None:
    assert describe_quality(-2) == describe_quality(1) == "terrible"
    assert describe_quality(5) == describe_quality(9) == "excellent"
    assert describe_quality(3) == "fine"


def test_memory_tells_of_purchases_and_tips() -> None:
    world = build_market(size=60)
    kinds: set[str] = set()
    for _ in range(10):
        world.step()
        kinds |= {event.kind for buyer in world.buyers for event in buyer.memory.view().recent}
    assert {"purchase", "tip from a friend"} <= kinds
