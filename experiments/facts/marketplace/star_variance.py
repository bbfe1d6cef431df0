"""How widely the ratings of one person vary."""

import pandas as pd

from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.measures import variance_within
from experiments.frames import column


def star_variance_within(reviews: pd.DataFrame) -> float:
    """Return the variance of one person's ratings, mean over people."""
    return variance_within(column(reviews, "stars"), column(reviews, "person"))


ITEM = SampleItem(
    name="star_variance",
    label="star variance within people",
    level="variance",
    measure="variance of one person's ratings, mean over people with two or more (stars²)",
    statistic=star_variance_within,
    reference=measured_reference(__file__, "star_variance"),
)
