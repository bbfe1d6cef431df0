"""Behaviour of simple people in the commons, from which the facts' controls are put together."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sandbox.core import Question, Reply, change_facts
from sandbox.core.mind import Rule
from worlds.commons.member import option_keys
from worlds.commons.rules import contribute

CITATION = (
    "Alsobay, Rand, Watts and Almaatouq (2025), arXiv:2508.17151; measured by `experiments.people.measure_commons` "
    "on the games of the train and val splits"
)


def give_share(share: float) -> Rule:
    """Return people who always give the same share of the endowment, the nearest legal amount."""

    def give(question: Question[Any]) -> Reply:
        amounts = [int(key) / question.facts["endowment"] for key in option_keys(question)]
        nearest = min(amounts, key=lambda amount: abs(amount - share))
        return [float(amount == nearest) for amount in amounts]

    return give


def give_any(question: Question[Any]) -> Reply:
    """Give any amount at random, whatever happened."""
    return [1.0] * len(option_keys(question))


def follow_others(question: Question[Any]) -> Reply:
    """Give anything at first; then half the time as the others did on average, and else anything."""
    keys, others = option_keys(question), question.facts["others_mean"]
    if others is None:
        return give_any(question)
    nearest = min(range(len(keys)), key=lambda index: abs(int(keys[index]) - others))
    return [0.5 / len(keys) + 0.5 * (index == nearest) for index in range(len(keys))]


def oppose_others(question: Question[Any]) -> Reply:
    """Give much where the others gave little, and little where they gave much."""
    others = question.facts["others_mean"]
    return give_any(question) if others is None else give_share(1 - others / question.facts["endowment"])(question)


def ignore(changes: Mapping[str, Any]) -> Rule:
    """Return people who give as if some facts were others, such as that nobody can punish."""
    return lambda question: contribute(change_facts(question, changes))


def punish_anybody(question: Question[Any]) -> Reply:
    """Punish one other at random, every other round."""
    num_others = len(option_keys(question)) - 1
    return [0.5 / num_others] * num_others + [0.5]


def punish_the_generous(question: Question[Any]) -> Reply:
    """Punish who gave most, every other round."""
    others = question.facts["others"]
    num_most = others.count(max(others))
    return [0.5 / num_most * (coins == max(others)) for coins in others] + [0.5]


def personal_share(question: Question[Any]) -> Reply:
    """Give every round what this person always gives."""
    seed = int.from_bytes(question.profile.digest()[:8], "little")
    return give_share((seed % 1000) / 999)(question)


def often_the_same(question: Question[Any]) -> Reply:
    """Give what this person always gives in two rounds of three, and any amount in the third."""
    return mix((2 / 3, personal_share), (1 / 3, give_any))(question)


def change_over_rounds(step: float) -> Rule:
    """Return people who give 70 % at first, and `step` more of the endowment every round until that ends."""
    return lambda question: give_share(0.7 + step * (question.facts["round"] - 1))(question)


def give_nothing_or_all(question: Question[Any]) -> Reply:
    """Give nothing, everything or any amount as often as people do."""
    return mix((0.15, give_share(0.0)), (0.41, give_share(1.0)), (0.44, give_any))(question)


def mostly_low(question: Question[Any]) -> Reply:
    """Punish one of those who gave less than the mean nearly three times in four, else one of the others."""
    facts = question.facts
    others = facts["others"]
    mean = (sum(others) + facts["contribution"]) / (len(others) + 1)
    is_low = [coins < mean for coins in others]
    num_low = sum(is_low)
    if num_low in (0, len(others)):
        return [0.0] * len(others) + [1.0]
    weights = [0.5 * (0.72 / num_low if low else 0.28 / (len(others) - num_low)) for low in is_low]
    return [*weights, 0.5]


def give_less_if(param: str) -> Rule:
    """Return people who give nothing every other round if something is allowed, and otherwise as rule agents do."""
    usual = ignore({param: False})
    offended = mix((0.5, give_share(0.0)), (0.5, usual))
    return lambda question: offended(question) if question.facts[param] else usual(question)


def mix(*parts: tuple[float, Rule]) -> Rule:
    """Return people who follow each of some rules with a probability."""

    def reply(question: Question[Any]) -> Reply:
        replies = [(share, cast("Sequence[float]", rule(question))) for share, rule in parts]
        return [
            sum(share * weights[index] / sum(weights) for share, weights in replies)
            for index in range(len(option_keys(question)))
        ]

    return reply
