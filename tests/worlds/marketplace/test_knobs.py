"""Every parameter and every intervention of the marketplace does what theory says: rule agents, paired seeds."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from sandbox.core import World
from tests.worlds.knob import MIN_T, Knob, build_rule_worlds, paired_t, stack_outcomes
from worlds.marketplace import Marketplace
from worlds.marketplace.settings import MarketParams

STEPS, BUYERS = 14, 60
SIZE = ("world.num_sellers=6", "world.spare_places=3")
LAST = 5
"""Steps at the end over which metrics are averaged."""


KNOBS = (
    Knob("num_sellers", "world.num_sellers=3", "hhi_sales", 1, "fewer sellers share the market"),
    Knob("num_sellers", "world.num_sellers=2", "markup", 1, "less competition", "world.entry=0"),
    Knob("spare_places", "world.spare_places=14", "sellers", 1, "more may enter", "world.entry=0.5"),
    Knob("listings_per_seller", "world.listings_per_seller=6", "hhi_sales", -1, "every seller has more to offer"),
    Knob("categories", "world.categories.Electronics.usual_price=60", "surplus", 1, "dearer goods are worth more",
         "world.num_categories=16 world.rent=0"),
    Knob("num_categories", "world.num_categories=6", "conversion", -1, "each category has less to choose from"),
    Knob("goods", "world.goods=1", "seed_spread", -1, "all replicates trade the same goods",
         "world.num_categories=16 world.rent=0"),
    Knob("num_shown", "world.num_shown=8", "conversion", 1, "a larger choice is more often worth buying from"),
    Knob("ranking", "world.ranking=random", "conversion", -1, "what is shown fits less well"),
    Knob("ranking", "world.ranking=sales", "gini_sales", 1, "the rich get richer", "world.ranking=random"),
    Knob("ranking", "world.ranking=price", "gini_sales", 1, "the cheapest are always seen", "world.ranking=random"),
    Knob("ranking", "world.ranking=rating", "gini_sales", 1, "the best rated are always seen", "world.ranking=random"),
    Knob("sponsored_slots", "world.sponsored_slots=2", "sponsored_share", 1, "sold places shift sales",
         "world.sponsored_slots=1"),
    Knob("sponsored_slots", "world.sponsored_slots=4", "surplus", -1, "they crowd out what fits"),
    Knob("reviews", "world.reviews=on", "gini_sales", 1, "ratings concentrate sales",
         "world.demand=2 world.reviews=off"),
    Knob("reviews", "world.reviews=on", "quality_bought", 1, "ratings reveal quality", "world.reviews=off"),
    Knob("reviews", "world.reviews=forced", "five_star_share", -1, "the indifferent review too"),
    Knob("word_of_mouth", "world.word_of_mouth=true", "reached_share", 1, "it spreads", "world.word_of_mouth=false"),
    Knob("word_of_mouth", "world.word_of_mouth=true", "gini_sales", 1, "people buy what they are told about",
         "world.demand=2 world.word_of_mouth=false"),
    Knob("show_friends", "world.show_friends=true", "gini_sales", 1, "people buy what friends bought",
         "world.show_friends=false"),
    Knob("show_prices", "world.show_prices=true", "surplus", 1, "buyers avoid what is dear",
         "world.show_prices=false"),
    Knob("entry", "world.entry=0.5", "sellers", 1, "sellers enter", "world.entry=0"),
    Knob("entry", "world.entry=0.5", "markup", -1, "entry lowers prices", "world.entry=0"),
    Knob("demand", "world.demand=2", "profit", 1, "shops earn more"),
    Knob("income", "world.income=0.2", "total_sales", -1, "money runs out"),
    Knob("start_cash", "world.start_cash=0.5", "total_sales", -1, "dear goods are out of reach"),
    Knob("seller_cash", "world.seller_cash=5", "exits", -1, "reserves bridge losses"),
    Knob("rent", "world.rent=30", "exits", 1, "rent drives out"),
    Knob("stock", "world.stock=1", "total_sales", -1, "goods sell out"),
    Knob("margin", "world.margin=0.5", "mean_price", -1, "costs are lower, and competition passes that on"),
    Knob("cost_spread", "world.cost_spread=0.05", "price_cv", -1, "prices differ as costs do"),
    Knob("price_quality", "world.price_quality=0.9", "quality_bought", -1, "who saves buys worse goods"),
    Knob("taste", "world.taste=0", "mean_stars", -1, "what was chosen to fit pleases more"),
    Knob("quality_noise", "world.quality_noise=2", "mean_stars", -1, "the good are sometimes bad; stars end at 5"),
    Knob("tax", "world.tax=0.2", "mean_price", 1, "sellers pass it on"),
    Knob("tax", "world.tax=0.2", "total_sales", -1, "demand falls"),
    Knob("tax", "world.tax=0.2", "markup", -1, "they cannot pass on all of it"),
    Knob("tax intervention", "interventions=[{step: 4, do: tax, rate: 0.2}]", "mean_price", 1, "sellers pass it on"),
    Knob("fake_review intervention", "interventions=[{step: 2, do: fake_review, listing: 0, stars: 5, count: 40}]",
         "sold_first", 1, "planted praise sells"),
    Knob("ban intervention", "interventions=[{step: 4, do: ban, seller: 61}]", "exits", 1, "the banned leave"),
)  # fmt: skip


@cache
def play_seeds(*overrides: str) -> dict[str, np.ndarray]:
    """Return, by metric, a value for each seed."""
    worlds = build_rule_worlds(f"population.size={BUYERS}", f"steps={STEPS}", *SIZE, *overrides)
    values = stack_outcomes([_play_world(world) for world in worlds])
    return {**values, "seed_spread": np.abs(values["mean_price"] - values["mean_price"].mean())}


def _play_world(world: World[Any]) -> dict[str, float]:
    steps: list[dict[str, float | None]] = []
    for _ in range(STEPS):
        world.step()
        steps.append(world.latest_metrics)
    means = {name: float(np.mean([step[name] or 0.0 for step in steps[-LAST:]])) for name in steps[0]}
    sold = {row["id"]: float(row["sold"] or 0) for row in world.tables()["listings"]}
    return {**means, "total_sales": sum(step["sales"] or 0.0 for step in steps), "sold_first": sold[0]}


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: f"{knob.name}-{knob.metric}-{knob.change.split('=')[-1]}")
def test_a_knob_does_what_theory_says(knob: Knob) -> None:
    before = knob.before.split()
    change = paired_t(play_seeds(*before), play_seeds(*before, knob.change), knob.metric)
    assert knob.sign * change > MIN_T, knob.why


def test_every_parameter_and_intervention_is_shown_to_work() -> None:
    shown = {knob.name for knob in KNOBS}
    assert set(MarketParams.model_fields) <= shown
    assert {f"{name} intervention" for name in vars(Marketplace)["_interventions"]} <= shown
