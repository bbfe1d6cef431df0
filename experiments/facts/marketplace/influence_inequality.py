"""Knowing what others chose makes success more unequal."""

from typing import cast

import pandas as pd

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.arms import INDEPENDENT, MIN_WORLDS, mean_subsample_difference
from experiments.facts.reference import Band
from worlds.marketplace.metrics import gini

TABLES = {"offers": ("listing", "title", "chosen"), "listings": ("id",)}


def inequality_difference(influenced: Tables, independent: Tables) -> pd.Series:
    """Return the Gini of market shares with influence minus that without, by seed, for equally many choices."""
    return mean_subsample_difference(
        lambda social, alone: _inequality(social) - _inequality(alone), influenced, independent
    )


def _inequality(shares: pd.DataFrame) -> pd.Series:
    return cast("pd.Series", shares.apply(lambda share: gini(list(share))))


FACT = Fact(
    name="influence_inequality",
    statement="If people know what others chose, success is more unequal than if they do not.",
    citation="Salganik, Dodds and Watts (2006), Science 311:854, doi:10.1126/science.1121066: 14,341 people, 8 worlds",
    measure="Gini of market shares with social influence, minus that without",
    statistic=inequality_difference,
    band=Band(0, 1, "the direction"),
    needs=Needs(TABLES, seeds=MIN_WORLDS, partner=INDEPENDENT),
    note="Every world is subsampled to as many choices as the smallest world has. Reviews also tell people what is "
    "good, which the download counts of the experiment did not.",
)
