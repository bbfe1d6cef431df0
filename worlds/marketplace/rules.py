"""The marketplace without a language model: what simple people would do, read from the facts alone.

Buyers follow a multinomial logit over price and stars (McFadden 1974); who had an extreme experience reviews and
talks more (Hu, Pavlou & Zhang 2009, CACM 52(10):144); stars mix the experience with the person's own habits.
"""

from math import exp, log
from typing import Any

from sandbox.core import Choose, Question, Reply, Rules
from worlds.marketplace.people import EXPERIENCES, PRICE_MOVES

PRICE_WEIGHT = 2.0
"""Logit weight of the log price relative to the cheapest offer."""
STARS_WEIGHT = 0.8
"""Logit weight of a star above the prior mean."""
PRIOR_STARS, PRIOR_REVIEWS = 3.9, 3
"""Stars that a listing without reviews is expected to have, and the number of reviews that this prior is worth."""
TIP_WEIGHT = 1.5
"""Logit weight of the best (or minus that of the worst) tip of a friend."""
OUTSIDE_UTILITY = -0.3
"""Logit utility of buying nothing."""


def choose_offer(question: Question[Any]) -> Reply:
    """Choose by a logit over price, stars and friends' tips."""
    facts = question.facts
    offers: list[dict[str, Any]] = facts["offers"]
    prices = [offer["price"] or 1.0 for offer in offers]
    floor = min(prices)
    weights = [
        exp(
            STARS_WEIGHT * _expected_stars(offer)
            - PRICE_WEIGHT * log(price / floor) * 0.5
            + TIP_WEIGHT * _experience_level(tip)
        )
        for offer, price, tip in zip(offers, prices, facts["tips"], strict=True)
    ]
    return [*weights, exp(OUTSIDE_UTILITY)]


def _expected_stars(offer: dict[str, Any]) -> float:
    """Return stars above the prior mean, shrunk towards it where reviews are few."""
    number = offer["reviews"] or 0
    return ((offer["stars"] or PRIOR_STARS) - PRIOR_STARS) * number / (number + PRIOR_REVIEWS)


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
    """Set cost-plus prices with a look at sales and rivals: up if it sells, down if not and rivals are cheaper."""
    facts = question.facts
    lead = facts["lead"] if facts["lead"] is not None else 0.0
    up = 0.6 if facts["sold"] >= 3 else 0.25 if facts["sold"] else 0.05
    down = 0.05 if facts["sold"] else 0.35 if lead < 0 else 0.15
    if facts["margin"] < 0.1:
        up, down = up + 0.3, 0.0
    weights = {"up10": up / 3, "up5": up * 2 / 3, "down5": down / 2, "down10": down / 4, "sale": down / 4}
    return [weights.get(key, max(0.05, 1 - up - down)) for key in PRICE_MOVES]


RULES: Rules = {
    "price": set_price,
    "choose": choose_offer,
    "review": decide_review,
    "stars": rate,
    "text": write_review,
    "tell": tell,
}
