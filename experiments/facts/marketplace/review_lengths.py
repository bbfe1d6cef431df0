"""People write reviews of a certain length."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs, per_seed
from experiments.facts.measures import Frame, capped_words
from experiments.facts.people import around

MIN_REVIEWS = 20
"""Reviews that a world needs."""


def lengths(tables: Tables) -> Frame:
    """Mean words of each seed's reviews."""

    def words(rows: Frame) -> float:
        return capped_words(rows["text"].fillna("")) if len(rows) >= MIN_REVIEWS else float("nan")

    return per_seed(tables["reviews"], words)


FACT = Fact(
    name="review_lengths",
    statement="Real reviews have 20 words on average where no more than 30 of each count.",
    citation="Amazon Reviews 2023: Hou et al. (2024), arXiv:2403.03952; 352 people, experiments.facts.measure",
    measure="mean words of a review, of which no more than 30 count",
    statistic=lengths,
    band=around("review_words", 2.0),
    needs=Needs({"reviews": ("text",)}, world={"reviews": ("on", "forced")}),
    note="The market cuts reviews at 30 words, so longer ones of real people count as 30.",
)
