"""Knowing what others chose makes success more unequal."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs
from experiments.facts.marketplace.arms import INDEPENDENT, MIN_WORLDS, mean_over_thinnings
from experiments.facts.measures import Frame
from worlds.marketplace.measures import gini

TABLES = {"offers": ("listing", "title", "chosen"), "listings": ("id",)}


def more_unequal(influenced: Tables, independent: Tables) -> Frame:
    """Gini of market shares with influence less that without, by seed, of equally many choices."""
    return mean_over_thinnings(lambda one, other: _inequality(one) - _inequality(other), influenced, independent)


def _inequality(shares: Frame) -> Frame:
    return shares.apply(lambda share: gini(list(share)))


FACT = Fact(
    name="influence_inequality",
    statement="Where people know what others chose, success is more unequal than where they do not.",
    citation="Salganik, Dodds and Watts (2006), Science 311:854, doi:10.1126/science.1121066: 14,341 people, 8 worlds",
    measure="Gini of market shares with social influence, less that without",
    statistic=more_unequal,
    band=Band(0, 1, "the direction"),
    needs=Needs(TABLES, seeds=MIN_WORLDS, partner=INDEPENDENT),
    note="Every world is thinned to as many choices as the one with the fewest. Reviews also tell what is good, which "
    "downloads in the experiment did not.",
)
