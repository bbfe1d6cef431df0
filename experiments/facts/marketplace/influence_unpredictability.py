"""Knowing what others chose makes success less predictable."""

import numpy as np
import pandas as pd

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs
from experiments.facts.marketplace.arms import INDEPENDENT, MIN_WORLDS, mean_over_thinnings
from experiments.facts.marketplace.influence_inequality import TABLES
from experiments.facts.measures import Frame


def unpredictability(shares: Frame) -> Frame:
    """How far apart the worlds' market shares lie, on average over goods and pairs of worlds, as a value by world.

    The values' mean is the unpredictability of Salganik, Dodds and Watts (2006). Worlds share pairs, so the values are
    the jackknife's pseudo-values (Efron and Stein 1981, doi:10.1214/aos/1176345462), whose spread is that of the mean.
    """
    values = shares.to_numpy(float)
    number = values.shape[1]
    apart = np.abs(values[:, :, None] - values[:, None, :]).mean(axis=0)
    own = apart.sum(axis=0) / (number - 1)
    pseudo = (2 * (number - 1) * own - number * own.mean()) / (number - 2)
    return pd.Series(pseudo, index=shares.columns)


def less_predictable(influenced: Tables, independent: Tables) -> Frame:
    """Unpredictability with influence less that without, by seed, of equally many choices."""
    return mean_over_thinnings(
        lambda one, other: unpredictability(one) - unpredictability(other), influenced, independent
    )


FACT = Fact(
    name="influence_unpredictability",
    statement="Where people know what others chose, worlds with the same goods end further apart.",
    citation="Salganik, Dodds and Watts (2006), Science 311:854, doi:10.1126/science.1121066: 14,341 people, 8 worlds",
    measure="mean distance of a good's market shares in two worlds, with social influence less without",
    statistic=less_predictable,
    band=Band(0, 1, "the direction"),
    needs=Needs(TABLES, seeds=MIN_WORLDS, partner=INDEPENDENT),
    note="Every world is thinned to as many choices as the one with the fewest, since shares of fewer choices lie "
    "further apart by counting alone.",
)
