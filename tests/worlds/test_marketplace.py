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

from sandbox.errors import ConfigError, ContractError
from sandbox.mind import RandomMind
from sandbox.paths import CONF_DIR
from sandbox.world import advance
from tests.conftest import people
from worlds.marketplace import Marketplace
from worlds.marketplace.accounts import Accounts
from worlds.marketplace.goods import Shelf, fit, make_listings
from worlds.marketplace.measures import gini, market_metrics
from worlds.marketplace.people import in_words
from worlds.marketplace.settings import Ban, FakeReview, MarketParams, Tax

DEFAULTS = yaml.safe_load((CONF_DIR / "world" / "marketplace.yaml").read_text())
del DEFAULTS["_target_"]


def market(seed: int = 0, size: int = 30, **changes: Any) -> Marketplace:
    """A market of random people unless told otherwise."""
    params = MarketParams(**{**DEFAULTS, **changes})
    graph = nx.watts_strogatz_graph(size, 4, 0.1, seed=1)
    world = Marketplace(params, people=people(size + params.num_sellers), graph=graph, rng=seed)
    world.mind = RandomMind()
    return world


def play(world: Marketplace, steps: int) -> Marketplace:
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
    world = play(market(seed, **treatment), 8)
    bought = sum(buyer.purchases for buyer in world.buyers)
    units = sum(int(str(row["units"])) for row in world.tables()["sellers"])
    assert bought == units == world.accounts.sold == world.tally.purchases
    assert all(np.isfinite(value) for value in world.latest.values())


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.permutations(range(30)), st.randoms(use_true_random=False))
def test_nothing_depends_on_how_people_and_goods_are_stored(seed: int, order: list[int], random: Random) -> None:
    plain, stored = market(seed), market(seed)
    for _ in range(5):
        stored.buyers = [stored.buyers[place] for place in order]
        both: list[dict[int, Any]] = [stored.sellers, stored.listings]
        for kept in both:
            pairs = list(kept.items())
            random.shuffle(pairs)
            kept.clear()
            kept.update(pairs)
        plain.step()
        stored.step()
        assert stored.latest == pytest.approx(plain.latest)
        assert [row["listing"] for row in stored.tally.bought] == [row["listing"] for row in plain.tally.bought]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(0, 7), st.integers(31, 36)), max_size=4))
def test_nobody_buys_from_a_banned_seller(seed: int, bans: list[tuple[int, int]]) -> None:
    world = market(seed, num_sellers=6, rent=60)
    world.events = [Ban(step=step, seller=seller) for step, seller in bans]
    owner: dict[int, int] = {}
    for _ in range(8):
        owner |= {listing.id: listing.seller for listing in world.listings.values()}
        before = len(world.tally.bought)
        world.step()
        owner |= {listing.id: listing.seller for listing in world.listings.values()}
        assert not {owner[int(str(row["listing"]))] for row in world.tally.bought[before:]} & world.banned


def test_a_seller_or_a_listing_that_has_left_may_be_named_by_an_event() -> None:
    world = market(num_sellers=3)
    seller = next(iter(world.sellers.values()))
    listing = seller.listings[0].id
    world.dismiss(seller)
    world.events = [Ban(step=0, seller=seller.unique_id), FakeReview(step=1, listing=listing, stars=5)]
    play(world, 3)
    assert seller.unique_id in world.banned


def test_books_of_a_market_without_listings_can_be_broken_too() -> None:
    world = market()
    world.buyers[0].cash -= (cash := world.buyers[0].cash + 1)
    accounts = Accounts(treasury=cash, minted=world.buyers[0].cash + cash)
    with pytest.raises(ContractError, match="lowest cash -1 cents, lowest stock 0"):
        accounts.check(0, world.buyers[:1], [])


def test_broken_books_are_noticed() -> None:
    world = market()
    world.buyers[0].cash += 1
    with pytest.raises(ContractError, match="money not conserved"):
        world.step()
    world = market()
    next(iter(world.listings.values())).stock += 1
    with pytest.raises(ContractError, match="goods not conserved"):
        world.step()


def test_one_seed_gives_the_same_wants_and_goods_whatever_is_decided() -> None:
    one, other = market(3), market(3, reviews="forced", word_of_mouth=False)
    for world in (one, other):
        play(world, 6)
    assert [buyer.wants for buyer in one.buyers] == [buyer.wants for buyer in other.buyers]
    first = {listing.id: (listing.title, listing.quality) for listing in one.listings.values()}
    assert first == {listing.id: (listing.title, listing.quality) for listing in other.listings.values()}


def test_reviews_follow_their_treatment() -> None:
    assert sum(play(market(reviews="off"), 6).tally.stars) == 0
    forced = play(market(reviews="forced"), 6)
    assert sum(forced.tally.stars) == forced.tally.purchases > 0
    voluntary = play(market(reviews="on"), 6)
    assert 0 < sum(voluntary.tally.stars) < voluntary.tally.purchases


