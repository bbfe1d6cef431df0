"""Knowing what others chose makes success less predictable."""

import numpy as np
import pandas as pd

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs
from experiments.facts.marketplace.arms import INDEPENDENT, market_shares
from experiments.facts.marketplace.influence_inequality import MIN_WORLDS, TABLES
from experiments.facts.measures import Frame


def unpredictability(shares: Frame) -> Frame:
    """How far a world's market shares lie from those of the other worlds, on average over goods and worlds.

    The mean over worlds is the unpredictability of Salganik, Dodds and Watts (2006).
    """
    values = shares.to_numpy(float)
    apart = np.abs(values[:, :, None] - values[:, None, :]).mean(axis=0)
    return pd.Series(apart.sum(axis=0) / (values.shape[1] - 1), index=shares.columns)


def less_predictable(influenced: Tables, independent: Tables) -> Frame:
    """Unpredictability with influence less that without, by seed."""
    return (unpredictability(market_shares(influenced)) - unpredictability(market_shares(independent))).dropna()


FACT = Fact(
    name="influence_unpredictability",
    statement="Where people know what others chose, worlds with the same goods end further apart.",
    citation="Salganik, Dodds and Watts (2006), Science 311:854, doi:10.1126/science.1121066: 14,341 people, 8 worlds",
    measure="mean distance of a good's market shares in two worlds, with social influence less without",
    statistic=less_predictable,
    band=Band(0, 1, "the direction"),
    needs=Needs(TABLES, seeds=MIN_WORLDS, partner=INDEPENDENT),
    note="Each seed's value uses all other seeds of its arm, so the interval is approximate. Shares of fewer choices "
    "lie further apart by counting alone, so the arms should have chosen about as often.",
)
