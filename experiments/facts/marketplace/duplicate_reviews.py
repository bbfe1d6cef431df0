"""Few reviews repeat another word for word."""

import pandas as pd

from experiments.facts.item import SampleItem
from experiments.facts.marketplace.review_texts import texts_of
from experiments.facts.measures import absolute_difference, duplicate_share
from experiments.facts.reference import Reference


def share_of_duplicates(reviews: pd.DataFrame) -> float:
    """Return the share of reviews that occur more than once."""
    return duplicate_share(texts_of(reviews))


ITEM = SampleItem(
    name="duplicate_reviews",
    level="homogeneity",
    distance_measure="difference in the share of reviews that another review repeats word for word",
    statistic=share_of_duplicates,
    distance=absolute_difference,
    reference=Reference(0.0515, num_people=352, sampling_distance=0.0362),
)
