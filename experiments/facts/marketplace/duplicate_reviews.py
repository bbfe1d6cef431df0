"""Two people seldom write the same review word for word."""

import pandas as pd

from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.marketplace.review_texts import texts_of
from experiments.facts.measures import equalities, similarity_between
from experiments.frames import column


def duplicate_probability(reviews: pd.DataFrame) -> float:
    """Return the probability that reviews by two people are the same."""
    return similarity_between(equalities(texts_of(reviews)), column(reviews, "person"))


ITEM = SampleItem(
    name="duplicate_reviews",
    level="homogeneity",
    measure="probability that reviews by two people are the same word for word, mean over pairs of people",
    statistic=duplicate_probability,
    reference=measured_reference(__file__, "duplicate_reviews"),
)
