"""Two out of three real reviews give five stars."""

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.behaviours import HUMAN_SHARES, give_stars
from experiments.facts.reference import Reference
from experiments.frames import column

MIN_REVIEWS = 20
"""Reviews that a world needs."""


def five_star_shares(tables: Tables) -> pd.Series:
    """Return the share of five-star reviews of each seed."""

    def share(rows: pd.DataFrame) -> float:
        enough = len(rows) >= MIN_REVIEWS
        return float((column(rows, "stars").astype(int) == 5).mean()) if enough else float("nan")

    return per_seed(tables["reviews"], share)


REFERENCE = Reference(0.6627, 0.5993, 0.7153, num_people=83)

FACT = Fact(
    name="five_star_share",
    label="five-star share",
    statement="Two out of three real reviews give five stars.",
    citation="Amazon Reviews 2023: Hou et al. (2024), arXiv:2403.03952; 83 unseen people, measured by `measure_people`",
    measure="share of reviews with five stars",
    statistic=five_star_shares,
    band=REFERENCE.around(0.05),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("on",)}),
    reference=REFERENCE,
    controls=Controls(
        shows={"as people do": {"stars": give_stars(HUMAN_SHARES)}},
        lacks={"evenly": {"stars": give_stars((1, 1, 1, 1, 1))}, "always five": {"stars": give_stars((0, 0, 0, 0, 1))}},
    ),
    note="The agents' profiles contain the rating habits of the same reviewers. The rule mind reads them, so the fact "
    "does not test that mind.",
)
