"""Buyers pay more to a seller with a good name."""

import math

import numpy as np

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, CannotTellError, Fact, Needs, per_seed
from experiments.facts.logit import conditional_logit
from experiments.facts.measures import Frame
from worlds.marketplace.goods import MIN_REVIEWS

GOOD_STARS = 4.0
"""Mean stars from which an established listing has a good name."""
FEATURES = ("log_price", "is_established", "is_between", "place")
CLEAR = 2.0
"""Standard errors by which choices must fall with price for a willingness to pay to have a meaning."""


def premium(offers: Frame) -> float:
    """Share of the price that a good name is worth; NaN where choices do not clearly fall with price.

    With utility -a log(price) + b [established], a buyer is indifferent where the price is higher by exp(b/a) - 1.
    """
    number, stars = offers["reviews"], offers["stars"].astype(float)
    has_name = (number >= MIN_REVIEWS) & (stars >= GOOD_STARS)
    known = offers.assign(
        log_price=np.log(offers["price"].astype(float)), is_established=has_name, is_between=(number > 0) & ~has_name
    )
    fitted = conditional_logit(known, FEATURES)
    price, name = fitted["log_price"], fitted["is_established"]
    if price.z > -CLEAR or not math.isfinite(name.error):
        return float("nan")
    return math.exp(min(-name.value / price.value, 5.0)) - 1


def premiums(tables: Tables) -> Frame:
    """The premium of each seed."""
    values = per_seed(tables["offers"], premium)
    if values.isna().all():
        raise CannotTellError("no seed has choices that fall with price and listings with a good name beside new ones")
    return values


FACT = Fact(
    name="reputation_premium",
    statement="Buyers pay more for the same good from a seller with a good name than from a new one.",
    citation="Resnick, Zeckhauser, Swanson and Lockwood (2006), Experimental Economics 9:79, "
    "doi:10.1007/s10683-006-4309-2",
    measure="what at least three reviews of four stars or more on average are worth, against none (share of the price)",
    statistic=premiums,
    band=Band(0, 0.25, "the direction, and at most three times the value of the experiment, 8.1 %", 0.081),
    needs=Needs(
        {"offers": ("price", "reviews", "stars", "place", "search", "weight")},
        world={"reviews": ("on", "forced"), "show_prices": (True,)},
    ),
    note="Their identities were randomised. Here a name is earned, so price, place and the number of reviews are held "
    "constant, and what else buyers may see in a title is not.",
)
