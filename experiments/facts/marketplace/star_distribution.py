"""How many reviews give one, two, ..., five stars."""

import pandas as pd

from experiments.facts.item import SampleItem
from experiments.facts.measures import divergence, star_shares
from experiments.facts.reference import Reference
from experiments.frames import Array, column


def shares_of_stars(reviews: pd.DataFrame) -> Array:
    """Return the share of each rating."""
    return star_shares(column(reviews, "stars"))


ITEM = SampleItem(
    name="star_distribution",
    level="distribution",
    distance_measure="Jensen-Shannon divergence of the shares of 1 to 5 stars (bits)",
    statistic=shares_of_stars,
    distance=divergence,
    reference=Reference(
        distribution=(0.0753, 0.0406, 0.0771, 0.1418, 0.6652), num_people=352, sampling_distance=0.0118
    ),
)