def test_word_of_mouth_can_be_switched_off() -> None:
    assert not play(market(word_of_mouth=False), 6).tally.reached
    assert play(market(word_of_mouth=True), 6).tally.reached


def test_hidden_prices_reach_nobody() -> None:
    world = market(show_prices=False)
    world.step()
    rows = [world.offer(listing) for listing in world.listings.values()]
    assert all("$" not in str(row["label"]) and row["price"] is None for row in rows)


@pytest.mark.parametrize("ranking", ["price", "rating", "sales", "sponsored"])
def test_rankings_order_the_search(ranking: str) -> None:
    world = play(market(ranking=ranking), 5)
    keys: dict[str, Any] = {
        "price": lambda one: one.asked, "rating": lambda one: -one.rating,
        "sales": lambda one: -one.sold, "sponsored": lambda one: -one.bid * one.asked,
    }  # fmt: skip
    shelf = Shelf([listing for listing in world.listings.values() if listing.category == "Electronics"])
    shelf.rank(ranking, 0, world.seeds, 0)
    values = [keys[ranking](listing) for listing, _ in shelf.search(0.5, 10**9, 20, 0)]
    assert values == sorted(values)
    assert len(values) >= 3


@pytest.mark.parametrize("number", [40, 200])
def test_relevance_shows_what_fits_best(number: int) -> None:
    rng = np.random.default_rng(0)
    names = ["Electronics"] * number
    listings = make_listings(rng, 0, names, MarketParams(**DEFAULTS).categories, 0.3)
    for listing in listings:
        listing.stock = 1
    shelf = Shelf(listings)
    shelf.rank("relevance", 0, market().seeds, 0)
    for spot in (0.0, 0.1, 0.5, 0.99):
        found = [listing for listing, _ in shelf.search(spot, 10**9, 10, 0)]
        best = sorted(listings, key=lambda one: -fit(one.spot, spot))[:10]
        assert {one.id for one in found} == {one.id for one in best}


def test_a_search_shows_only_what_can_be_bought() -> None:
    world = play(market(), 3)
    shelf = Shelf(list(world.listings.values()))
    shelf.rank("relevance", 2, world.seeds, 0)
    for cash in (0, 1500, 5000):
        assert all(one.stock > 0 and one.asked <= cash for one, _ in shelf.search(0.3, cash, 50, 2))


def test_sponsored_places_come_first_and_are_marked() -> None:
    world = market(sponsored_slots=2, num_sellers=12)
    world.step()
    shelf = Shelf([listing for listing in world.listings.values() if listing.category == "Pet Supplies"])
    shelf.rank("relevance", 2, world.seeds, 0)
    found = shelf.search(0.4, 10**9, 4, 2)
    assert [sponsored for _, sponsored in found] == [True, True, False, False]
    assert len({listing.id for listing, _ in found}) == 4


def test_a_sponsored_ranking_sells_every_place() -> None:
    world = market(ranking="sponsored", num_sellers=12)
    assert world.params.places_for_sale == world.params.num_shown
    play(world, 6)
    found = world._search(_wanting(world))
    assert len(found) > 1
    assert all(sponsored for _, sponsored in found)
    assert world.accounts.treasury > play(market(ranking="random", num_sellers=12), 6).accounts.treasury


def _wanting(world: Marketplace) -> Any:
    """A buyer who can pay for anything and looks for something."""
    buyer = next(one for one in world.buyers if one.wants)
    buyer.cash = 10**6
    return buyer


@pytest.mark.parametrize(
    ("event", "is_possible"),
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
def test_an_event_about_what_cannot_be_there_is_noticed_before_the_run(
    event: Ban | FakeReview, is_possible: bool
) -> None:
    world = market(num_sellers=3)
    with nullcontext() if is_possible else pytest.raises(ConfigError, match="there can be no"):
        event.check(world)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000))
def test_nobody_runs_two_shops(seed: int) -> None:
    world = market(seed, num_sellers=6, rent=150.0, entry=0.5)
    for _ in range(8):
        world.step()
        people_ = [seller.profile.id for seller in world.sellers.values()]
        assert len(set(people_)) == len(people_)


def test_interventions_do_what_they_say() -> None:
    world = market(tax=0.0)
    seller = next(iter(world.sellers))
    listing = next(one.id for one in world.listings.values() if one.seller != seller)
    world.events = [
        Tax(step=1, rate=0.5),
        Ban(step=2, seller=seller),
        FakeReview(step=3, listing=listing, stars=5, count=40),
    ]
    play(world, 5)
    assert world.params.tax == 0.5
    assert seller not in world.sellers
    assert all(one.seller != seller for one in world.listings.values())
    assert world.listings[listing].stars[4] >= 40
    assert sum(world.tally.stars) < 40 or world.tally.purchases >= 40
    world.events = [Ban(step=5, seller=4)]
    with pytest.raises(ConfigError, match="ban: unknown seller '4'"):
        world.step()


