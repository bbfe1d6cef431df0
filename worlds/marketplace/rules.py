"""The marketplace without a language model: what simple people would do, read from the facts alone.

Buyers follow a multinomial logit with an outside option (McFadden 1974), whose utility is in stars of expected
experience: the rating, shrunk towards a prior where reviews are few; how well the style fits; what friends say and do;
minus the price relative to what such goods usually cost. Who had an extreme experience reviews and talks more (Hu,
Zhang and Pavlou 2009, doi:10.1145/1562764.1562800); stars mix the experience with the person's own habits. Sellers mark
up costs and watch sales and rivals; who loses money closes the sooner, the less is left to lose.
"""

from math import exp, log
from typing import Any

from sandbox.core import Choose, Question, Reply, Rules
from worlds.marketplace.experiences import EXPERIENCES
from worlds.marketplace.goods import style_fit
from worlds.marketplace.people import PATIENCE, PRICE_MOVES

PRICE_WEIGHT = 3.0
"""Logit weight of the log price relative to the usual price: an own-price elasticity of about -2.5 with four offers."""
STARS_WEIGHT = 1.0
"""Logit weight of an expected star."""
STYLE_WEIGHT = 1.5
"""Logit weight of a perfect fit of style against the worst."""
PRIOR_STARS, PRIOR_REVIEWS = 3.9, 3
"""Stars that a listing without reviews is expected to have, and the number of reviews that this prior is worth."""
TIP_WEIGHT = 1.5
"""Logit weight of the best (or minus that of the worst) word of a friend."""
FRIENDS_WEIGHT = 0.5
"""Logit weight of the logarithm of one plus the number of friends who bought it."""
OUTSIDE_UTILITY = 1.8
"""Logit utility of buying nothing; that of an unknown good of middling style at the usual price is 0."""
TARGET_MARGIN = 0.3
"""Share of the price after tax that sellers want to keep."""


def choose_offer(question: Question[Any]) -> Reply:
    """Choose by a logit over all that an offer says."""
    facts = question.facts
    utilities = [offer_utility(offer, facts["style"], facts["usual_price"]) for offer in facts["offers"]]
    return [*map(exp, utilities), exp(OUTSIDE_UTILITY)]


def offer_utility(offer: dict[str, Any], style: str, usual_price: float | None) -> float:
    """Return the logit utility of an offer to a buyer who likes `style`; hidden prices are taken to be usual."""
    price = 0.0 if offer["price"] is None or usual_price is None else log(offer["price"] / usual_price)
    return (
        STARS_WEIGHT * _expected_stars(offer)
        + STYLE_WEIGHT * (style_fit(offer["style"], style) - 0.5)
        + TIP_WEIGHT * _experience_level(offer["tip"])
        + FRIENDS_WEIGHT * log(1 + offer["friends"])
        - PRICE_WEIGHT * price
    )


def _expected_stars(offer: dict[str, Any]) -> float:
    """Return stars above the prior mean, shrunk towards it where reviews are few."""
    number = offer["reviews"] or 0
    stars = PRIOR_STARS if offer["stars"] is None else offer["stars"]
    return (stars - PRIOR_STARS) * number / (number + PRIOR_REVIEWS)


def _experience_level(experience: str) -> float:
    """Return the experience from -1 (worst) to 1 (best); 0 if there is none."""
    return EXPERIENCES.index(experience) / (len(EXPERIENCES) - 1) * 2 - 1 if experience else 0.0


def decide_review(question: Question[Any]) -> Reply:
    """Review the more often, the more extreme the experience."""
    extreme = abs(_experience_level(question.facts["experience"]))
    return [0.1 + 0.5 * extreme, 0.9 - 0.5 * extreme]


def rate(question: Question[Any]) -> Reply:
    """Tilt the person's habit towards the experience."""
    centre = 3 + 2 * _experience_level(question.facts["experience"])
    habit = question.profile.star_shares or (0.2,) * 5
    return [(share + 0.02) * exp(-abs(stars - centre)) for stars, share in enumerate(habit, 1)]


def tell(question: Question[Any]) -> Reply:
    """Tell any of the friends, the more often, the more extreme the experience."""
    form = question.form
    num_friends = len(form.options) - 1 if isinstance(form, Choose) else 0
    telling = 0.05 + 0.35 * abs(_experience_level(question.facts["experience"]))
    return [telling / num_friends] * num_friends + [1 - telling]


def write_review(question: Question[Any]) -> Reply:
    """Write one plain sentence."""
    facts = question.facts
    return f"The {facts['title']} for {facts['paid']} was {facts['experience']}."


def set_price(question: Question[Any]) -> Reply:
    """Move towards the wanted margin after tax; up if it sells well, down if not and rivals are cheaper."""
    facts = question.facts
    pull = 4 * (TARGET_MARGIN - facts["margin"]) + 0.15 * (facts["sold"] - 2)
    if facts["lead"] is not None and facts["lead"] < 0:
        pull += max(facts["lead"], -0.5)
    up, down = 1 / (1 + exp(1 - 3 * pull)), 1 / (1 + exp(1 + 3 * pull))
    weights = {"up10": up / 3, "up5": up * 2 / 3, "down5": down / 2, "down10": down / 4, "sale": down / 4}
    return [weights.get(key, max(0.05, 1 - up - down)) for key in PRICE_MOVES]


def decide_closing(question: Question[Any]) -> Reply:
    """Close the likelier, the fewer steps the money lasts."""
    closing = exp(-question.facts["runway"] / PATIENCE)
    return [closing, 1 - closing]


RULES: Rules = {
    "price": set_price,
    "choose": choose_offer,
    "review": decide_review,
    "stars": rate,
    "text": write_review,
    "tell": tell,
    "close": decide_closing,
}
