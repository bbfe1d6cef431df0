"""Ratings of any scale as stars, of which there are one to five."""

from collections.abc import Sequence

import polars as pl

from training.sources.columns import Problems
from training.sources.validity import STARS

OWN_SCALE = (STARS[0], STARS[-1])
"""Lowest and highest number of stars."""


def to_stars(
    ratings: pl.Series, scale: tuple[float, float], not_rated: Sequence[float], problems: Problems
) -> pl.Series:
    """Return stars, null where nothing was rated.

    The scale is cut into five equal parts, so that 0 and 1 of 0 to 10 are one star, and 8 to 10 are five. Stars
    themselves are left as they are: 4.5 of 1 to 5 stars is neither four nor five.

    Args:
        ratings: Numbers as a file has them.
        scale: The lowest and the highest rating that there can be.
        not_rated: Numbers that stand for no rating.
        problems: Receives ratings outside of the scale.
    """
    rated = ratings.set(ratings.is_in([float(number) for number in not_rated]), None)
    if scale == OWN_SCALE:
        return rated
    lowest, highest = scale
    outside = (~rated.is_between(lowest, highest)).fill_null(value=False)
    for index in outside.arg_true():
        problems.setdefault(index, f"rating {rated[index]:g} is outside of rating_scale, {lowest:g} to {highest:g}")
    part = ((rated - lowest) * len(STARS) / (highest - lowest)).floor() + 1
    return part.clip(*OWN_SCALE).set(outside, None)