def test_less_stock_is_no_refund() -> None:
    world = market(num_sellers=3, stock=5, reviews="off", word_of_mouth=False)
    paid = world.accounts.suppliers
    world.change(stock=1)
    play(world, 2)
    assert world.accounts.suppliers >= paid


def test_who_is_banned_opens_no_other_shop() -> None:
    world = market(num_sellers=2, entry=1.0)
    first = next(iter(world.sellers))
    world.events = [Ban(step=0, seller=first)]
    play(world, 3)
    assert len(world.sellers) == 1


def test_a_round_less_leaves_the_draws_of_all_other_questions() -> None:
    seeds: dict[str, dict[tuple[int, str], int]] = {}
    for reviews in ("on", "forced", "off"):
        world, asked = market(reviews=reviews), list[Any]()
        turn = world.play()
        questions = advance(turn, None)
        while questions is not None:
            asked += questions
            questions = advance(turn, RandomMind().answer(questions))
        seeds[reviews] = {(one.agent, one.template.name): one.seed for one in asked}
    for other in ("forced", "off"):
        common = seeds["on"].keys() & seeds[other].keys()
        assert {name for _, name in common} >= {"marketplace/price", "marketplace/choose", "marketplace/tell"}
        assert all(seeds["on"][one] == seeds[other][one] for one in common)


def test_the_insolvent_leave_and_others_enter() -> None:
    gone = play(market(rent=1000.0, entry=0.0), 4)
    assert not gone.sellers
    assert gone.latest["sales"] == 0
    assert all(row["left"] is not None for row in gone.tables()["sellers"])
    replaced = play(market(rent=1000.0, entry=1.0), 4)
    assert replaced.sellers
    assert len(replaced.tables()["sellers"]) > 12


def test_a_market_without_sellers_people_is_refused() -> None:
    graph = nx.path_graph(5)
    with pytest.raises(ConfigError, match="needs sellers too"):
        Marketplace(MarketParams(**DEFAULTS), people=people(5), graph=graph)


def test_metrics_of_a_market_counted_by_hand() -> None:
    world = market()
    world.tally.choice(0, [300, 100], bought=True)
    world.tally.choice(1, [50, 200], bought=False)  # sold out
    world.tally.choice(None, [-10, 40], bought=False)
    one, other, third = list(world.listings.values())[:3]
    for listing, price, reviews in ((one, 500, 0), (other, 900, 0), (third, 1200, 5)):
        listing.category, listing.reference = "Toys", 1000
        listing.charge(price)
        listing.add_stars(5, reviews)
        world.tally.sale(price, listing)
    world.listings = {listing.id: listing for listing in (one, other, third)}
    for stars in (5, 5, 1):
        world.tally.review(0, 0, one, stars, "")
    world.tally.tell(3)
    found = market_metrics(world)
    assert found["surplus"] == pytest.approx(1.0)  # $3 over three searches
    assert found["surplus_gap"] == pytest.approx(0.8)  # of $3, $2 and $0.40, the first was had
    assert found["chosen_position"] == pytest.approx(1.5)
    assert found["conversion"] == pytest.approx(1.0)
    assert found["mean_price"] == pytest.approx(26 / 3)
    assert found["price_gap"] == pytest.approx(0.8)
    assert found["price_cv"] == pytest.approx(np.std([500, 900, 1200]) / np.mean([500, 900, 1200]))
    assert found["reputation_premium"] == pytest.approx(1.2 / 0.7 - 1)
    assert found["five_star_share"] == pytest.approx(2 / 3)
    assert found["mean_stars"] == pytest.approx(11 / 3)
    assert found["reviewer_share"] == pytest.approx(1.0)
    assert found["reached_share"] == pytest.approx(1 / 30)
    assert (found["sales"], found["told"]) == (3, 1)


def test_the_gini_coefficient_of_known_samples() -> None:
    assert gini([1, 1, 1, 1]) == pytest.approx(0)
    assert gini([0, 0, 0, 1]) == pytest.approx(0.75)
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    assert gini([0, 0]) == 0


def test_experience_in_words_covers_the_scale() -> None:
    assert in_words(-2) == in_words(1) == "terrible"
    assert in_words(5) == in_words(9) == "excellent"
    assert in_words(3) == "fine"


def test_memory_tells_of_purchases_and_tips() -> None:
    world = market(size=60)
    kinds: set[str] = set()
    for _ in range(10):
        world.step()
        kinds |= {event.kind for buyer in world.buyers for event in buyer.memory.view().recent}
    assert {"purchase", "tip from a friend"} <= kinds
