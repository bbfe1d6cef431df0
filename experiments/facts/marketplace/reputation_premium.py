"""Buyers pay more to a seller with a good reputation."""

import math
from typing import Any

import numpy as np
import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, InconclusiveError, Needs
from experiments.facts.logit import conditional_logit
from experiments.facts.marketplace.behaviours import choose_by, log_price
from experiments.facts.reference import Band, Reference
from experiments.frames import column
from sandbox.core import Question
from worlds.marketplace.goods import MIN_REVIEWS

GOOD_STARS = 4.0
"""Mean rating from which an established listing has a good reputation."""
FEATURES = ("log_price", "is_established", "is_between", "position", "fit", "friends")
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


def offer_worth(offer: dict[str, Any], question: Question[Any], reputation: float) -> float:
    """Return a utility that falls by 3 per log of the price and rises by `reputation` if that is good."""
    is_good = (offer["reviews"] or 0) >= MIN_REVIEWS and (offer["stars"] or 0.0) >= GOOD_STARS
    return 1.0 - 3 * log_price(offer, question) + reputation * is_good


FACT = Fact(
    name="reputation_premium",
    statement="Buyers pay more for the same good from a seller with a good reputation than from a new seller.",
    citation="Resnick, Zeckhauser, Swanson and Lockwood (2006), Experimental Economics 9:79, "
    "doi:10.1007/s10683-006-4309-2",
    measure="what three or more reviews with a mean of at least four stars are worth, compared with no review (share "
    "of the price)",
    statistic=premium_by_seed,
    band=Band(0, 0.25, "the direction, and at most three times the value of the experiment, 8.1 %"),
    needs=Needs(
        {"offers": ("price", "reviews", "stars", "position", "fit", "friends", "search", "weight")},
        world={"reviews": ("on", "forced"), "show_prices": (True,)},
    ),
    reference=Reference(0.081),
    level="choice",
    controls=Controls(
        shows={"8 % more": {"choose": choose_by(lambda offer, _: offer_worth(offer, _, 0.25))}},
        lacks={
            "indifferent to price": {"choose": choose_by(lambda offer, _: offer_worth(offer, _, 3.0))},
            "averse to the known": {"choose": choose_by(lambda offer, _: offer_worth(offer, _, -1.0))},
        },
    ),
    note="Their identities were randomised. Here a reputation is earned, so price, position, style, the number "
    "of reviews and friends' purchases are controlled for; anything else that buyers may see in a title is not.",
)
