"""The opinion world without a language model: people who average as DeGroot's do, some of them stubborn.

As in the model of Friedkin and Johnsen (1990, doi:10.1080/0022250X.1990.9990069), people go a part of the way to the
mean of those whom they see, and are held back by their first opinion. Real people differ from it in two ways, which are
part of the rule: many do not move at all, some of them hardly ever, and the fewer, the further the others are; and
those who move go more or less far.

Fitted by maximum likelihood to the people of the train split: `python -m experiments.people.fit_revisers DATA`.
"""

from functools import lru_cache
from itertools import pairwise
from math import erf, exp, sqrt
from typing import Any, NamedTuple

from sandbox.core import Choose, Question, Reply, Rules
from sandbox.core.seeds import uniform


class Reviser(NamedTuple):
    """How people revise."""

    stubborn_share: float
    """Share of people who are stubborn."""
    stay: float
    """Log odds that others keep their opinion, near those whom they see."""
    stubborn_stay: float
    """The same of stubborn people."""
    pull: float
    """By how much these log odds are lower per scale of the topic between oneself and those seen."""
    weight: float
    """Mean share of the way to those seen that people go who revise."""
    anchor: float
    """Mean share of the way back to the first opinion that they go."""
    spread: float
    """Standard deviation of the share of the way; alone, of the revision in scales of the topic."""


ESTIMATES = Reviser(0.379, -1.624, 0.549, 0.688, 0.445, 0.041, 0.475)
"""Of people who estimate quantities, or anything else than news."""
NEWS = Reviser(0.415, -2.913, -0.409, -0.826, 0.205, 0.000, 0.646)
"""Of people who judge news."""
ALONE = Reviser(0.376, -2.186, 0.936, 0.000, 0.000, 0.000, 0.582)
"""Of people who see nobody, or nobody of another opinion."""


def find_reviser(facts: dict[str, Any]) -> Reviser:
    """Return how people revise in a situation."""
    if not facts["follows"]:
        return ALONE
    return NEWS if facts["kind"] == "news" else ESTIMATES


def revise(question: Question[Any]) -> Reply:
    """Stay, or go about a part of the way to the others and back to the first opinion."""
    facts, form = question.facts, question.form
    steps = tuple([float(option.key) for option in form.options]) if isinstance(form, Choose) else ()
    reviser = find_reviser(facts)
    aim, distance = reviser.weight, 0.0
    if facts["follows"]:
        aim += reviser.anchor * (facts["first"] - facts["own"]) / (facts["others"] - facts["own"])
        distance = abs(facts["others"] - facts["own"]) / facts["scale"]
    is_stubborn = uniform(int.from_bytes(question.profile.digest()[:8], "little"), b"stubborn") < reviser.stubborn_share
    log_odds = (reviser.stubborn_stay if is_stubborn else reviser.stay) - reviser.pull * distance
    return revision_weights(round(1 / (1 + exp(-log_odds)), 2), round(aim, 2), reviser.spread, steps)


@lru_cache(maxsize=16384)
def revision_weights(stay: float, aim: float, spread: float, steps: tuple[float, ...]) -> list[float]:
    """Return the probability of every step: of staying, and else that it is the one nearest to a normal draw.

    Args:
        stay: Probability of the step 0.
        aim: Mean of the draw.
        spread: Its standard deviation.
        steps: In any order, 0 and at least one other.
    """
    moves = sorted(step for step in steps if step)
    edges = [((low + high) / 2 - aim) / spread for low, high in pairwise(moves)]
    below = [0.0, *((1 + erf(edge / sqrt(2))) / 2 for edge in edges), 1.0]
    weights = {step: (1 - stay) * (high - low) for step, (low, high) in zip(moves, pairwise(below), strict=True)}
    return [weights[step] if step else stay for step in steps]


def argue(question: Question[Any]) -> Reply:
    """Say one's opinion and no more."""
    return f"I think it is about {question.facts['own_text']}."


RULES: Rules = {"revise": revise, "argue": argue}
