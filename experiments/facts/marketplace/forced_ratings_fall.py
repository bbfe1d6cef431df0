"""If people must rate what they did not choose to rate, more of them give one star."""

from typing import Any

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.behaviours import experience_level
from experiments.facts.partners import arm_with
from experiments.facts.reference import Reference
from experiments.frames import column
from sandbox.core import Question, Reply
from worlds.marketplace.experiences import EXPERIENCES


def one_star_share(reviews: pd.DataFrame) -> float:
    """Return the share of ratings with one star."""
    return float((column(reviews, "stars").astype(int) == 1).mean())


def rise_of_one_star(forced: Tables, voluntary: Tables) -> pd.Series:
    """Return how much larger the share of one star is among forced ratings than among voluntary ones, by seed."""
    return (per_seed(forced["reviews"], one_star_share) - per_seed(voluntary["reviews"], one_star_share)).dropna()


def rate_in_two(question: Question[Any]) -> Reply:
    """Give one star for anything less than fine, and five for all else."""
    return [float(is_displeased(question)) + 1e-9, 0, 0, 0, float(not is_displeased(question)) + 1e-9]


def is_displeased(question: Question[Any]) -> bool:
    """Return whether the experience was less than fine."""
    return experience_level(question) < EXPERIENCES.index("fine")


def review_if_pleased(question: Question[Any]) -> Reply:
    """Seldom review what disappointed."""
    return [0.1, 0.9] if is_displeased(question) else [0.5, 0.5]


def review_if_displeased(question: Question[Any]) -> Reply:
    """Nearly always review what disappointed."""
    return [0.9, 0.1] if is_displeased(question) else [0.3, 0.7]


REFERENCE = Reference(0.1298, 0.1097, 0.1515, num_people=239)

FACT = Fact(
    name="forced_ratings_fall",
    statement="If people must rate what they did not choose, the share of one star rises.",
    citation="Coat: Schnabel et al. (2016), arXiv:1602.05352; measured by `measure_people`",
    measure="share of one star among forced ratings minus that among voluntary ones",
    statistic=rise_of_one_star,
    band=REFERENCE.around(0.05),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("forced",)}, partner=arm_with("reviews", "on")),
    reference=REFERENCE,
    controls=Controls(
        shows={"silent when displeased": {"review": review_if_pleased, "stars": rate_in_two}},
        lacks={
            "everybody volunteers": {"review": lambda question: [1.0, 0.0], "stars": rate_in_two},
            "loud when displeased": {"review": review_if_displeased, "stars": rate_in_two},
        },
        settings=("treatments={forced: {reviews: forced}, voluntary: {}}", "world.quality_noise=1.2"),
        treatment="forced",
    ),
    note="The people rated coats that they had only seen in pictures, and chose which ones to rate; in a market they "
    "choose what to buy in both arms, and only whether to rate it differs. `forced_reviews` is about the shape.",
)
