"""What real people's reviews are compared in, as samples: one figure of a table, and how far two of them are apart.

`experiments.facts.measure` computes both for real people, once: the figure, and how far apart two samples of them are.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from experiments.facts.measures import (
    Frame,
    between_share,
    divergence,
    duplicate_share,
    earth_mover,
    star_shares,
    word_overlap,
    word_shares,
)


class Measured(NamedTuple):
    """One figure of reviews."""

    name: str
    level: Literal["distribution", "variance", "homogeneity"]
    what: str
    """What the distance is, in words with its unit."""
    figure: Callable[[Frame], Any]
    """Of rows with the columns person, stars and text."""
    distance: Callable[[Any, Any], float]
    table: str = "reviews"
    """Of the world's tables."""
    columns: Mapping[str, str] = {"buyer": "person"}
    """What the table calls the columns that `figure` wants."""


def _gap(one: float, other: float) -> float:
    return abs(one - other)


def _log_ratio(one: float, other: float) -> float:
    """Two spreads are as far apart by half as by double."""
    return abs(float(np.log(max(one, 1e-6) / other)))


def _star_variance(rows: Frame) -> float:
    return float(np.var(rows["stars"].to_numpy(float), ddof=1))


def _star_habits(rows: Frame) -> float:
    return between_share(rows["stars"], rows["person"])


def _texts(rows: Frame) -> Frame:
    return rows["text"].fillna("").astype(str)


MEASURED = (
    Measured(
        "star_distribution",
        "distribution",
        "Jensen-Shannon divergence of the shares of 1 to 5 stars (bits)",
        lambda rows: star_shares(rows["stars"]),
        divergence,
    ),
    Measured(
        "review_length",
        "distribution",
        "Wasserstein distance of the lengths of reviews, of which 30 words count (words)",
        lambda rows: word_shares(_texts(rows)),
        earth_mover,
    ),
    Measured("star_variance", "variance", "log ratio of the variance of stars to people's", _star_variance, _log_ratio),
    Measured(
        "star_habits",
        "variance",
        "difference in the share of the stars' variance that lies between people",
        _star_habits,
        _gap,
    ),
    Measured(
        "duplicate_reviews",
        "homogeneity",
        "difference in the share of reviews that another one repeats word by word",
        lambda rows: duplicate_share(_texts(rows)),
        _gap,
    ),
    Measured(
        "word_overlap",
        "homogeneity",
        "difference in the mean Jaccard similarity of two reviews' words",
        lambda rows: word_overlap(_texts(rows)),
        _gap,
    ),
)
