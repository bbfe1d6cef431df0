"""A few products sell very well."""

import pandas as pd

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.arms import demand
from experiments.facts.reference import Band
from experiments.frames import column

MIN_CHOICES = 100
"""Choices that a world needs to have a tail."""


def tail_weight(counts: pd.Series) -> float:
    """Return the squared coefficient of variation of popularity without counting noise: (variance - mean) / mean^2.

    It is 0 if all products are equally popular and sales are Poisson, 1 if popularity is exponential, and above 1 for
    a heavy tail.
    """
    counts = counts.dropna()
    mean = counts.mean()
    return float((counts.var() - mean) / mean**2) if counts.sum() >= MIN_CHOICES else float("nan")


def tail_weights(tables: Tables) -> pd.Series:
    """Return the weight of the tail of each seed."""
    counts = demand(tables)
    return pd.Series({int(seed): tail_weight(column(counts, seed)) for seed in counts}, dtype=float)


FACT = Fact(
    name="heavy_tailed_sales",
    label="heavy-tailed sales",
    statement="Sales are more unequal than an exponential distribution: a power law is a good first approximation.",
    citation="Brynjolfsson, Hu and Smith (2003), Management Science 49(11), doi:10.1287/mnsc.49.11.1580.20580; "
    "(2010), The Longer Tail, doi:10.2139/ssrn.1679991",
    measure="squared coefficient of variation of how often each listing is chosen, minus counting noise",
    statistic=tail_weights,
    band=Band(1, float("inf"), "an exponential distribution has 1, and a heavy tail has more"),
    needs=Needs({"offers": ("listing", "chosen"), "listings": ("id",)}),
    note="Their slopes of log sales on log rank come from hundreds of thousands of books and are not comparable. A "
    "listing that arrived late had less time to sell, which adds inequality.",
)
