"""How similar the words of two people's reviews are."""

import pandas as pd

from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.marketplace.review_texts import texts_of
from experiments.facts.measures import similarity_between, word_similarities
from experiments.frames import column


def overlap_between(reviews: pd.DataFrame) -> float:
    """Return the mean similarity of two reviews by different people."""
    return similarity_between(word_similarities(texts_of(reviews)), column(reviews, "person"))


ITEM = SampleItem(
    name="word_overlap",
    level="homogeneity",
    measure="Jaccard similarity of the words of two people's reviews, mean over pairs of people",
    statistic=overlap_between,
    reference=measured_reference(__file__, "word_overlap"),
)
