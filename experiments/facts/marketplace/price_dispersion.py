"""Prices of similar goods do not converge."""

import numpy as np
import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Band

MIN_STEPS = 20
"""Steps that prices need to be able to converge."""
FIRST, LAST = 0.1, 0.25
"""Shares of the steps that count as the start and as the end."""


def remaining_dispersion(metrics: pd.DataFrame) -> float:
    """Return dispersion at the end relative to dispersion at the start."""
    series = metrics.sort_values("step")["price_cv"].to_numpy(float)
    first, last = (max(1, round(share * len(series))) for share in (FIRST, LAST))
    start, end = series[:first].mean(), series[-last:].mean()
    return float(end / start) if start > 0 else float("nan")


def ratios_by_seed(tables: Tables) -> pd.Series:
    """Return the ratio of each seed."""
    return per_seed(tables["metrics"], remaining_dispersion).replace(np.inf, np.nan)


FACT = Fact(
    name="price_dispersion",
    statement="The prices that different sellers ask for similar goods remain dispersed, however long one observes.",
    citation="Baye, Morgan and Scholten (2002), Persistent Price Dispersion in Online Markets: 36 products, over 20 "
    "firms each, 18 months; survey: Baye, Morgan and Scholten (2006), Handbook on Economics and Information Systems",
    measure="coefficient of variation of prices in a category, last quarter over first tenth of the steps (ratio)",
    statistic=ratios_by_seed,
    band=Band(0.5, 2, "prices neither converge, which is a ratio of 0, nor diverge"),
    needs=Needs({"metrics": ("step", "price_cv")}, steps=MIN_STEPS),
    note="Their products are identical; here the goods of a category differ, so the trend is comparable and the level "
    "is not. Whether prices move at all is `price_movement`.",
)
