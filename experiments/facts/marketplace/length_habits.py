"""Some people write longer reviews than others."""

import numpy as np
import pandas as pd

from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.marketplace.review_texts import capped_lengths
from experiments.facts.measures import between_share
from experiments.frames import column


def length_habit(reviews: pd.DataFrame) -> float:
    """Return the share of the variance of log lengths that lies between people."""
    return between_share(np.log(capped_lengths(reviews)), column(reviews, "person"))


ITEM = SampleItem(
    name="length_habits",
    level="variance",
    measure="share of the variance of reviews' log lengths that lies between people (intraclass correlation)",
    statistic=length_habit,
    reference=measured_reference(__file__, "length_habits"),
)
