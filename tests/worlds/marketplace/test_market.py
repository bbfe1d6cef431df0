"""The marketplace: laws that always hold, treatments, interventions, metrics."""

from contextlib import nullcontext
from random import Random
from typing import Any

import msgspec
import networkx as nx
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from sandbox.core.form import Choose
from sandbox.core.mind import RandomMind
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.core.world import advance
from sandbox.descriptive import gini
from sandbox.errors import ConfigError, ContractError
from sandbox.paths import CONF_DIR
from tests.conftest import profiles
from worlds.marketplace import Marketplace
from worlds.marketplace.accounts import Accounts
from worlds.marketplace.experiences import describe_experience
from worlds.marketplace.goods import STYLES, Factory, Shelf, fit, style_fit, style_of
from worlds.marketplace.interventions import Ban, FakeReview, Tax
from worlds.marketplace.metrics import market_metrics
from worlds.marketplace.offers import label_offer
from worlds.marketplace.people import PATIENCE, Buyer, Purchase
from worlds.marketplace.settings import MarketParams

DEFAULTS = yaml.safe_load((CONF_DIR / "world" / "marketplace.yaml").read_text())["world"]
del DEFAULTS["_target_"]


def build_market(seed: int = 0, size: int = 30, **changes: Any) -> Marketplace:
    """Return a market of random agents."""
    params = MarketParams(**{**DEFAULTS, **changes})
    graph = nx.watts_strogatz_graph(size, 4, 0.1, seed=1)
    world = Marketplace(params, profiles=profiles(size + params.max_sellers), graph=graph, rng=seed)
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
        "show_friends": st.booleans(),
        "price_quality": st.floats(-1, 1),
        "cost_spread": st.floats(0, 1),
        "taste": st.floats(0, 4),
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
    assert all(world.latest_metrics[name] is not None for name in ("sales", "tips", "sellers", "buyer_money"))


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
        assert reordered.latest_metrics == pytest.approx(plain.latest_metrics, nan_ok=True)
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
    common = goods[0].keys() & goods[1].keys()
    assert len(common) >= 15
    assert all(goods[0][listing] == goods[1][listing] for listing in common)


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
    questions = [question for question in record_questions(world) if question.template.key == "choose"]
    assert questions
    assert all("$" not in option.text for question in questions for option in choose_form(question).options)
    assert all(offer["price"] is None for question in questions for offer in question.facts["offers"])


@pytest.mark.parametrize("ranking", ["price", "rating", "sales", "sponsored"])
def test_rankings_order_the_search(ranking: str) -> None:
    world = play_steps(build_market(ranking=ranking), 5)
    keys: dict[str, Any] = {
        "price": lambda listing: listing.offer_price, "rating": lambda listing: -listing.rating,
        "sales": lambda listing: -listing.sold, "sponsored": lambda listing: -listing.bid * listing.offer_price,
    }  # fmt: skip
    shelf = Shelf([listing for listing in world.listings.values() if listing.category == world.categories[0]])
    shelf.rank(ranking, 0, world.seeds, 0)
    values = [keys[ranking](listing) for listing, _ in shelf.search(0.5, 10**9, 20, 0)]
    assert values == sorted(values)
    assert len(values) >= 3


@pytest.mark.parametrize("num", [40, 200])
def test_relevance_shows_what_fits_best(num: int) -> None:
    rng = np.random.default_rng(0)
    listings = Factory(rng, MarketParams(**DEFAULTS)).draw(0, ["Electronics"] * num, 1.5)
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
    shelf = Shelf([listing for listing in world.listings.values() if listing.category == world.categories[0]])
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


def choose_form(question: Question[Any]) -> Choose[Any]:
    """Return the form of a choice."""
    assert isinstance(question.form, Choose)
    return question.form


