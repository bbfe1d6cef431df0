"""Real reviews have a certain length, and a certain distribution of lengths."""

from typing import Any

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.item import SampleItem
from experiments.facts.marketplace.review_texts import texts_of
from experiments.facts.measures import capped_words, earth_mover, word_shares
from experiments.facts.reference import Reference
from experiments.frames import Array, column
from sandbox.core import Question, Reply
from sandbox.core.seeds import uniform

MIN_REVIEWS = 20
"""Reviews that a world needs."""


def mean_lengths(tables: Tables) -> pd.Series:
    """Return the mean number of words of each seed's reviews."""

    def words(rows: pd.DataFrame) -> float:
        return capped_words(column(rows, "text").fillna("")) if len(rows) >= MIN_REVIEWS else float("nan")

    return per_seed(tables["reviews"], words)


def length_shares(reviews: pd.DataFrame) -> Array:
    """Return the share of reviews with 1, 2, ..., 30 or more words."""
    return word_shares(texts_of(reviews))


def write_as_long(question: Question[Any]) -> Reply:
    """Write 30 words in 44 % of reviews and any smaller number otherwise, which is close to what people do."""
    point = uniform(question.seed, b"length")
    return " ".join(["word"] * (30 if point < 0.44 else 1 + int(25 * (point - 0.44) / 0.56)))


REFERENCE = Reference(20.0303, 18.7982, 21.1415, num_people=352)

FACT = Fact(
    name="review_lengths",
    statement="Real reviews have 20 words on average, counting at most 30 words of each.",
    citation="Amazon Reviews 2023: Hou et al. (2024), arXiv:2403.03952; 352 people, measured by `measure_people`",
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
    distance_measure="Wasserstein distance of the lengths of reviews, counting at most 30 words (words)",
    statistic=length_shares,
    distance=earth_mover,
    reference=Reference(
        distribution=(
            0.0209, 0.0421, 0.03, 0.0274, 0.0235, 0.0274, 0.0262, 0.0297, 0.025, 0.0241,
            0.0203, 0.0194, 0.0182, 0.0185, 0.0188, 0.0197, 0.0141, 0.0141, 0.0156, 0.0153,
            0.0165, 0.0147, 0.0106, 0.0124, 0.0109, 0.0112, 0.0106, 0.0118, 0.0091, 0.4419,
        ),
        num_people=352,
        sampling_distance=2.5227,
    ),
)  # fmt: skip
