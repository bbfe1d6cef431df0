"""The commons without a language model: conditional cooperators, full cooperators and free riders.

People differ in type (Fischbacher, Gächter & Fehr 2001, doi:10.1016/S0165-1765(01)00394-9). There are more full
cooperators where people can talk or punish, where a coin in the fund pays back more, where the end is unknown, and
where all coins are in the fund from the start. Everybody may repeat their last contribution. Who does not, gives
nothing (free riders), everything (full cooperators), or about what the others gave and a little less (conditional
cooperators). Who punishes, does so the likelier, the further the lowest contribution is below the mean, the less it
costs and the more it takes (Nikiforakis & Normann 2008, doi:10.1007/s10683-007-9171-3), and takes from the lowest.

All parameters were fitted by maximum likelihood to the train split of Alsobay, Rand, Watts & Almaatouq (2025): giving
to 1,005 people in 93 games (`python -m experiments.people.fit_cooperators DATA`), punishing to the 51 of them in which
people could punish (`python -m experiments.people.fit_punishers DATA`). What has no data behind it says so.
"""

from functools import lru_cache
from itertools import pairwise
from math import exp, log2
from statistics import NormalDist
from typing import Any, NamedTuple, cast

from sandbox.core import Choose, Question, Reply, Rules
from sandbox.core.seeds import draw
from worlds.commons.member import LEAVE, NOBODY, legal_amounts, option_keys


class Type(NamedTuple):
    """How one kind of person gives."""

    keep: float
    """Probability of repeating the last contribution."""
    first: tuple[float, float, float, float]
    """In the first round: probability of giving nothing, half, everything, or any other amount."""
    aims: tuple[float, float, float]
    """Otherwise: probability of giving nothing, everything, or about what the others gave."""


FREE_RIDER = Type(0.324, (0.385, 0.134, 0.307, 0.174), (1.0, 0.0, 0.0))
CONDITIONAL_COOPERATOR = Type(0.284, (0.044, 0.318, 0.170, 0.467), (0.091, 0.194, 0.715))
FULL_COOPERATOR = Type(0.580, (0.102, 0.228, 0.466, 0.205), (0.0, 1.0, 0.0))
TYPES = (FREE_RIDER, CONDITIONAL_COOPERATOR, FULL_COOPERATOR)
SHARES = {
    (False, False): (0.069, 0.684, 0.247),
    (False, True): (0.032, 0.566, 0.402),
    (True, False): (0.038, 0.290, 0.672),
    (True, True): (0.031, 0.153, 0.816),
}
"""Share of each of `TYPES`, by whether people can talk, and can punish; where `TILTS` do not apply."""
USUAL_RETURN = 0.4
"""Coins that a coin in the fund pays back at which `SHARES` hold."""
TILTS = {
    "return": (-4.390, -2.812, 0.0),
    "known_end": (0.859, 0.571, 0.0),
    "opt_out": (-0.317, -1.205, 0.0),
    "show_earnings": (0.667, 0.277, 0.0),
}
"""Log odds of each of `TYPES` rather than a full cooperator: per coin that a coin in the fund pays back, and where the
end is known, all coins are in the fund from the start, and earnings are shown. The likelihood falls by 16.7, 6.5, 19.2
and 2.4 without them: the last could be chance."""
SHIFT, SPREAD = -0.066, 0.260
"""Mean and standard deviation of what conditional cooperators aim at, minus what the others gave; shares of the
endowment."""
TREMBLE = 0.091
"""Probability that somebody who does not repeat gives any amount."""
PUNISH_NOBODY_LOW = 0.037
"""Probability of punishing somebody where all gave the same."""
PUNISH_INTERCEPT, PUNISH_GAP = -0.838, 0.422
"""Log odds of punishing: at no gap, and per endowment that the lowest contribution is below the mean."""
PUNISH_PRICE, PUNISH_IMPACT = -0.796, 0.516
"""Log odds of punishing per doubling of the price and of the impact."""
USUAL_PRICE, USUAL_IMPACT = 1, 3
"""Price and impact at which `PUNISH_INTERCEPT` holds."""
TARGET_SLOPE = 2.748
"""Log odds of punishing one rather than another, per endowment that the one gave less."""
LEAVING = 0.004
"""Probability of leaving per round, where that is possible."""
SPEAKING = 0.3
"""Probability of saying something per round; not fitted, since the data do not hold what was said."""


