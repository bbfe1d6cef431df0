"""Tables made to show a fact, and tables made not to show it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from experiments.facts.evidence import ArmSettings, Evidence

WORLD: Mapping[str, Any] = {
    "ranking": "random",
    "reviews": "on",
    "word_of_mouth": True,
    "show_prices": True,
    "sponsored_slots": 0,
}
SEEDS = range(8)
J, PEAK = (0.1, 0.03, 0.05, 0.15, 0.67), (0.05, 0.2, 0.45, 0.25, 0.05)
FALLEN = (0.23, 0.1, 0.1, 0.15, 0.42)
NUM_PRODUCTS = 40
NUM_CATEGORIES = 16

Maker: TypeAlias = Callable[[np.random.Generator], pd.DataFrame]


def make_arm(name: str = "mine", mind: str = "base", **world: Any) -> ArmSettings:
    """Return an arm of a marketplace."""
    return ArmSettings(name, mind, {**WORLD, **world})


def make_evidence(*arms: tuple[ArmSettings, Mapping[str, Maker]], seeds: Sequence[int] = SEEDS) -> Evidence:
    """Return tables of some arms, generated for every seed."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for arm, makers in arms:
        for name, make in makers.items():
            for seed in seeds:
                table = make(np.random.default_rng((seed, len(arm.name))))
                tables.setdefault(name, []).append(table.assign(arm=arm.name, seed=seed))
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    return Evidence(joined, {arm.name: arm for arm, _ in arms})


def single_table(table: str, make: Maker, **world: Any) -> Evidence:
    """Return a single arm with a single table."""
    return make_evidence((make_arm(**world), {table: make}))


def reviews(shares: Sequence[float]) -> Maker:
    """Return reviews with these shares of stars."""

    def make(rng: np.random.Generator) -> pd.DataFrame:
        stars = rng.choice(5, size=400, p=shares) + 1
        return pd.DataFrame({"step": 0, "buyer": rng.integers(100, size=400), "stars": stars, "text": "good"})

    return make


def habitual_reviews(between: float) -> Maker:
    """Return reviews of people who differ; `between` is the share of the variance between them, before rounding."""

    def make(rng: np.random.Generator) -> pd.DataFrame:
        people = np.repeat(np.arange(150), 6)
        levels = rng.normal(0, between**0.5, 150)[people]
        values = 3 + levels + rng.normal(0, (1 - between) ** 0.5, len(people))
        return pd.DataFrame({"step": 0, "buyer": people, "stars": np.clip(values.round(), 1, 5), "text": "fine"})

    return make


def texts(words: int) -> Maker:
    """Return reviews of about that many words."""

    def make(rng: np.random.Generator) -> pd.DataFrame:
        lengths = [" ".join(["word"] * number) for number in rng.poisson(words, 60)]
        return pd.DataFrame({"step": 0, "buyer": 1, "stars": 5, "text": lengths})

    return make


def offers(price: float = -2.0, reputation: float = 0.0, position: float = 0.0) -> Maker:
    """Return searches whose choices follow a logit with these weights of log price, good reputation and position."""

    def make(rng: np.random.Generator) -> pd.DataFrame:
        num_searches, num_options = 400, 4
        size = num_searches * num_options
        positions = np.tile(np.arange(1, num_options + 1), num_searches)
        prices, num_reviews = rng.uniform(10, 30, size), rng.choice([0, 1, 5], size)
        listing = rng.integers(NUM_PRODUCTS, size=size)
        utility = price * np.log(prices) + reputation * (num_reviews == 5) + position * positions
        odds = np.exp(utility).reshape(num_searches, num_options)
        weight = 0.8 * odds / odds.sum(axis=1, keepdims=True)
        picks = np.array([rng.choice(num_options, p=row / row.sum()) for row in weight])
        return pd.DataFrame(
            {
                "step": 0, "buyer": 1, "search": np.repeat(np.arange(num_searches), num_options).astype(str),
                "position": positions, "listing": listing, "title": [f"thing {number}" for number in listing],
                "price": prices, "reviews": num_reviews, "stars": np.where(num_reviews > 0, 4.5, np.nan),
                "sponsored": False, "tip": "", "friends": rng.integers(3, size=size),
                "fit": rng.random(size), "chosen": (np.arange(num_options) == picks[:, None]).ravel(),
                "weight": weight.ravel(),
            }
        )  # fmt: skip

    return make


def moved_listings(ratio: float) -> Maker:
    """Return listings after many steps, whose prices are dispersed `ratio` times as much as at first."""

    def make(rng: np.random.Generator) -> pd.DataFrame:
        first, now = rng.normal(0, 0.2, (2, NUM_PRODUCTS))
        prices = {"first_price": 10 * np.exp(first), "price": 10 * np.exp(ratio * now)}
        return pd.DataFrame({"step": 29, "category": "food", "offered": True, **prices})

    return make


