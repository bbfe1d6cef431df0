"""Tables made to show a fact, and tables made not to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from experiments.facts.evidence import Arm, Evidence
from experiments.facts.measures import Frame

WORLD: Mapping[str, Any] = {
    "ranking": "random",
    "reviews": "on",
    "word_of_mouth": True,
    "show_prices": True,
    "sponsored_slots": 0,
}
SEEDS = range(8)
J, PEAK = (0.1, 0.03, 0.05, 0.15, 0.67), (0.05, 0.2, 0.45, 0.25, 0.05)
NUM_PRODUCTS = 40

Table: TypeAlias = Frame
Maker: TypeAlias = Callable[[np.random.Generator], Table]


def arm(name: str = "mine", mind: str = "base", **world: Any) -> Arm:
    """An arm of a marketplace."""
    return Arm(name, mind, {**WORLD, **world})


def evidence(*arms: tuple[Arm, Mapping[str, Maker]], seeds: Sequence[int] = SEEDS) -> Evidence:
    """Tables of some arms, each made anew for every seed."""
    tables: dict[str, list[Table]] = {}
    for one, makers in arms:
        for name, make in makers.items():
            for seed in seeds:
                made = make(np.random.default_rng((seed, len(one.name))))
                tables.setdefault(name, []).append(made.assign(arm=one.name, seed=seed))
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    return Evidence(joined, {one.name: one for one, _ in arms})


def alone(table: str, make: Maker, **world: Any) -> Evidence:
    """One arm with one table."""
    return evidence((arm(**world), {table: make}))


def stars(shares: Sequence[float]) -> Maker:
    """Reviews with these shares of stars."""

    def make(rng: np.random.Generator) -> Table:
        given = rng.choice(5, size=400, p=shares) + 1
        return pd.DataFrame({"step": 0, "buyer": rng.integers(100, size=400), "stars": given, "text": "good"})

    return make


def habits(between: float) -> Maker:
    """Reviews of people who differ; the share of the variance that lies between them, rounding apart."""

    def make(rng: np.random.Generator) -> Table:
        people = np.repeat(np.arange(150), 6)
        own = rng.normal(0, between**0.5, 150)[people]
        values = 3 + own + rng.normal(0, (1 - between) ** 0.5, len(people))
        return pd.DataFrame({"step": 0, "buyer": people, "stars": np.clip(values.round(), 1, 5), "text": "fine"})

    return make


def texts(words: int) -> Maker:
    """Reviews of about that many words."""

    def make(rng: np.random.Generator) -> Table:
        numbers = rng.poisson(words, 60)
        return pd.DataFrame({"step": 0, "buyer": 1, "stars": 5, "text": [" ".join(["word"] * one) for one in numbers]})

    return make


def offers(price: float = -2.0, name: float = 0.0, place: float = 0.0) -> Maker:
    """Searches whose choices follow a logit with these weights of log price, a good name and the place."""

    def make(rng: np.random.Generator) -> Table:
        searches, shown = 400, 4
        size = searches * shown
        places = np.tile(np.arange(1, shown + 1), searches)
        prices, reviews = rng.uniform(10, 30, size), rng.choice([0, 1, 5], size)
        listing = rng.integers(NUM_PRODUCTS, size=size)
        utility = price * np.log(prices) + name * (reviews == 5) + place * places
        odds = np.exp(utility).reshape(searches, shown)
        weight = 0.8 * odds / odds.sum(axis=1, keepdims=True)
        drawn = np.array([rng.choice(shown, p=row / row.sum()) for row in weight])
        return pd.DataFrame(
            {
                "step": 0, "buyer": 1, "search": np.repeat(np.arange(searches), shown).astype(str), "place": places,
                "listing": listing, "title": [f"thing {one}" for one in listing], "price": prices, "reviews": reviews,
                "stars": np.where(reviews > 0, 4.5, np.nan), "sponsored": False, "tip": "",
                "chosen": (np.arange(shown) == drawn[:, None]).ravel(), "weight": weight.ravel(),
            }
        )  # fmt: skip

    return make


def popular(appeal: Callable[[np.random.Generator], np.ndarray[Any, Any]], titled: str = "thing") -> Maker:
    """Choices among products by their appeal; every row is an offer that was chosen."""

    def make(rng: np.random.Generator) -> Table:
        strength = appeal(rng)
        chosen = rng.choice(NUM_PRODUCTS, size=2000, p=strength / strength.sum())
        return pd.DataFrame(
            {"step": 0, "listing": chosen, "title": [f"{titled} {at}" for at in chosen], "chosen": True}
        )

    return make


def goods(_: np.random.Generator) -> Table:
    """All products."""
    return pd.DataFrame({"id": np.arange(NUM_PRODUCTS), "price": 10.0, "first_price": 10.0})


def prices(share_moved: float) -> Maker:
    """Listings, and with them a long history, of which a share has another price than at first."""

    def make(rng: np.random.Generator) -> Table:
        moved = rng.random(NUM_PRODUCTS) < share_moved
        return pd.DataFrame({"step": 29, "price": np.where(moved, 12.0, 10.0), "first_price": 10.0})

    return make


def dispersion(last: float) -> Maker:
    """Price dispersion that goes from 0.5 to `last`."""

    def make(rng: np.random.Generator) -> Table:
        return pd.DataFrame({"step": np.arange(40), "price_cv": np.linspace(0.5, last, 40) + rng.normal(0, 0.01, 40)})

    return make


def choices(advantage: float) -> Maker:
    """Shuffled questions whose first option has this many times the weight of each other one."""

    def make(rng: np.random.Generator) -> Table:
        options = rng.integers(2, 7, 400)
        first = rng.random(400) < advantage / (advantage + options - 1)
        shuffled = pd.DataFrame({"step": 0, "ordered": False, "num_options": options, "first": first})
        return pd.concat([shuffled, pd.DataFrame({"step": 0, "ordered": [True], "num_options": 5, "first": True})])

    return make


def purchases(loyalty: float, spread: float = 1.0) -> Maker:
    """People who buy the same again with this probability, and trips whose log price has this variance."""

    def make(rng: np.random.Generator) -> Table:
        people, trips = 40, 12
        items = rng.integers(20, size=(people, trips))
        for trip in range(1, trips):
            again = rng.random(people) < loyalty
            items[again, trip] = items[again, trip - 1]
        size = people * trips
        return pd.DataFrame(
            {
                "buyer": np.repeat(np.arange(people), trips),
                "step": np.tile(np.arange(trips), people),
                "category": "food",
                "listing": items.ravel(),
                "price": np.exp(rng.normal(3, spread**0.5, size)),
            }
        )

    return make


def sales(appeal: Sequence[float]) -> Mapping[str, Maker]:
    """What tables a world has where sixteen categories sell products of that appeal to sixty people each."""

    def bought(rng: np.random.Generator) -> Table:
        parts = [
            pd.DataFrame({"category": f"c{at}", "listing": rng.choice(len(appeal), 60, p=appeal), "buyer": range(60)})
            for at in range(16)
        ]
        return pd.concat(parts, ignore_index=True).assign(step=0, price=10.0)

    def listed(_: np.random.Generator) -> Table:
        return pd.DataFrame({"category": np.repeat([f"c{at}" for at in range(16)], len(appeal))}).assign(id=0)

    return {"purchases": bought, "listings": listed}


def surplus(share: float) -> Maker:
    """Steps in which this share of the best surplus was had."""

    def make(rng: np.random.Generator) -> Table:
        had = share + rng.normal(0, 0.02, 30)
        return pd.DataFrame({"step": np.arange(30), "surplus": had, "surplus_gap": 1 - had})

    return make


def two_arms(mine: Arm, other: Arm, my_tables: Mapping[str, Maker], others: Mapping[str, Maker]) -> Evidence:
    """An arm and the one that it is compared with."""
    return evidence((mine, my_tables), (other, others))


def forced(forced_shares: Sequence[float], voluntary_shares: Sequence[float]) -> Evidence:
    """Forced and voluntary reviews."""
    one, other = arm(reviews="forced"), arm("voluntary")
    return two_arms(one, other, {"reviews": stars(forced_shares)}, {"reviews": stars(voluntary_shares)})


def influence(influenced: Maker, independent: Maker, seeds: Sequence[int] = SEEDS) -> Evidence:
    """Worlds in which people know what others chose, and worlds in which they do not."""
    one, other = arm(ranking="sales"), arm("independent", reviews="off", word_of_mouth=False)
    mine, others = ({"offers": shown, "listings": goods} for shown in (influenced, independent))
    return evidence((one, mine), (other, others), seeds=seeds)


def zero_intelligence(mine: float, chance: float) -> Evidence:
    """An arm and one that draws by chance, with their efficiencies."""
    return two_arms(arm(), arm("random", "random"), {"metrics": surplus(mine)}, {"metrics": surplus(chance)})


def popularity(appeal: Callable[[np.random.Generator], np.ndarray[Any, Any]]) -> Evidence:
    """One arm with products of that appeal."""
    return evidence((arm(), {"offers": popular(appeal), "listings": goods}))


def even(_: np.random.Generator) -> np.ndarray[Any, Any]:
    """All products appeal alike."""
    return np.ones(NUM_PRODUCTS)


def steep(_: np.random.Generator) -> np.ndarray[Any, Any]:
    """The same few products win in every world."""
    return 1.0 / np.arange(1, NUM_PRODUCTS + 1) ** 1.3


def lucky(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """A few products win, others in every world."""
    return rng.permutation(steep(rng))


CONTROLS: Mapping[str, tuple[Callable[[], Evidence], Callable[[], Evidence]]] = {
    "j_shaped_stars": (lambda: alone("reviews", stars(J)), lambda: alone("reviews", stars(PEAK))),
    "forced_reviews": (lambda: forced(PEAK, J), lambda: forced(J, J)),
    "five_star_share": (lambda: alone("reviews", stars(J)), lambda: alone("reviews", stars(PEAK))),
    "star_habits": (lambda: alone("reviews", habits(0.18)), lambda: alone("reviews", habits(0.6))),
    "review_lengths": (lambda: alone("reviews", texts(20)), lambda: alone("reviews", texts(8))),
    "reputation_premium": (
        lambda: alone("offers", offers(price=-4, name=0.3)),
        lambda: alone("offers", offers(price=-4, name=-1)),
    ),
    "position_effect": (lambda: alone("offers", offers()), lambda: alone("offers", offers(place=-0.6))),
    "first_option": (lambda: alone("choices", choices(1)), lambda: alone("choices", choices(10))),
    "price_dispersion": (
        lambda: alone("metrics", dispersion(0.45)),
        lambda: alone("metrics", dispersion(0.02)),
    ),
    "price_movement": (lambda: alone("listings", prices(0.6)), lambda: alone("listings", prices(0.0))),
    "heavy_tailed_sales": (lambda: popularity(lucky), lambda: popularity(even)),
    "influence_inequality": (
        lambda: influence(popular(lucky), popular(even)),
        lambda: influence(popular(even), popular(steep)),
    ),
    "influence_unpredictability": (
        lambda: influence(popular(lucky), popular(steep)),
        lambda: influence(popular(steep), popular(lucky)),
    ),
    "repeat_purchases": (
        lambda: alone("purchases", purchases(0.33)),
        lambda: alone("purchases", purchases(0.0)),
    ),
    "basket_prices": (
        lambda: alone("purchases", purchases(0.3, spread=1.4)),
        lambda: alone("purchases", purchases(0.3, spread=0.2)),
    ),
    "uneven_sales": (
        lambda: evidence((arm(), sales((0.5, 0.25, 0.15, 0.1)))),
        lambda: evidence((arm(), sales((0.25, 0.25, 0.25, 0.25)))),
    ),
    "efficiency": (lambda: zero_intelligence(0.7, 0.3), lambda: zero_intelligence(0.2, 0.3)),
}
"""For every fact, evidence known to show it and evidence known not to."""