def find_type(question: Question[Any]) -> Type:
    """Return the type of the person who is asked: the same in every round while nobody leaves and no rule changes."""
    facts = question.facts
    seed = int.from_bytes(question.profile.digest()[:8], "little")
    payback = facts["multiplier"] / (1 + facts["num_others"])
    is_set = (facts["rounds"] is not None, facts["opt_out"], facts["show_earnings"])
    return TYPES[draw(type_shares(facts["talk"], facts["punishment"], payback, *is_set), seed)]


@lru_cache(maxsize=4096)
def type_shares(
    talk: bool, punishment: bool, payback: float, known_end: bool, opt_out: bool, show_earnings: bool
) -> tuple[float, ...]:
    """Return the share of each of `TYPES` in a game.

    Args:
        talk: Whether people can talk.
        punishment: Whether they can punish.
        payback: Coins that a coin in the fund pays back to its giver.
        known_end: Whether they know the number of rounds.
        opt_out: Whether all coins are in the fund from the start.
        show_earnings: Whether they see what the others earned.
    """
    setting = {"return": payback - USUAL_RETURN, "known_end": known_end, "opt_out": opt_out}
    setting["show_earnings"] = show_earnings
    weights = [
        share * exp(sum(TILTS[name][number] * value for name, value in setting.items()))
        for number, share in enumerate(SHARES[talk, punishment])
    ]
    return tuple(weight / sum(weights) for weight in weights)


def contribute(question: Question[Any]) -> Reply:
    """Give by type; see the module."""
    facts, options = question.facts, cast("Choose[Any]", question.form).options
    can_leave = options[-1].key == LEAVE
    amounts = legal_amounts(facts["endowment"], len(options) - can_leave == 2)
    kind = find_type(question)
    weights = _first_weights(kind, len(amounts)) if facts["own"] is None else _later_weights(kind, facts, amounts)
    if not can_leave:
        return weights
    return [*((1 - LEAVING) * weight for weight in weights), LEAVING]


def _first_weights(kind: Type, num_amounts: int) -> list[float]:
    """Return weights of amounts from nothing to everything; with two amounts, the rest counts for neither."""
    nothing, half, everything, rest = kind.first
    if num_amounts == 2:
        return [nothing / (nothing + everything), everything / (nothing + everything)]
    weights = [rest / (num_amounts - 3 if num_amounts > 3 else 1)] * num_amounts
    weights[0], weights[-1], weights[num_amounts // 2] = nothing, everything, half
    return weights


def _later_weights(kind: Type, facts: dict[str, Any], amounts: tuple[int, ...]) -> list[float]:
    own, others, endowment = facts["own"], facts["others_mean"], facts["endowment"]
    aim = round((own if others is None else others) / endowment + SHIFT, 3)
    weights = list(_new_weights(kind, aim, tuple(coins / endowment for coins in amounts)))
    if own in amounts:  # not if only nothing or everything has become legal since
        weights[amounts.index(own)] += kind.keep
    return weights


@lru_cache(maxsize=4096)
def _new_weights(kind: Type, aim: float, amounts: tuple[float, ...]) -> tuple[float, ...]:
    """Return the weight of each amount for a person who does not repeat the last one; they sum to 1 - `keep`."""
    to_nothing, to_everything, to_others = kind.aims
    any_amount = TREMBLE / len(amounts)
    return tuple(
        (1 - kind.keep)
        * ((1 - TREMBLE) * (to_nothing * (share == 0) + to_everything * (share == 1) + to_others * near) + any_amount)
        for share, near in zip(amounts, _normal_weights(aim, amounts), strict=True)
    )


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
    log_odds = PUNISH_INTERCEPT + PUNISH_GAP * gap
    log_odds += PUNISH_PRICE * log2(facts["price"] / USUAL_PRICE) + PUNISH_IMPACT * log2(facts["impact"] / USUAL_IMPACT)
    probability = 1 / (1 + exp(-log_odds)) if gap > 0 else PUNISH_NOBODY_LOW
    pulls = [exp(TARGET_SLOPE * (mean - coins) / endowment) for coins in others]
    return [*(probability * pull / sum(pulls) for pull in pulls), 1 - probability]


def reward(question: Question[Any]) -> Reply:
    """Reward nobody: the data have no rewards, and they cost."""
    return [1.0 if key == NOBODY[0] else 0.01 for key in option_keys(question)]


def choose_units(_: Question[Any]) -> Reply:
    """Most take one unit; measured on the train split, larger amounts at the nearest."""
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
