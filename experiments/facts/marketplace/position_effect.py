"""The place on a list decides what people look at, not what they buy of what they looked at."""

import math

import numpy as np

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs, per_seed
from experiments.facts.logit import conditional_logit
from experiments.facts.measures import Frame


def odds_per_place(offers: Frame) -> float:
    """Odds of an offer against an equal one a place above it."""
    known = offers.assign(
        log_price=np.log(offers["price"].astype(float)),
        is_reviewed=offers["reviews"] > 0,
        better=offers["stars"].astype(float).fillna(0.0),
        has_tip=offers["tip"] != "",
    )
    place = conditional_logit(known, ("place", "log_price", "is_reviewed", "better", "has_tip"))["place"]
    return math.exp(place.value) if math.isfinite(place.error) else float("nan")


def odds(tables: Tables) -> Frame:
    """The odds of each seed."""
    return per_seed(tables["offers"], odds_per_place)


FACT = Fact(
    name="position_effect",
    statement="In randomly ordered results the place decides what is clicked, but not what is bought of what was "
    "clicked.",
    citation="Ursu (2018), Marketing Science 37(4):530, doi:10.1287/mksc.2017.1072",
    measure="odds that an offer is chosen against an equal offer one place above (1: places do not matter)",
    statistic=odds,
    band=Band(0.9, 1.1, "no effect of the place, give or take a tenth per place", 1.0),
    needs=Needs(
        {"offers": ("place", "price", "reviews", "stars", "tip", "search", "weight")},
        world={"ranking": ("random",), "sponsored_slots": (0,), "show_prices": (True,)},
    ),
    note="The market has no clicks: all offers of a search are read, so a choice is one after the click. The effect "
    "on clicks, on average worth $1.92 a place, cannot be shown.",
)
