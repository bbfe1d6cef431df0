"""People have rating habits."""

import math

import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.measures import between_share
from experiments.facts.reference import Reference
from experiments.frames import column, entries_where, rows_where

MIN_PEOPLE = 10
"""People with two reviews or more."""


def habit(reviews: pd.DataFrame) -> float:
    """Return the share of the ratings' variance that lies between people; NaN if too few people rated twice."""
    counts = column(reviews, "buyer").value_counts()
    repeated = rows_where(reviews, column(reviews, "buyer").isin(entries_where(counts, counts > 1).index))
    is_enough = (counts > 1).sum() >= MIN_PEOPLE
    return between_share(column(repeated, "stars").astype(float), column(repeated, "buyer")) if is_enough else math.nan


def habits_by_seed(tables: Tables) -> pd.Series:
    """Return the habit of each seed."""
    return per_seed(tables["reviews"], habit)


def habit_of_sample(reviews: pd.DataFrame) -> float:
    """Return the share of the ratings' variance that lies between people, however few they are."""
    return between_share(column(reviews, "stars"), column(reviews, "person"))


REFERENCE = Reference(0.1957, 0.1213, 0.2888, num_people=83)

FACT = Fact(
    name="star_habits",
    statement="Some people give more stars than others, whatever they bought.",
    citation="Amazon Reviews 2023: Hou et al. (2024), arXiv:2403.03952; 83 unseen people, measured by `measure_people`",
    measure="share of the ratings' variance that lies between people (intraclass correlation)",
    statistic=habits_by_seed,
    band=REFERENCE.around(0.05),
    needs=Needs({"reviews": ("buyer", "stars")}, world={"reviews": ("on", "forced")}),
    reference=REFERENCE,
    note="The agents' profiles contain the rating habits of the same reviewers.",
)

ITEM = SampleItem(
    name="star_habits",
    level="variance",
    measure=FACT.measure,
    statistic=habit_of_sample,
    reference=measured_reference(__file__, "star_habits"),
)
