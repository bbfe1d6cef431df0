"""The position on a list decides what people look at, not what they buy among what they looked at."""

import math

import numpy as np
import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.logit import conditional_logit
from experiments.facts.marketplace.behaviours import choose_by, choose_first, log_price
from experiments.facts.reference import Band, Reference
from experiments.frames import column


def odds_ratio_per_position(offers: pd.DataFrame) -> float:
    """Return the odds of an offer relative to those of an equal offer one position above it."""
    features = offers.assign(
        log_price=np.log(column(offers, "price").astype(float)),
        is_reviewed=column(offers, "reviews") > 0,
        rating=column(offers, "stars").astype(float).fillna(0.0),
        has_tip=column(offers, "tip") != "",
    )
    names = ("position", "log_price", "is_reviewed", "rating", "has_tip", "fit", "friends")
    position = conditional_logit(features, names)["position"]
    return math.exp(position.value) if math.isfinite(position.error) else float("nan")


def odds_ratio_by_seed(tables: Tables) -> pd.Series:
    """Return the odds ratio of each seed."""
    return per_seed(tables["offers"], odds_ratio_per_position)


FACT = Fact(
    name="position_effect",
    statement="In randomly ordered results the position decides what is clicked, but not what is bought among what was "
    "clicked.",
    citation="Ursu (2018), Marketing Science 37(4):530, doi:10.1287/mksc.2017.1072",
    measure="odds ratio of an offer and an equal offer one position above (1: positions do not matter; geometric mean "
    "over seeds)",
    statistic=odds_ratio_by_seed,
    band=Band(0.9, 1.1, "no effect of the position, within a tenth per position"),
    needs=Needs(
        {"offers": ("position", "price", "reviews", "stars", "tip", "fit", "friends", "search", "weight")},
        world={"ranking": ("random",), "sponsored_slots": (0,), "show_prices": (True,)},
    ),
    reference=Reference(1.0),
    is_check=True,
    is_ratio=True,
    controls=Controls(
        shows={"price alone": {"choose": choose_by(lambda offer, question: 1 - 3 * log_price(offer, question))}},
        lacks={"the first": {"choose": choose_first}},
        settings=("world.ranking=random",),
    ),
    note="The market has no clicks: buyers read all offers of a search, so a choice here is one after the click there. "
    "The effect on clicks, worth $1.92 per position on average, cannot be shown.",
)
