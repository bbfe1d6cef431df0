"""Ratings that people give voluntarily are J-shaped."""

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.behaviours import HUMAN_SHARES, give_stars
from experiments.facts.measures import hook, star_shares
from experiments.facts.reference import Band, Reference
from experiments.frames import column

MIN_REVIEWS = 20
"""Reviews that a world needs to have a shape."""


def hooks_by_seed(tables: Tables) -> pd.Series:
    """Return the hook of each seed's ratings; NaN if there are too few."""

    def hook_of_world(rows: pd.DataFrame) -> float:
        return hook(star_shares(column(rows, "stars"))) if len(rows) >= MIN_REVIEWS else float("nan")

    return per_seed(tables["reviews"], hook_of_world)


FACT = Fact(
    name="j_shaped_stars",
    label="J-shaped stars",
    statement="Most reviews give five stars, some give one, and few are in between.",
    citation="Hu, Zhang and Pavlou (2009), Communications of the ACM 52(10), doi:10.1145/1562764.1562800",
    measure="the smallest of the drops from five to four, one to two and five to one stars (share of reviews)",
    statistic=hooks_by_seed,
    band=Band(0, 1, "both ends of a J are above their neighbours"),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("on",)}),
    reference=Reference(0.0651, 0.0353, 0.0994, num_people=83),
    controls=Controls(
        shows={"as people do": {"stars": give_stars(HUMAN_SHARES)}},
        lacks={"one peak": {"stars": give_stars((1, 2, 4, 2, 1))}, "evenly": {"stars": give_stars((1, 1, 1, 1, 1))}},
    ),
    note="A U shape with more fives than ones passes too; `five_star_share` distinguishes the two.",
)
