"""Reactions: which fact of a question moves which answer, in which direction, and by how much in people.

A world declares them (`World.reactions`). Whoever measures one takes a question that was really asked, gives one of its
facts every level of a grid while all else stays equal (person, memory, other facts, order of the options, seed), asks
again, and regresses a number about the answer on the level: that is a response curve and its slope. The numbers are
read off the probabilities of the options, not off draws, so that few people show a small slope.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import isfinite, log, nan
from numbers import Real
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from sandbox.core.form import Choose
from sandbox.core.question import Question
from sandbox.errors import ContractError, quote_value
from sandbox.figures.response_curve import ResponseCurve
from sandbox.user_code import explain_user_code

Outcome: TypeAlias = Callable[[Question[Any], Sequence[float]], float]
"""A number about the answer to a question, from the probabilities of its options in declared order."""

SMALLEST_SHARE = 0.25
"""Share of the reference slope below which a slope does not count as a reaction."""
MIN_PROBABILITY = 1e-6
"""Probabilities are cut at this distance from 0 and 1, so that log odds stay finite."""


class Level(NamedTuple):
    """One value that a fact is given."""

    value: Any
    label: str
    """How an axis names it."""
    position: float
    """Where it is on the scale that slopes are per unit of."""


class VariedFact(NamedTuple):
    """How a fact of a question is read and changed."""

    read: Callable[[Question[Any]], Any]
    """Returns the fact as it was asked; None where the question has no such fact, or none that could be changed."""
    write: Callable[[Question[Any], Any], Question[Any]]
    """Returns the same question with another value of the fact, in its facts and in its options. Writing what was
    read gives the question back."""


class PeopleSlope(NamedTuple):
    """The slope of real people, measured or from the literature."""

    value: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    num_people: int
    source: str


@dataclass(frozen=True)
class Reaction:
    """One fact that should move one answer."""

    name: str
    """Its name in tables, such as `stars_by_experience`."""
    cause: str
    """What is changed, in the singular and in plain words, such as `the experience`."""
    effect: str
    """What should move, in plain words, such as `the stars given`."""
    template: str
    """Key of the template whose questions are asked again."""
    fact: VariedFact
    levels: Sequence[Level]
    """At least two, in the order in which a curve shows them."""
    outcome: Outcome
    outcome_label: str
    """What an axis calls the outcome, such as `expected stars`."""
    unit: str
    """Unit of the slope, such as `stars per step of experience`."""
    direction: Literal[1, -1]
    """Sign of the slope that theory gives."""
    source: str
    """Author and year of the theory or finding that gives the sign."""
    people: PeopleSlope | None = None
    """The slope of real people; None: no data give one, and rule agents are the reference."""
    other_people: Sequence[PeopleSlope] = ()
    """Slopes of people in other data, which show how much the reference depends on the data; nothing is judged by
    them."""
    needs: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the world without which its question is not asked, such as `{"punishment": True}`."""
    smallest: float = nan
    """Absolute slope from which a reaction counts; NaN: `SMALLEST_SHARE` of the reference slope."""

    @property
    def title(self) -> str:
        """What reports call the reaction."""
        return f"{self.effect.removeprefix('the ')} by {self.cause.removeprefix('the ')}".capitalize()

    def applies_to(self, question: Question[Any]) -> bool:
        """Return whether this question can be asked again with other levels."""
        if question.template.key != self.template or not isinstance(question.form, Choose):
            return False
        with self._explain("reading its fact", self.fact.read):
            return self.fact.read(question) is not None

    def vary(self, question: Question[Any]) -> list[Question[Any]]:
        """Return the question at every level."""
        with self._explain("changing its fact", self.fact.write):
            return [self.fact.write(question, level.value) for level in self.levels]

    def measure(self, question: Question[Any], probs: Sequence[float]) -> float:
        """Return the outcome of a question by the probabilities of its options.

        Raises:
            ContractError: It is no finite number.
        """
        with self._explain("computing its outcome", self.outcome):
            outcome = self.outcome(question, probs)
            if not isinstance(outcome, Real) or not isfinite(outcome):
                raise ContractError(
                    f"reaction {self.name}: the outcome is {quote_value(outcome)}, but it must be a finite number"
                )
            return outcome

    def _explain(self, what: str, code: Callable[..., Any]) -> AbstractContextManager[None]:
        """Explain errors of functions that a world's author wrote."""
        return explain_user_code(lambda: f"reaction {self.name}: {what}", lambda: code)

    def figure(self) -> ResponseCurve:
        """Return the figure of its curve, for `World.figures`."""
        return ResponseCurve(
            name=f"reaction_{self.name}",
            title=self.title,
            reaction=self.name,
            xlabel=self.cause.removeprefix("the "),
            ylabel=self.outcome_label,
            people_slope=self.people.value if self.people else nan,
        )


def plain_fact(name: str) -> VariedFact:
    """Return how to vary a fact that appears in the template alone, and in no option."""

    def read(question: Question[Any]) -> Any:
        return question.facts.get(name)

    def write(question: Question[Any], value: Any) -> Question[Any]:
        return change_facts(question, {name: value})

    return VariedFact(read, write)


def change_facts(
    question: Question[Any], changes: Mapping[str, Any], texts: Mapping[int, str] | None = None
) -> Question[Any]:
    """Return the question with other facts and, by declared index, other texts of its options.

    Agent, person, memory, seed and the keys of the options stay the same.
    """
    form = question.form
    if texts and isinstance(form, Choose):
        options = tuple(
            msgspec.structs.replace(option, text=texts.get(index, option.text))
            for index, option in enumerate(form.options)
        )
        form = msgspec.structs.replace(form, options=options)
    return msgspec.structs.replace(question, facts={**question.facts, **changes}, form=form)


def grid(values: Sequence[Any], positions: Sequence[float] | None = None) -> tuple[Level, ...]:
    """Return levels that are labelled with their values; positions are 0, 1, 2 ... unless given."""
    places = range(len(values)) if positions is None else positions
    return tuple(Level(value, str(value), float(place)) for value, place in zip(values, places, strict=True))


def expected_number(numbers: Mapping[str, float] | None = None) -> Outcome:
    """Return the expected number that is chosen.

    Args:
        numbers: The number behind every option's key; None: the keys are numbers.
    """

    def outcome(question: Question[Any], probs: Sequence[float]) -> float:
        keys = [option.key for option in _options(question)]
        return sum(
            prob * (float(key) if numbers is None else numbers[key]) for key, prob in zip(keys, probs, strict=True)
        )

    return outcome


def log_odds(select: Callable[[Question[Any]], Collection[str]]) -> Outcome:
    """Return the log odds that one of the selected options is chosen rather than any other.

    Args:
        select: Returns the keys of the selected options of a question.
    """

    def outcome(question: Question[Any], probs: Sequence[float]) -> float:
        keys = select(question)
        options = zip(_options(question), probs, strict=True)
        probability = sum(prob for option, prob in options if option.key in keys)
        bounded = min(max(probability, MIN_PROBABILITY), 1 - MIN_PROBABILITY)
        return log(bounded / (1 - bounded))

    return outcome


def _options(question: Question[Any]) -> Sequence[Any]:
    form = question.form
    return form.options if isinstance(form, Choose) else ()
