"""People have habits of giving stars."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs, per_seed
from experiments.facts.measures import Frame, between_share
from experiments.facts.people import around

MIN_PEOPLE = 10
"""People with two reviews or more."""


def habit(reviews: Frame) -> float:
    """Share of the stars' variance that lies between people; NaN where too few gave stars twice."""
    often = reviews["buyer"].value_counts()
    known = reviews[reviews["buyer"].isin(often[often > 1].index)]
    enough = (often > 1).sum() >= MIN_PEOPLE
    return between_share(known["stars"].astype(float), known["buyer"]) if enough else float("nan")


def habits(tables: Tables) -> Frame:
    """The habit of each seed."""
    return per_seed(tables["reviews"], habit)


FACT = Fact(
    name="star_habits",
    statement="Some people give more stars than others, whatever they bought.",
    citation="Amazon Reviews 2023: Hou et al. (2024), arXiv:2403.03952; 352 people, experiments.facts.measure",
    measure="share of the stars' variance that lies between people (intraclass correlation)",
    statistic=habits,
    band=around("star_habits", 0.05),
    needs=Needs({"reviews": ("buyer", "stars")}, world={"reviews": ("on", "forced")}),
    note="People of the shipped population have the star habits of the same reviewers in their profiles.",
)
