"""Two of three real reviews give five stars."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs, per_seed
from experiments.facts.measures import Frame
from experiments.facts.people import around

MIN_REVIEWS = 20
"""Reviews that a world needs."""


def five_stars(tables: Tables) -> Frame:
    """Share of five stars of each seed."""

    def share(rows: Frame) -> float:
        return float((rows["stars"].astype(int) == 5).mean()) if len(rows) >= MIN_REVIEWS else float("nan")

    return per_seed(tables["reviews"], share)


FACT = Fact(
    name="five_star_share",
    statement="Two of three real reviews give five stars.",
    citation="Amazon Reviews 2023: Hou et al. (2024), arXiv:2403.03952; 352 people, experiments.facts.measure",
    measure="share of reviews with five stars",
    statistic=five_stars,
    band=around("five_star_share", 0.05),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("on",)}),
    note="People of the shipped population have the star habits of the same reviewers in their profiles, and the rule "
    "reads them: for it this is no test.",
)
