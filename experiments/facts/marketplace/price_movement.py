"""Prices move: lasting dispersion must not simply be the dispersion of the start."""

import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.price_dispersion import MIN_STEPS
from experiments.facts.reference import Band
from experiments.frames import column

MIN_CHANGE = 0.01
"""Share of its first price by which a price must differ from it to have moved."""


def moved_shares(tables: Tables) -> pd.Series:
    """Return the share of each seed's listings whose price has moved."""

    def share(rows: pd.DataFrame) -> float:
        change = (column(rows, "price") / column(rows, "first_price") - 1).abs()
        return float((change > MIN_CHANGE).mean())

    return per_seed(tables["listings"], share)


FACT = Fact(
    name="price_movement",
    statement="Dispersed prices are not frozen: the cheapest seller changes over time.",
    citation="Baye, Morgan and Scholten (2006), Information, Search, and Price Dispersion, Handbook on Economics and "
    "Information Systems",
    measure="share of the listings whose price differs from their first price by more than 1 %",
    statistic=moved_shares,
    band=Band(0.1, float("inf"), "more than a tenth of all prices, so that the start does not explain the end"),
    needs=Needs({"listings": ("price", "first_price")}, steps=MIN_STEPS),
    note="The table does not contain the listings of sellers who left.",
)
