"""The J shape of ratings comes from who reviews: it disappears if everybody must review."""

from typing import Any

import numpy as np
import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.behaviours import HUMAN_SHARES, experience_level, give_stars
from experiments.facts.marketplace.j_shaped_stars import hooks_by_seed
from experiments.facts.measures import star_shares, valley
from experiments.facts.partners import arm_with
from experiments.facts.reference import Band
from experiments.frames import column
from sandbox.core import Question, Reply
from worlds.marketplace.experiences import EXPERIENCES


def shape_change(forced: Tables, voluntary: Tables) -> pd.Series:
    """Return the smaller of the hook of voluntary reviews and of minus the valley of forced ones, by seed."""
    valleys = per_seed(forced["reviews"], lambda reviews: valley(star_shares(column(reviews, "stars"))))
    shapes = pd.DataFrame({"valley": valleys, "hook": hooks_by_seed(voluntary)}).dropna()
    return pd.Series(np.minimum(shapes["hook"], -shapes["valley"]), dtype=float)


def review_extremes(question: Question[Any]) -> Reply:
    """Review what was terrible or excellent."""
    return [0.9, 0.1] if experience_level(question) in (0, len(EXPERIENCES) - 1) else [0.05, 0.95]


PLAIN_STARS = (1, 2, 3, 3, 4, 4, 5)
"""Stars for each experience, from the worst."""


def rate_plainly(question: Question[Any]) -> Reply:
    """Say with stars what the experience was."""
    return [float(stars == PLAIN_STARS[experience_level(question)]) for stars in range(1, 6)]


FACT = Fact(
    name="forced_reviews",
    statement="Ratings are J-shaped if people review voluntarily, and have a single peak if everybody must review.",
    citation="Hu, Zhang and Pavlou (2009), Communications of the ACM 52(10), doi:10.1145/1562764.1562800",
    measure="the smaller of two numbers: the hook of voluntary ratings (the smallest drop of a J), and minus the "
    "valley of forced ones (its depth between two peaks; share of reviews)",
    statistic=shape_change,
    band=Band(0, 1, "positive only if voluntary ratings have a J shape and forced ones a single peak"),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("forced",)}, partner=arm_with("reviews", "on")),
    controls=Controls(
        shows={"extremes volunteer": {"review": review_extremes, "stars": rate_plainly}},
        lacks={"J for everybody": {"stars": give_stars(HUMAN_SHARES)}},
        settings=("treatments={forced: {reviews: forced}, voluntary: {}}", "world.quality_noise=0.8"),
        treatment="forced",
    ),
    note="The paper gives a second cause: only people who like a product buy it. That works in both arms of a market.",
)
