"""People have rating habits."""

import math
from typing import Any

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.marketplace.behaviours import HUMAN_SHARES, give_stars, personal_number
from experiments.facts.measures import between_share
from experiments.facts.reference import Reference
from experiments.frames import column, entries_where, rows_where
from sandbox.core import Question, Reply

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


def rate_by_habit(question: Question[Any]) -> Reply:
    """Be one of the satisfied or one of the critical, whatever was bought."""
    is_satisfied = personal_number(question, b"satisfied") < 0.6
    return [0.015, 0.01, 0.03, 0.09, 0.855] if is_satisfied else [0.16, 0.085, 0.15, 0.22, 0.385]


def rate_by_rote(question: Question[Any]) -> Reply:
    """Give everything the same stars."""
    return [float(stars == int(5 * personal_number(question, b"rote"))) + 1e-9 for stars in range(5)]


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
    controls=Controls(
        shows={"two kinds": {"stars": rate_by_habit}},
        lacks={
            "all alike": {"stars": give_stars(HUMAN_SHARES)},
            "always the same": {"stars": rate_by_rote},
        },
    ),
    note="The agents' profiles contain the rating habits of the same reviewers.",
)

ITEM = SampleItem(
    name="star_habits",
    level="variance",
    measure=FACT.measure,
    statistic=habit_of_sample,
    reference=measured_reference(__file__, "star_habits"),
)
