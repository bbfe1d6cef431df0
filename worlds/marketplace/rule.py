"""The marketplace without a language model: what simple people would do, read from the facts alone.

Buyers follow a multinomial logit over price and stars (McFadden 1974); who had an extreme experience reviews and
talks more (Hu, Pavlou & Zhang 2009, CACM 52(10):144); stars mix the experience with the person's own habits.
"""

from math import exp, log
from typing import Any

from sandbox.mind import Reply
from sandbox.question import Choose, Question
from worlds.marketplace.people import EXPERIENCES, MOVES

PRICE_WEIGHT = 2.0
"""Logit weight of the log price relative to the cheapest offer."""
STARS_WEIGHT = 0.8
"""Logit weight of a star above the prior mean."""
PRIOR_STARS, PRIOR_REVIEWS = 3.9, 3
"""A listing without reviews is thought as good as this, as surely as if so many had said so."""
TIP_WEIGHT = 1.5
"""Logit weight of the best (or minus that of the worst) tip of a friend."""
NOTHING = -0.3
"""Utility of buying nothing."""


def rule(question: Question) -> Reply:
    """Answer one of the marketplace's questions."""
    return _RULES[question.template.name.rsplit("/", 1)[1]](question)


def _choose(question: Question) -> Reply:
    facts = question.facts
    offers: list[dict[str, Any]] = facts["offers"]
    prices = [offer["price"] or 1.0 for offer in offers]
    floor = min(prices)
    weights = [
        exp(STARS_WEIGHT * _expected(offer) - PRICE_WEIGHT * log(price / floor) * 0.5 + TIP_WEIGHT * _level(tip))
        for offer, price, tip in zip(offers, prices, facts["tips"], strict=True)
    ]
    return [*weights, exp(NOTHING)]


def _expected(offer: dict[str, Any]) -> float:
    """Stars above the prior mean, shrunk to it where reviews are few."""
    number = offer["reviews"]
    return ((offer["stars"] or PRIOR_STARS) - PRIOR_STARS) * number / (number + PRIOR_REVIEWS)


def _level(experience: str) -> float:
    """Experience from -1 (worst) to 1 (best); 0 where there is none."""
    return EXPERIENCES.index(experience) / (len(EXPERIENCES) - 1) * 2 - 1 if experience else 0.0


def _review(question: Question) -> Reply:
    extreme = abs(_level(question.facts["experience"]))
    return [0.1 + 0.5 * extreme, 0.9 - 0.5 * extreme]


def _stars(question: Question) -> Reply:
    """The habit of the person, tilted by the experience."""
    centre = 3 + 2 * _level(question.facts["experience"])
    habit = question.profile.star_shares or (0.2,) * 5
    return [(share + 0.02) * exp(-abs(at + 1 - centre)) for at, share in enumerate(habit)]


def _tell(question: Question) -> Reply:
    form = question.form
    num_friends = len(form.options) - 1 if isinstance(form, Choose) else 0
    told = 0.05 + 0.35 * abs(_level(question.facts["experience"]))
    return [told / num_friends] * num_friends + [1 - told]


def _text(question: Question) -> Reply:
    facts = question.facts
    return f"The {facts['title']} for {facts['paid']} was {facts['experience']}."


def _price(question: Question) -> Reply:
    """Cost-plus with a look at sales and rivals: up when it sells, down when it does not and rivals are cheaper."""
    facts = question.facts
    lead = facts["lead"] if facts["lead"] is not None else 0.0
    up = 0.6 if facts["sold"] >= 3 else 0.25 if facts["sold"] else 0.05
    down = 0.05 if facts["sold"] else 0.35 if lead < 0 else 0.15
    if facts["margin"] < 0.1:
        up, down = up + 0.3, 0.0
    moves = {"up10": up / 3, "up5": up * 2 / 3, "down5": down / 2, "down10": down / 4, "sale": down / 4}
    return [moves[key] if key in moves else max(0.05, 1 - up - down) for key in (*MOVES, "sale")]


_RULES = {"price": _price, "choose": _choose, "review": _review, "stars": _stars, "text": _text, "tell": _tell}
