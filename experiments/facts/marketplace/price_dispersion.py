"""Prices of similar goods stay dispersed although they keep moving."""

from typing import Any, cast

import numpy as np
import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Band
from experiments.frames import column, rows_where
from sandbox.core import Question, Reply
from worlds.marketplace.people import PRICE_MOVES

MIN_STEPS = 20
"""Steps that prices need to be able to converge."""
MIN_CHANGE = 0.01
"""Share of its first price by which a price must differ from it to have moved."""


def remaining_dispersion(listings: pd.DataFrame) -> float:
    """Return how dispersed the goods' prices are now relative to their first prices, if prices move.

    Dispersion is the standard deviation of prices over their category's mean; the goods are those that are on offer at
    the end. The ratio is multiplied by the share of goods whose price has moved, so that frozen prices do not pass for
    persistent dispersion.
    """
    offered = rows_where(listings, column(listings, "offered").astype(bool))
    if len(offered) < 2:
        return float("nan")
    change = (column(offered, "price") / column(offered, "first_price") - 1).abs().to_numpy(float)
    start, end = (_dispersion(offered, price) for price in ("first_price", "price"))
    return float((change > MIN_CHANGE).mean()) * end / start if start > 0 else float("nan")


def _dispersion(listings: pd.DataFrame, price: str) -> float:
    means = cast("pd.Series", listings.groupby("category")[price].transform("mean"))
    return float(np.std((column(listings, price) / means).to_numpy(float)))


def ratios_by_seed(tables: Tables) -> pd.Series:
    """Return the ratio of each seed."""
    return per_seed(tables["listings"], remaining_dispersion)


def _move(**weights: float) -> Reply:
    return [weights.get(key, 0.0) for key in PRICE_MOVES]


def wander(question: Question[Any]) -> Reply:
    """Move the price up or down a little, whatever others do."""
    return _move(up5=1, down5=1)


def follow_the_cheapest(question: Question[Any]) -> Reply:
    """Approach the price of the cheapest rival from either side."""
    lead = question.facts["lead"] or 0.0
    return _move(up10=1) if lead > 0.1 else _move(up5=1) if lead > 0.025 else _approach_from_above(lead)


def _approach_from_above(lead: float) -> Reply:
    return _move(down10=1) if lead < -0.05 else _move(down5=1) if lead < -0.025 else _move(keep=1)


def part_ways(question: Question[Any]) -> Reply:
    """Raise a price that is above the cheapest rival's, and lower one that is not."""
    return _move(up10=1) if (question.facts["lead"] or 0.0) < -0.15 else _move(down10=1)


FACT = Fact(
    name="price_dispersion",
    statement="The prices that different sellers ask for similar goods remain dispersed, however long one observes, "
    "and it is not always the same seller who is cheap.",
    citation="Baye, Morgan and Scholten (2002), Persistent Price Dispersion in Online Markets: 36 products, over 20 "
    "firms each, 18 months; survey: Baye, Morgan and Scholten (2006), Handbook on Economics and Information Systems",
    measure="dispersion of the prices at the end over that of the same goods' first prices, times the share of goods "
    "whose price has moved by more than 1 % (ratio)",
    statistic=ratios_by_seed,
    band=Band(0.6, 1.6, "prices move, and neither converge nor diverge"),
    needs=Needs({"listings": ("price", "first_price", "category", "offered")}, steps=MIN_STEPS),
    controls=Controls(
        shows={"wandering": {"price": wander}},
        lacks={
            "converging": {"price": follow_the_cheapest},
            "frozen": {"price": lambda question: _move(keep=1)},
            "diverging": {"price": part_ways},
        },
        settings=("steps=30", "world.rent=0", "world.entry=0"),
    ),
    note="Their products are identical; here the goods of a category differ, so the trend is comparable and the level "
    "is not. Sellers who set prices at random pass: the fact speaks against convergence, not for intelligence.",
)