def record_questions(world: Marketplace) -> list[Question[Any]]:
    """Play a step with random answers and return all of its questions."""
    asked: list[Question[Any]] = []
    turn = world.play()
    questions = advance(turn, None)
    while questions is not None:
        asked += questions
        questions = advance(turn, RandomMind().answer(questions))
    return asked


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
        (FakeReview(step=0, listing=8, stars=5), True),
        (FakeReview(step=0, listing=9, stars=5), False),
        (FakeReview(step=2, listing=26, stars=5), True),
        (FakeReview(step=2, listing=27, stars=5), False),
    ],
)
def test_an_intervention_on_something_impossible_is_noticed_before_the_run(
    intervention: Ban | FakeReview, is_possible: bool
) -> None:
    world = build_market(num_sellers=3, spare_places=0)
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
    world = build_market(tax=0.0, rent=0.0)
    seller = next(iter(world.sellers))
    listing = next(each.id for each in world.listings.values() if each.seller != seller)
    world.scheduled = [
        Tax(step=4, rate=0.5),
        Ban(step=2, seller=seller),
        FakeReview(step=1, listing=listing, stars=5, count=40),
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
    world = build_market(num_sellers=2, spare_places=0, entry=1.0)
    first = next(iter(world.sellers))
    world.scheduled = [Ban(step=0, seller=first)]
    play_steps(world, 3)
    assert len(world.sellers) == 1


def test_leaving_a_round_out_changes_no_other_draw() -> None:
    seeds: dict[str, dict[tuple[int, str], int]] = {}
    for reviews in ("on", "forced", "off"):
        history = record_questions(build_market(reviews=reviews))
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
    for listing, price in zip(listings, (500, 900, 1200), strict=True):
        listing.category, listing.cost = "Toys", 400
        listing.set_price(price)
        world.counts.add_purchase(0, Purchase(world.buyers[0], listing, price, "fine"), is_sponsored=price == 900)
    world.listings = {listing.id: listing for listing in listings}
    for stars in (5, 5, 1):
        world.counts.add_review(0, 0, listings[0], stars, "")
    friend, stranger = world.buyers[1:3]
    for hearer in (friend, stranger):
        world.counts.add_tip(0, Purchase(world.buyers[0], listings[2], 1200, "fine"), hearer)
    world.counts.add_purchase(1, Purchase(friend, listings[2], 1200, "good"), is_sponsored=False)
    world.counts.profits = [300, -100]
    metrics = market_metrics(world.counts, listings, list(world.sellers.values()), world.buyers, 0.5, 0.1)
    assert metrics["surplus"] == pytest.approx(1.0)  # $3 over three searches
    assert metrics["surplus_gap"] == pytest.approx(0.8)  # of $3, $2 and $0.40, the first was realised
    assert metrics["chosen_position"] == pytest.approx(1.5)
    assert metrics["conversion"] == pytest.approx(4 / 3)
    assert metrics["markup"] == pytest.approx(13 / 12 - 1)  # half of $26 is left after tax; costs are $12
    assert metrics["profit"] == pytest.approx(1.0)
    assert metrics["sponsored_share"] == pytest.approx(1 / 4)
    assert metrics["tips_followed"] == pytest.approx(1 / 2)
    assert metrics["mean_price"] == pytest.approx(26 / 3)
    assert metrics["price_gap"] == pytest.approx(0.8)
    assert metrics["price_cv"] == pytest.approx(np.std([500, 900, 1200]) / np.mean([500, 900, 1200]))
    assert metrics["five_star_share"] == pytest.approx(2 / 3)
    assert metrics["mean_stars"] == pytest.approx(11 / 3)
    assert metrics["reviewer_share"] == pytest.approx(3 / 4)
    assert metrics["reached_share"] == pytest.approx(2 / 30)
    assert (metrics["sales"], metrics["tips"]) == (4, 2)


def test_what_has_no_case_is_missing() -> None:
    world = build_market(demand=0.0, reviews="off")
    world.step()
    missing = {name for name, value in world.latest_metrics.items() if value is None}
    assert missing == {
        "conversion", "gini_sales", "hhi_sales", "mean_stars", "five_star_share", "reviewer_share", "quality_bought",
        "surplus", "surplus_gap", "chosen_position", "sponsored_share", "tips_followed", "purchase_similarity",
    }  # fmt: skip


def test_the_gini_coefficient_of_known_samples() -> None:
    assert gini([1, 1, 1, 1]) == pytest.approx(0)
    assert gini([0, 0, 0, 1]) == pytest.approx(0.75)
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    assert np.isnan(gini([0, 0]))


def test_experience_in_words_covers_the_scale() -> None:
    assert describe_experience(-2) == describe_experience(1) == "terrible"
    assert describe_experience(5) == describe_experience(9) == "excellent"
    assert describe_experience(3) == "fine"


def test_memory_tells_of_purchases_and_tips() -> None:
    world = build_market(size=60)
    kinds: set[str] = set()
    for _ in range(10):
        world.step()
        kinds |= {event.kind for buyer in world.buyers for event in buyer.memory.view().recent}
    assert {"purchase", "tip from a friend"} <= kinds


def test_a_tip_puts_a_good_into_the_friends_next_search() -> None:
    world = build_market(num_shown=2)
    world.step()
    buyer = _rich_buyer(world)
    shown = [offer.listing for offer in world._search(buyer)]
    hidden = next(
        listing
        for listing in world.listings.values()
        if listing.category == buyer.wants and listing not in shown and listing.stock
    )
    buyer.hear(hidden, "excellent", world.buyers[-1])
    assert [offer.listing for offer in world._search(buyer)] == [shown[0], hidden]


def test_who_told_whom_and_whether_it_was_followed_is_recorded() -> None:
    world = play_steps(build_market(demand=2.0), 15)
    tips, purchases = world.tables()["tips"], world.tables()["purchases"]
    bought = {(row["step"], row["buyer"], row["listing"]) for row in purchases}
    followed = [tip for tip in tips if tip["followed"] is not None]
    assert 0 < len(followed) < len(tips)
    assert all((tip["followed"], tip["hearer"], tip["item"]) in bought for tip in followed)
    assert all(float(tip["followed"] or 0) > float(tip["step"] or 0) for tip in followed)
    cascades = world.tables()["cascades"]
    assert sum(float(cascade["size"] or 0) - 1 for cascade in cascades) <= len(tips)
    assert max(float(cascade["depth"] or 0) for cascade in cascades) >= 2, "some who were told tell others"
    circles = {buyer.unique_id: {friend.unique_id for friend in buyer.circle} for buyer in world.buyers}
    assert all(tip["hearer"] in circles[int(str(tip["teller"]))] for tip in tips)


def test_friends_see_what_friends_bought() -> None:
    world = play_steps(build_market(), 8)
    for buyer in world.buyers:
        for listing, number in buyer.friends_bought.items():
            assert number == sum(listing in friend.bought for friend in buyer.circle)
    plain = {"title": "bold speaker", "price": 19.5, "stars": 4.25, "reviews": 3, "tip": "", "friends": 2}
    assert label_offer({**plain, "sponsored": False}) == "bold speaker, $19.50, 4.2 stars (3), 2 friends bought it"
    bare = {"title": "bold speaker", "price": None, "stars": None, "reviews": 0, "tip": "good", "friends": 0}
    assert label_offer({**bare, "sponsored": True}) == "bold speaker, no reviews, a friend called it good, sponsored"


def test_styles_are_words_for_places_on_a_circle() -> None:
    assert style_of(0.0) == style_of(0.99) == STYLES[0]
    assert style_fit("plain", "plain") == 1
    assert style_fit("plain", STYLES[len(STYLES) // 2]) == 0
    assert style_fit("plain", "classic") == style_fit("plain", "compact") == 0.75


@pytest.mark.parametrize("correlation", [-0.8, 0.0, 0.25, 0.9])
def test_quality_is_correlated_with_cost_as_set(correlation: float) -> None:
    params = MarketParams.model_validate({**DEFAULTS, "price_quality": correlation})
    goods = Factory(np.random.default_rng(0), params).draw(0, ["Electronics"] * 3000, 1.5)
    result: Any = spearmanr([good.quality for good in goods], [good.cost for good in goods])
    measured = result.statistic
    assert measured == pytest.approx(6 / np.pi * np.arcsin(correlation / 2), abs=0.04)  # of a Gaussian copula


def test_titles_differ_within_a_category_until_they_run_out() -> None:
    params = MarketParams(**DEFAULTS)
    titles = [good.title for good in Factory(np.random.default_rng(0), params).draw(0, ["Electronics"] * 14, 1.5)]
    assert len(set(titles)) == 14


def test_sellers_learn_what_tax_leaves_them_and_who_loses_money_is_asked_to_close() -> None:
    world = build_market(tax=0.25, rent=60.0, entry=0.0)
    asked = [question for _ in range(6) for question in record_questions(world)]
    prices = [question.facts for question in asked if question.template.key == "price"]
    assert all(facts["tax"] == "25%" for facts in prices)
    first = prices[0]
    price, cost, earned = (float(first[name].replace("$", "")) for name in ("price", "cost", "earned"))
    assert earned == pytest.approx(0.75 * price - cost, abs=0.01)
    losers = [question for question in asked if question.template.key == "close"]
    assert losers
    assert all(question.step >= PATIENCE - 1 and question.facts["runway"] >= 0 for question in losers)


def test_who_does_not_say_what_they_pay_pays_what_such_goods_cost() -> None:
    params = build_market().params
    fan = Profile(id="fan", persona="You.", tastes={"Toys and Games": 0.5, "Electronics": 0.5})
    prices = [params.categories[name].usual_price for name in fan.tastes]
    assert params.usual_payment(fan) == pytest.approx(sum(prices) / 2)
    anybody = Profile(id="anybody", persona="You.")
    assert params.usual_payment(anybody) > 0
    assert params.usual_payment(msgspec.structs.replace(fan, budget=7.0)) == 7
