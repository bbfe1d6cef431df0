"""Buyers pay more to a seller with a good reputation."""

import math

import numpy as np
import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, InconclusiveError, Needs
from experiments.facts.logit import conditional_logit
from experiments.facts.reference import Band, Reference
from experiments.frames import column
from worlds.marketplace.goods import MIN_REVIEWS

GOOD_STARS = 4.0
"""Mean rating from which an established listing has a good reputation."""
FEATURES = ("log_price", "is_established", "is_between", "position")
MIN_Z = 2.0
"""Standard errors by which choices must fall with price for a willingness to pay to be meaningful."""


def premium(offers: pd.DataFrame) -> float:
    """Return the share of the price that a good reputation is worth; NaN if choices do not clearly fall with price.

    With utility -a log(price) + b [established], a buyer is indifferent at a price that is higher by exp(b/a) - 1.
    """
    number, stars = column(offers, "reviews"), column(offers, "stars").astype(float)
    is_established = (number >= MIN_REVIEWS) & (stars >= GOOD_STARS)
    features = offers.assign(
        log_price=np.log(column(offers, "price").astype(float)),
        is_established=is_established,
        is_between=(number > 0) & ~is_established,
    )
    coefficients = conditional_logit(features, FEATURES)
    price, reputation = coefficients["log_price"], coefficients["is_established"]
    if price.z > -MIN_Z or not math.isfinite(reputation.error):
        return float("nan")
    return math.exp(min(-reputation.value / price.value, 5.0)) - 1


def premium_by_seed(tables: Tables) -> pd.Series:
    """Return the premium of each seed."""
    values = per_seed(tables["offers"], premium)
    if values.isna().all():
        raise InconclusiveError(
            "no seed has both choices that fall with price and listings with a good reputation next to new ones"
        )
    return values


FACT = Fact(
    name="reputation_premium",
    statement="Buyers pay more for the same good from a seller with a good reputation than from a new seller.",
    citation="Resnick, Zeckhauser, Swanson and Lockwood (2006), Experimental Economics 9:79, "
    "doi:10.1007/s10683-006-4309-2",
    measure="what at least three reviews of four stars or more on average are worth, against none (share of the price)",
    statistic=premium_by_seed,
    band=Band(0, 0.25, "the direction, and at most three times the value of the experiment, 8.1 %"),
    needs=Needs(
        {"offers": ("price", "reviews", "stars", "position", "search", "weight")},
        world={"reviews": ("on", "forced"), "show_prices": (True,)},
    ),
    reference=Reference(0.081),
    level="choice",
    note="Their identities were randomised. Here a reputation is earned, so price, position and the number of reviews "
    "are controlled for; anything else that buyers may see in a title is not.",
)