def choices(advantage: float) -> Maker:
    """Return shuffled questions whose first option has `advantage` times the weight of each of the others."""

    def make(rng: np.random.Generator) -> pd.DataFrame:
        options = rng.integers(2, 7, 400)
        first = rng.random(400) < advantage / (advantage + options - 1)
        shuffled = pd.DataFrame({"step": 0, "ordered": False, "num_options": options, "first": first})
        ordered = pd.DataFrame({"step": 0, "ordered": [True], "num_options": 5, "first": True})
        return pd.concat([shuffled.assign(first_weight=first.astype(float)), ordered])

    return make


def purchases(loyalty: float) -> Maker:
    """Return people who buy the same again with probability `loyalty`."""

    def make(rng: np.random.Generator) -> pd.DataFrame:
        people, trips = 40, 12
        items = rng.integers(20, size=(people, trips))
        for trip in range(1, trips):
            repeats = rng.random(people) < loyalty
            items[repeats, trip] = items[repeats, trip - 1]
        size = people * trips
        return pd.DataFrame(
            {
                "buyer": np.repeat(np.arange(people), trips),
                "step": np.tile(np.arange(trips), people),
                "category": "food",
                "listing": items.ravel(),
                "price": np.exp(rng.normal(3, 1, size)),
            }
        )

    return make


def sales_tables(appeal: Sequence[float]) -> Mapping[str, Maker]:
    """Return the tables of a world whose categories sell products of that appeal to sixty people each."""

    def make_purchases(rng: np.random.Generator) -> pd.DataFrame:
        parts = [
            pd.DataFrame(
                {"category": f"c{number}", "listing": rng.choice(len(appeal), 60, p=appeal), "buyer": range(60)}
            )
            for number in range(NUM_CATEGORIES)
        ]
        return pd.concat(parts, ignore_index=True).assign(step=0, price=10.0)

    def make_listings(_: np.random.Generator) -> pd.DataFrame:
        categories = np.repeat([f"c{number}" for number in range(NUM_CATEGORIES)], len(appeal))
        return pd.DataFrame({"category": categories}).assign(id=0)

    return {"purchases": make_purchases, "listings": make_listings}


def forced_and_voluntary(forced_shares: Sequence[float], voluntary_shares: Sequence[float]) -> Evidence:
    """Return an arm with forced reviews and one with voluntary reviews."""
    return make_evidence(
        (make_arm(reviews="forced"), {"reviews": reviews(forced_shares)}),
        (make_arm("voluntary"), {"reviews": reviews(voluntary_shares)}),
    )


CONTROLS: Mapping[str, tuple[Callable[[], Evidence], Callable[[], Evidence]]] = {
    "j_shaped_stars": (lambda: single_table("reviews", reviews(J)), lambda: single_table("reviews", reviews(PEAK))),
    "forced_reviews": (lambda: forced_and_voluntary(PEAK, J), lambda: forced_and_voluntary(J, J)),
    "forced_ratings_fall": (lambda: forced_and_voluntary(FALLEN, J), lambda: forced_and_voluntary(J, J)),
    "five_star_share": (lambda: single_table("reviews", reviews(J)), lambda: single_table("reviews", reviews(PEAK))),
    "star_habits": (
        lambda: single_table("reviews", habitual_reviews(0.18)),
        lambda: single_table("reviews", habitual_reviews(0.6)),
    ),
    "review_lengths": (lambda: single_table("reviews", texts(20)), lambda: single_table("reviews", texts(8))),
    "reputation_premium": (
        lambda: single_table("offers", offers(price=-4, reputation=0.3)),
        lambda: single_table("offers", offers(price=-4, reputation=-1)),
    ),
    "position_effect": (
        lambda: single_table("offers", offers()),
        lambda: single_table("offers", offers(position=-0.6)),
    ),
    "position_bias": (lambda: single_table("choices", choices(1)), lambda: single_table("choices", choices(10))),
    "price_dispersion": (
        lambda: single_table("listings", moved_listings(1.0)),
        lambda: single_table("listings", moved_listings(0.05)),
    ),
    "repeat_purchases": (
        lambda: single_table("purchases", purchases(0.33)),
        lambda: single_table("purchases", purchases(0.0)),
    ),
    "uneven_sales": (
        lambda: make_evidence((make_arm(), sales_tables((0.5, 0.25, 0.15, 0.1)))),
        lambda: make_evidence((make_arm(), sales_tables((0.25, 0.25, 0.25, 0.25)))),
    ),
}
"""For every fact, evidence known to show it and evidence known not to show it."""
