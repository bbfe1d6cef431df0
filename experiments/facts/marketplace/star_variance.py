"""How widely ratings vary."""

import numpy as np
import pandas as pd

from experiments.facts.item import SampleItem
from experiments.facts.measures import log_ratio
from experiments.facts.reference import Reference


def variance_of_stars(reviews: pd.DataFrame) -> float:
    """Return the variance of ratings."""
    return float(np.var(reviews["stars"].to_numpy(float), ddof=1))


ITEM = SampleItem(
    name="star_variance",
    level="variance",
    distance_measure="absolute log ratio of the variance of ratings to that of real people",
    statistic=variance_of_stars,
    distance=log_ratio,
    reference=Reference(1.504, num_people=352, sampling_distance=0.2195),
)
