"""Real reviews have a certain length, and a certain distribution of lengths."""

from typing import Any

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.marketplace.review_texts import capped_lengths
from experiments.facts.measures import capped_words, mean_of_people
from experiments.facts.reference import Reference
from experiments.frames import Array, column
from sandbox.core import Question, Reply
from sandbox.core.seeds import uniform

MIN_REVIEWS = 20
"""Reviews that a world needs."""
CUTS = (1, 2, 4, 6, 9, 13, 18, 24, 29)
"""Lengths in words up to which reviews are counted."""


def mean_lengths(tables: Tables) -> pd.Series:
    """Return the mean number of words of each seed's reviews."""

    def words(rows: pd.DataFrame) -> float:
        return capped_words(column(rows, "text").fillna("")) if len(rows) >= MIN_REVIEWS else float("nan")

    return per_seed(tables["reviews"], words)


def cumulative_length_shares(reviews: pd.DataFrame) -> Array:
    """Return the mean over people of the share of their reviews that have at most `CUTS` words, (9,)."""
    at_most = capped_lengths(reviews)[:, None] <= CUTS
    return mean_of_people(at_most, column(reviews, "person"))


def write_as_long(question: Question[Any]) -> Reply:
    """Write 30 words in 44 % of reviews and any smaller number otherwise, which is close to what people do."""
    point = uniform(question.seed, b"length")
    return " ".join(["word"] * (30 if point < 0.44 else 1 + int(25 * (point - 0.44) / 0.56)))


REFERENCE = Reference(21.9193, 19.0768, 23.9193, num_people=83)

FACT = Fact(
    name="review_lengths",
    statement="Real reviews have 22 words on average, counting at most 30 words of each.",
    citation="Amazon Reviews 2023: Hou et al. (2024), arXiv:2403.03952; 83 unseen people, measured by `measure_people`",
    measure="mean number of words of a review, counting at most 30",
    statistic=mean_lengths,
    band=REFERENCE.around(2.0),
    needs=Needs({"reviews": ("text",)}, world={"reviews": ("on", "forced")}),
    reference=REFERENCE,
    controls=Controls(
        shows={"as long as people": {"text": write_as_long}},
        lacks={"one word": {"text": lambda question: "Good."}, "thirty words": {"text": lambda question: "so " * 30}},
    ),
    note="The market truncates reviews at 30 words, so longer reviews of real people count as 30.",
)

ITEM = SampleItem(
    name="review_length",
    level="distribution",
    measure="cumulative shares of lengths in words, mean over people (Cramér-von Mises distance)",
    statistic=cumulative_length_shares,
    reference=measured_reference(__file__, "review_length"),
)
