"""The commons without a language model: conditional cooperators, full cooperators and free riders.

People differ in type (Fischbacher, Gächter & Fehr 2001, doi:10.1016/S0165-1765(01)00394-9), and there are more full
cooperators where people can talk or punish. Everybody may repeat their last contribution. Who does not, gives nothing
(free riders), everything (full cooperators), or about what the others gave and a little less (conditional cooperators).
Who punishes, does so the likelier, the further the lowest contribution is below the mean, and takes from the lowest.

How people give was fitted by maximum likelihood to 1,005 people in the 93 games of the train split of Alsobay, Rand,
Watts & Almaatouq (2025): `python -m experiments.people.fit_cooperators DATA`.
"""

from functools import lru_cache
from itertools import pairwise
from math import exp
from statistics import NormalDist
from typing import Any, NamedTuple

from sandbox.core import Question, Reply, Rules
from sandbox.core.seeds import draw
from worlds.commons.member import LEAVE, NOBODY, option_keys


class Type(NamedTuple):
    """How one kind of person gives."""

    keep: float
    """Probability of repeating the last contribution."""
    first: tuple[float, float, float, float]
    """In the first round: probability of giving nothing, half, everything, or any other amount."""
    aims: tuple[float, float, float]
    """Otherwise: probability of giving nothing, everything, or about what the others gave."""


FREE_RIDER = Type(0.320, (0.398, 0.123, 0.287, 0.192), (1.0, 0.0, 0.0))
CONDITIONAL_COOPERATOR = Type(0.285, (0.050, 0.317, 0.169, 0.464), (0.093, 0.193, 0.713))
FULL_COOPERATOR = Type(0.577, (0.094, 0.230, 0.470, 0.206), (0.0, 1.0, 0.0))
TYPES = (FREE_RIDER, CONDITIONAL_COOPERATOR, FULL_COOPERATOR)
SHARES = {
    (False, False): (0.134, 0.564, 0.303),
    (False, True): (0.069, 0.499, 0.433),
    (True, False): (0.070, 0.259, 0.671),
    (True, True): (0.063, 0.141, 0.796),
}
"""Share of each of `TYPES`, by whether people can talk, and can punish."""
SHIFT, SPREAD = -0.064, 0.261
"""Mean and standard deviation of what conditional cooperators aim at, minus what the others gave; shares of the
endowment."""
TREMBLE = 0.090
"""Probability that somebody who does not repeat gives any amount."""
PUNISH_NOBODY_LOW = 0.033
"""Probability of punishing somebody where all gave the same."""
PUNISH_INTERCEPT, PUNISH_SLOPE = -2.34, 1.88
"""Log odds of punishing: at no gap, and per endowment that the lowest contribution is below the mean."""
TARGET_SLOPE = 3.3
"""Log odds of punishing one rather than another, per endowment that the one gave less."""
LEAVING = 0.004
"""Probability of leaving per round, where that is possible."""
SPEAKING = 0.3
"""Probability of saying something per round; not fitted, since the data do not hold what was said."""


def find_type(question: Question[Any]) -> Type:
    """Return the type of the person who is asked: the same in every round of the same condition."""
    seed = int.from_bytes(question.profile.digest()[:8], "little")
    return TYPES[draw(SHARES[question.facts["talk"], question.facts["punishment"]], seed)]


def contribute(question: Question[Any]) -> Reply:
    """Give by type; see the module."""
    facts = question.facts
    keys = option_keys(question)
    amounts = [int(key) / facts["endowment"] for key in keys if key != LEAVE]
    leaving = [LEAVING] if keys[-1] == LEAVE else []
    kind = find_type(question)
    weights = _first_weights(kind, len(amounts)) if facts["own"] is None else _later_weights(kind, facts, amounts)
    staying = 1 - sum(leaving)
    return [*(staying * weight for weight in weights), *leaving]


def _first_weights(kind: Type, num_amounts: int) -> list[float]:
    """Return weights of amounts from nothing to everything; with two amounts, the rest counts for neither."""
    nothing, half, everything, rest = kind.first
    if num_amounts == 2:
        return [nothing / (nothing + everything), everything / (nothing + everything)]
    weights = [rest / (num_amounts - 3 if num_amounts > 3 else 1)] * num_amounts
    weights[0], weights[-1], weights[num_amounts // 2] = nothing, everything, half
    return weights


def _later_weights(kind: Type, facts: dict[str, Any], amounts: list[float]) -> list[float]:
    own, others = facts["own"], facts["others_mean"]
    to_nothing, to_everything, to_others = kind.aims
    aimed = (own if others is None else others) / facts["endowment"] + SHIFT
    near = _normal_weights(round(aimed, 3), tuple(amounts))
    any_amount, repeated = TREMBLE / len(amounts), own / facts["endowment"]
    weights: list[float] = []
    for amount, weight in zip(amounts, near, strict=True):
        aim = to_nothing * (amount == 0) + to_everything * (amount == 1) + to_others * weight
        weights.append(kind.keep * (amount == repeated) + (1 - kind.keep) * ((1 - TREMBLE) * aim + any_amount))
    return weights


@lru_cache(maxsize=4096)
def _normal_weights(mean: float, amounts: tuple[float, ...]) -> tuple[float, ...]:
    """Return the probability that each amount is the nearest one to a normal draw."""
    edges = [(low + high) / 2 for low, high in pairwise(amounts)]
    below = [0.0, *(NormalDist(mean, SPREAD).cdf(edge) for edge in edges), 1.0]
    return tuple(high - low for low, high in pairwise(below))


def punish(question: Question[Any]) -> Reply:
    """Punish who gave least, the likelier, the further that is below the mean."""
    facts = question.facts
    others, endowment = facts["others"], facts["endowment"]
    mean = (sum(others) + facts["contribution"]) / (len(others) + 1)
    gap = (mean - min(others)) / endowment
    probability = 1 / (1 + exp(-PUNISH_INTERCEPT - PUNISH_SLOPE * gap)) if gap > 0 else PUNISH_NOBODY_LOW
    pulls = [exp(TARGET_SLOPE * (mean - coins) / endowment) for coins in others]
    return [*(probability * pull / sum(pulls) for pull in pulls), 1 - probability]


def reward(question: Question[Any]) -> Reply:
    """Reward nobody: the data have no rewards, and they cost."""
    return [1.0 if key == NOBODY[0] else 0.01 for key in option_keys(question)]


def choose_units(_: Question[Any]) -> Reply:
    """Most take one unit."""
    return [0.70, 0.145, 0.045, 0.06, 0.05]


def speak(_: Question[Any]) -> Reply:
    """Say something now and then."""
    return [SPEAKING, 1 - SPEAKING]


def say(question: Question[Any]) -> Reply:
    """Call on the others to give."""
    return "Let us all give everything." if find_type(question) != FREE_RIDER else "I keep mine."


RULES: Rules = {
    "contribute": contribute,
    "punish": punish,
    "reward": reward,
    "units": choose_units,
    "speak": speak,
    "message": say,
}
