"""Few products sell very much."""

import pandas as pd

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs
from experiments.facts.marketplace.arms import demand
from experiments.facts.measures import Frame

MIN_CHOICES = 100
"""Choices that a world needs to have a tail."""


def tail(counts: Frame) -> float:
    """Squared coefficient of variation of popularity, the noise of counting taken off: (variance - mean) / mean^2.

    0 where all are equally popular and sales are Poisson, 1 where popularity is exponential, above 1 for a heavy tail.
    """
    known = counts.dropna()
    mean = known.mean()
    return float((known.var() - mean) / mean**2) if known.sum() >= MIN_CHOICES else float("nan")


def tails(tables: Tables) -> Frame:
    """The tail of each seed."""
    counts = demand(tables)
    return pd.Series({int(seed): tail(counts[seed]) for seed in counts}, dtype=float)


FACT = Fact(
    name="heavy_tailed_sales",
    statement="Sales are unequal beyond an exponential distribution: a power law is a good first approximation.",
    citation="Brynjolfsson, Hu and Smith (2003), Management Science 49(11), doi:10.1287/mnsc.49.11.1580.20580; "
    "(2010), The Longer Tail, doi:10.2139/ssrn.1679991",
    measure="squared coefficient of variation of how often each listing is chosen, less the noise of counting",
    statistic=tails,
    band=Band(1, float("inf"), "an exponential distribution has 1, and a heavy tail is heavier"),
    needs=Needs({"offers": ("listing", "chosen"), "listings": ("id",)}),
    note="Their slopes of log sales on log rank come from hundreds of thousands of books and are not comparable. A "
    "listing that came late had less time to sell, which adds inequality.",
)
