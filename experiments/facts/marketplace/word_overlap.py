"""How similar the words of two reviews are."""

import pandas as pd

from experiments.facts.item import SampleItem
from experiments.facts.marketplace.review_texts import texts_of
from experiments.facts.measures import absolute_difference, word_overlap
from experiments.facts.reference import Reference


def overlap_of_reviews(reviews: pd.DataFrame) -> float:
    """Return the mean similarity of two reviews."""
    return word_overlap(texts_of(reviews))


ITEM = SampleItem(
    name="word_overlap",
    level="homogeneity",
    distance_measure="difference in the mean Jaccard similarity of two reviews' words",
    statistic=overlap_of_reviews,
    distance=absolute_difference,
    reference=Reference(0.0473, num_people=352, sampling_distance=0.0082),
)
