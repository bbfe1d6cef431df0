"""Behaviour of simple people in the marketplace, from which the facts' controls are put together."""

from collections.abc import Callable, Sequence
from math import exp, log
from typing import Any

from sandbox.core import Question, Reply
from sandbox.core.mind import Rule
from sandbox.core.seeds import uniform
from worlds.marketplace.experiences import EXPERIENCES
from worlds.marketplace.metrics import HUMAN_STARS
from worlds.marketplace.rules import OUTSIDE_UTILITY

HUMAN_SHARES = tuple(HUMAN_STARS.values())
"""Shares of 1 to 5 stars among real reviews."""


def give_stars(shares: Sequence[float]) -> Rule:
    """Return people who all draw their stars from the same distribution."""
    return lambda question: list(shares)


def choose_by(utility: Callable[[dict[str, Any], Question[Any]], float]) -> Rule:
    """Return buyers who follow a logit over some utility of an offer, with the usual outside option."""

    def choose(question: Question[Any]) -> Reply:
        utilities = [utility(offer, question) for offer in question.facts["offers"]]
        return [*map(exp, utilities), exp(OUTSIDE_UTILITY)]

    return choose


def choose_any(question: Question[Any]) -> Reply:
    """Choose among all offers at random, and seldom nothing."""
    return [1.0] * len(question.facts["offers"]) + [0.5]


def choose_first(question: Question[Any]) -> Reply:
    """Take the first offer nearly always."""
    return [20.0] + [1.0] * len(question.facts["offers"])


def log_price(offer: dict[str, Any], question: Question[Any]) -> float:
    """Return the log of an offer's price over the usual price."""
    return log(offer["price"] / question.facts["usual_price"])


def experience_level(question: Question[Any]) -> int:
    """Return the place of the experience on its scale, from 0 for the worst."""
    return EXPERIENCES.index(question.facts["experience"])


def personal_number(question: Question[Any], purpose: bytes) -> float:
    """Return a number in [0, 1) that is always the same for one person in one world."""
    return uniform(question.agent, b"%d/%s" % (question.replicate.seed, purpose))
