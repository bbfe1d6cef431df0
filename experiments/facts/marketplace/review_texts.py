"""The texts of reviews, as several items need them."""

import numpy as np
import pandas as pd

from experiments.facts.measures import MAX_WORDS
from experiments.frames import Array, column


def texts_of(reviews: pd.DataFrame) -> pd.Series:
    """Return the texts of reviews; a review without text has an empty one."""
    return column(reviews, "text").fillna("").astype(str)


def capped_lengths(reviews: pd.DataFrame) -> Array:
    """Return the number of words of each review, 1 to `MAX_WORDS`."""
    return np.clip(texts_of(reviews).str.split().str.len().to_numpy(int), 1, MAX_WORDS)
