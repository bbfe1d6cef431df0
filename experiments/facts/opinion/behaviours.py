"""Behaviour of simple people in the opinion world, from which the facts' controls are put together."""

from typing import Any

from sandbox.core import Choose, Question, Reply
from sandbox.core.mind import Rule
from worlds.opinion.rules import revise

MEASURED = "measured by `experiments.people.measure_opinion` on the groups that are not of the test split"
ESTIMATES = f"Becker, Brackbill and Centola (2017), doi:10.1073/pnas.1615978114; {MEASURED}"
NEWS = f"Guilbeault, Woolley and Becker (2021), doi:10.1371/journal.pone.0247487; {MEASURED}"


def go(share: float, probability: float = 1.0) -> Rule:
    """Return people who go a share of the way to the others, the nearest step, with a probability; else they stay."""

    def reply(question: Question[Any]) -> Reply:
        steps = list_steps(question)
        aim = min(steps, key=lambda step: abs(step - share)) if question.facts["follows"] else 0.0
        return [probability * (step == aim) + (1 - probability) * (step == 0) for step in steps]

    return reply


def move_any(question: Question[Any]) -> Reply:
    """Take any step but staying, whatever others say."""
    return [float(step != 0) for step in list_steps(question)]


def hardly_move(party: str) -> Rule:
    """Return people of whom those of one party stay three times in four, and otherwise do as rule agents."""

    def reply(question: Question[Any]) -> Reply:
        weights: Any = revise(question)
        if question.facts["party"] != party:
            return weights
        return [weight / 4 + 0.75 * (step == 0) for step, weight in zip(list_steps(question), weights, strict=True)]

    return reply


def list_steps(question: Question[Any]) -> list[float]:
    """Return the steps that can be chosen."""
    form = question.form
    return [float(option.key) for option in form.options] if isinstance(form, Choose) else []
