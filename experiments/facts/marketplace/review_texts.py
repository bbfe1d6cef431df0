"""The texts of reviews, as several items need them."""

import pandas as pd

from experiments.frames import column


def texts_of(reviews: pd.DataFrame) -> pd.Series:
    """Return the texts of reviews; a review without text has an empty one."""
    return column(reviews, "text").fillna("").astype(str)
