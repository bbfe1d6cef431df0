"""Knowing what others chose makes success less predictable."""

import numpy as np
import pandas as pd

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.arms import INDEPENDENT, MIN_WORLDS, mean_subsample_difference
from experiments.facts.marketplace.influence_inequality import TABLES
from experiments.facts.reference import Band


def unpredictability(shares: pd.DataFrame) -> pd.Series:
    """Return how much market shares differ between worlds, averaged over goods and pairs of worlds, by world.

    The values' mean is the unpredictability of Salganik, Dodds and Watts (2006). Because pairs share worlds, the values
    are the jackknife's pseudo-values (Efron and Stein 1981, doi:10.1214/aos/1176345462), whose spread is that of the
    mean.
    """
    values = shares.to_numpy(float)
    number = values.shape[1]
    distances = np.abs(values[:, :, None] - values[:, None, :]).mean(axis=0)
    own = distances.sum(axis=0) / (number - 1)
    pseudo = (2 * (number - 1) * own - number * own.mean()) / (number - 2)
    return pd.Series(pseudo, index=shares.columns)


def unpredictability_difference(influenced: Tables, independent: Tables) -> pd.Series:
    """Return the unpredictability with influence minus that without, by seed, for equally many choices."""
    return mean_subsample_difference(
        lambda social, alone: unpredictability(social) - unpredictability(alone), influenced, independent
    )


FACT = Fact(
    name="influence_unpredictability",
    statement="If people know what others chose, worlds with the same goods diverge more.",
    citation="Salganik, Dodds and Watts (2006), Science 311:854, doi:10.1126/science.1121066: 14,341 people, 8 worlds",
    measure="mean distance of a good's market shares in two worlds, with social influence minus without",
    statistic=unpredictability_difference,
    band=Band(0, 1, "the direction"),
    needs=Needs(TABLES, seeds=MIN_WORLDS, partner=INDEPENDENT),
    note="Every world is subsampled to as many choices as the smallest world has, since shares of fewer choices differ "
    "more by counting alone.",
)
