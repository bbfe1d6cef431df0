"""People write like themselves."""

import pandas as pd

from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.marketplace.review_texts import texts_of
from experiments.facts.measures import similarity_between, similarity_within, word_similarities
from experiments.frames import column


def overlap_within_beyond(reviews: pd.DataFrame) -> float:
    """Return how much more similar two reviews by one person are than two by different people."""
    similarities, people = word_similarities(texts_of(reviews)), column(reviews, "person")
    return similarity_within(similarities, people) - similarity_between(similarities, people)


ITEM = SampleItem(
    name="word_habits",
    level="variance",
    measure="Jaccard similarity of the words of two reviews by one person, minus that of reviews by two people",
    statistic=overlap_within_beyond,
    reference=measured_reference(__file__, "word_habits"),
)
