"""The opinion world without a language model: people who average as DeGroot's do, some of them stubborn.

As in the model of Friedkin and Johnsen (1990, doi:10.1080/0022250X.1990.9990069), people go a part of the way to the
mean of those whom they see, and are held back by their first opinion. Real people differ from it in two ways, which are
part of the rule: many do not move at all, and some of them hardly ever do; and those who move go more or less far.

Fitted by maximum likelihood to the people of the train split: `python -m experiments.people.fit_revisers DATA`.
"""

from functools import lru_cache
from itertools import pairwise
from math import erf, sqrt
from typing import Any, NamedTuple

from sandbox.core import Choose, Question, Reply, Rules
from sandbox.core.seeds import uniform


class Reviser(NamedTuple):
    """How people revise."""

    stubborn_share: float
    """Share of people who are stubborn."""
    stay: float
    """Probability that others keep their opinion."""
    stubborn_stay: float
    """Probability that stubborn people keep their opinion."""
    weight: float
    """Mean share of the way to those seen that people go who revise."""
    anchor: float
    """Mean share of the way back to the first opinion that they go."""
    spread: float
    """Standard deviation of the share of the way; alone, of the revision in scales of the topic."""


ESTIMATES = Reviser(0.397, 0.092, 0.449, 0.445, 0.041, 0.475)
"""Of people who estimate quantities, or anything else than news."""
NEWS = Reviser(0.401, 0.100, 0.583, 0.205, 0.000, 0.646)
"""Of people who judge news."""
ALONE = Reviser(0.376, 0.101, 0.718, 0.000, 0.000, 0.582)
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
    aim = 0.0
    if facts["follows"]:
        aim = reviser.weight + reviser.anchor * (facts["first"] - facts["own"]) / (facts["others"] - facts["own"])
    is_stubborn = uniform(int.from_bytes(question.profile.digest()[:8], "little"), b"stubborn") < reviser.stubborn_share
    stay = reviser.stubborn_stay if is_stubborn else reviser.stay
    moves = nearest_step_weights(round(aim, 3), reviser.spread, tuple([step for step in steps if step]))
    return [(1 - stay) * moves[step] if step else stay for step in steps]


@lru_cache(maxsize=4096)
def nearest_step_weights(mean: float, spread: float, steps: tuple[float, ...]) -> dict[float, float]:
    """Return the probability that each step is the nearest one to a normal draw."""
    ordered = sorted(steps)
    edges = [((low + high) / 2 - mean) / spread for low, high in pairwise(ordered)]
    below = [0.0, *((1 + erf(edge / sqrt(2))) / 2 for edge in edges), 1.0]
    return dict(zip(ordered, (high - low for low, high in pairwise(below)), strict=True))


def argue(question: Question[Any]) -> Reply:
    """Say one's opinion and no more."""
    return f"I think it is about {question.facts['own_text']}."


RULES: Rules = {"revise": revise, "argue": argue}
