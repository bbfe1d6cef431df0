"""If people must rate what they did not choose to rate, more of them give one star."""

import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.arms import VOLUNTARY
from experiments.facts.reference import Reference
from experiments.frames import column


def one_star_share(reviews: pd.DataFrame) -> float:
    """Return the share of ratings with one star."""
    return float((column(reviews, "stars").astype(int) == 1).mean())


def rise_of_one_star(forced: Tables, voluntary: Tables) -> pd.Series:
    """Return how much larger the share of one star is among forced ratings than among voluntary ones, by seed."""
    return (per_seed(forced["reviews"], one_star_share) - per_seed(voluntary["reviews"], one_star_share)).dropna()


REFERENCE = Reference(0.1298, 0.1097, 0.1515, num_people=239)

FACT = Fact(
    name="forced_ratings_fall",
    statement="If people must rate what they did not choose, the share of one star rises.",
    citation="Coat: Schnabel et al. (2016), arXiv:1602.05352; measured by `measure_people`",
    measure="share of one star among forced ratings minus that among voluntary ones",
    statistic=rise_of_one_star,
    band=REFERENCE.around(0.05),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("forced",)}, partner=VOLUNTARY),
    reference=REFERENCE,
    note="The people rated coats that they had only seen in pictures, and chose which ones to rate; in a market they "
    "choose what to buy in both arms, and only whether to rate it differs. `forced_reviews` is about the shape.",
)
