"""How many stars people give."""

import pandas as pd

from experiments.facts.item import SampleItem, measured_reference
from experiments.facts.measures import mean_of_people
from experiments.frames import Array, column

CUTS = (1, 2, 3, 4)
"""Numbers of stars up to which reviews are counted."""


def cumulative_star_shares(reviews: pd.DataFrame) -> Array:
    """Return the mean over people of the share of their ratings that are at most 1, 2, 3 and 4 stars, (4,)."""
    at_most = column(reviews, "stars").to_numpy(float)[:, None] <= CUTS
    return mean_of_people(at_most, column(reviews, "person"))


ITEM = SampleItem(
    name="star_distribution",
    level="distribution",
    measure="cumulative shares of 1 to 4 stars, mean over people (Cramér-von Mises distance)",
    statistic=cumulative_star_shares,
    reference=measured_reference(__file__, "star_distribution"),
)
