"""Prices of like goods do not converge."""

import numpy as np

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs, per_seed
from experiments.facts.measures import Frame

MIN_STEPS = 20
"""Steps that prices must have had to meet."""
FIRST, LAST = 0.1, 0.25
"""Shares of the steps that count as start and as end."""


def lasting(metrics: Frame) -> float:
    """Dispersion at the end over dispersion at the start."""
    series = metrics.sort_values("step")["price_cv"].to_numpy(float)
    first, last = (max(1, round(share * len(series))) for share in (FIRST, LAST))
    start, end = series[:first].mean(), series[-last:].mean()
    return float(end / start) if start > 0 else float("nan")


def ratios(tables: Tables) -> Frame:
    """The ratio of each seed."""
    return per_seed(tables["metrics"], lasting).replace(np.inf, np.nan)


FACT = Fact(
    name="price_dispersion",
    statement="The prices that different sellers ask for like goods stay apart for as long as one looks.",
    citation="Baye, Morgan and Scholten (2002), Persistent Price Dispersion in Online Markets: 36 products, over 20 "
    "firms each, 18 months; survey: Baye, Morgan and Scholten (2006), Handbook on Economics and Information Systems",
    measure="coefficient of variation of prices in a category, last quarter over first tenth of the steps (ratio)",
    statistic=ratios,
    band=Band(0.5, 2, "prices neither meet, which is a ratio of 0, nor fly apart"),
    needs=Needs({"metrics": ("step", "price_cv")}, steps=MIN_STEPS),
    note="Theirs are equal products; here goods of a category differ, so the level is not comparable, the trend is. "
    "That prices move at all is `price_movement`.",
)
