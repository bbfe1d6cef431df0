"""What a world is: an ordinary Mesa model whose step is a generator of questions.

A world writes `turn` as a generator that yields a batch of questions and gets the list of answers. Whoever drives the
generator decides how to batch: `step()` drives this one world with its own mind, the runner drives any number of
replicates together. Asking changes nothing; state changes only after the answers are in.
"""

import math
import re
import reprlib
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar, Generic, TypeAlias, cast, get_args, get_origin

import mesa
import networkx as nx
import numpy as np
from typing_extensions import TypeVar

from sandbox.core.agent import Agent
from sandbox.core.answer import Answer
from sandbox.core.assignment import NO_ASSIGNMENT, Assignment
from sandbox.core.base_world import BaseWorld
from sandbox.core.intervention import Intervention
from sandbox.core.memory import MemoryBudget
from sandbox.core.mind import Mind, RuleMind, Rules
from sandbox.core.params import WorldParams
from sandbox.core.presentation import PLAIN, Presentation
from sandbox.core.profile import Profile
from sandbox.core.question import Question, Turn, check_answers
from sandbox.core.reaction import Reaction
from sandbox.core.replicate import Replicate
from sandbox.errors import ContractError
from sandbox.figures.figure import Figure

Row: TypeAlias = dict[str, str | int | float | bool | None]
"""One row of a world's table."""

MAX_METRIC = sys.float_info.max
"""Largest size of a metric: results are written as 64-bit numbers."""

ParamsT = TypeVar("ParamsT", bound=WorldParams, default=WorldParams)
AgentT = TypeVar("AgentT", bound=Agent[Any])
InterventionT = TypeVar("InterventionT", bound=Intervention[Any])


SOLO = Replicate("solo", 0)
"""A world that belongs to no run."""


class World(BaseWorld, Generic[ParamsT]):
    """Base of all worlds: `class Rumor(World[RumorParams])`.

    A subclass places agents, writes `turn`, `metrics` and `rules`, and may check invariants. It draws random numbers
    from `self.seeds` only. Subclasses of a world inherit what is known of it: prompts, rules, interventions, stylised
    facts. They make draws of their own, since the world's name is part of every question's seed. A subclass of a world
    with parameters names its own class of parameters, if it has one: `Params = FairParams`.
    """

    Params: ClassVar[type[WorldParams]] = WorldParams
    """Class of the parameters, taken from `World[...]`."""
    rules: ClassVar[Rules] = {}
    """By template: how simple people answer. This is the world's twin without a language model."""
    metric_labels: ClassVar[Mapping[str, str]] = {}
    """Name of every metric and its axis label, unit included."""
    figures: ClassVar[Sequence[Figure]] = ()
    reactions: ClassVar[Sequence[Reaction]] = ()
    """Which facts should move which answers, and in which direction."""
    roles: ClassVar[Sequence[str]] = ("person",)
    """What its agents can be; an assignment names these."""
    platforms: ClassVar[Sequence[str]] = ()
    """Kinds of logs (`Profile.platform`) whose people suit this world; empty: all."""
    tie_properties: ClassVar[Sequence[str]] = ()
    """What of the ties of a network from a file this world uses: `weight` (attribute `weight` of `network.G.edges`),
    `direction` (attribute `one_way_from`: the node that a one-way tie leads from). The user is told of what is not."""
    max_prompt_tokens: ClassVar[int] = 1200
    """Bound on the length of any prompt, by `count_tokens`; `check` enforces it."""

    _interventions: ClassVar[Mapping[str, type[Intervention[Any]]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give a subclass its name, its class of parameters, and interventions of its own."""
        super().__init_subclass__(**kwargs)
        cls._interventions = {}
        if "name" not in vars(cls):
            cls.name = cls.__name__.lower()
        if not re.fullmatch(r"\w+", cls.name):
            raise ContractError(f"{cls.__name__}.name must be letters, digits and underscores, found {cls.name!r}")
        for base in vars(cls).get("__orig_bases__", ()):
            arguments = get_args(base)
            if get_origin(base) is World and isinstance(arguments[0], type):
                cls.Params = arguments[0]

    def __init__(
        self,
        params: ParamsT | None = None,
        *,
        profiles: Sequence[Profile],
        graph: "nx.Graph[Any]",
        rng: int = 0,
        mind: Mind | None = None,
        assignment: Assignment = NO_ASSIGNMENT,
        memory: MemoryBudget | None = None,
        presentation: Presentation = PLAIN,
        replicate: Replicate = SOLO,
    ) -> None:
        """Create the world of one replicate.

        Args:
            params: The world's parameters.
            profiles: The first `graph.number_of_nodes()` live on the graph's nodes 0..n-1.
            graph: Undirected social graph.
            rng: Seed of the replicate's tree of random numbers.
            mind: Answers when `step()` drives the world; default: the world's own rules.
            assignment: Which mind each role uses.
            memory: Bounds of every agent's memory.
            presentation: How its questions are worded and laid out.
            replicate: The arm and seed of this world in records.
        """
        super().__init__(graph, rng, assignment, memory or MemoryBudget(), presentation, replicate)
        self.params: ParamsT = params if params is not None else cast("ParamsT", self.Params())
        self.profiles = profiles
        self.mind = mind or RuleMind(self.rules)
        self.scheduled: list[Intervention[Any]] = []
        """Interventions to come, and those that happened."""
        self.latest_metrics: dict[str, float | None] = {}
        """Metrics after the latest step; None where there was no case."""
        self.datacollector = mesa.DataCollector(
            model_reporters={name: _metric_reporter(name) for name in self.metric_labels}
        )

    # What a world writes.

    def turn(self) -> Turn[None]:
        """Run one step: yield questions, get answers, change the state."""
        raise ContractError(
            f"world {self.name} has no `turn`; write it as a generator that yields batches of questions"
        )

    def metrics(self) -> Mapping[str, float | None]:
        """Return numbers about the state after a step, one for each of `metric_labels`.

        A metric without a case in this step, such as the mean stars of no reviews, is None or NaN, never 0: it is then
        missing in results, means and figures.
        """
        return {}

    def tables(self) -> dict[str, list[Row]]:
        """Return larger results by name, for figures and exports."""
        return {}

    def check(self) -> None:
        """Raise `ContractError` where an invariant is broken."""

    @classmethod
    def num_profiles(cls, params: ParamsT, size: int) -> int:
        """Return the number of profiles the world needs when `size` agents live on the graph."""
        return size

    # What every world can do.

    @classmethod
    def lineage(cls) -> tuple[str, ...]:
        """Return the names of this world and of the worlds it inherits from, nearest first."""
        return tuple(kind.name for kind in cls.__mro__ if issubclass(kind, World) and kind is not World)

    @classmethod
    def intervention(cls, name: str) -> Callable[[type[InterventionT]], type[InterventionT]]:
        """Register an intervention under `name`: `@Marketplace.intervention("tax")` above its class."""

        def register(kind: type[InterventionT]) -> type[InterventionT]:
            cls._interventions = {**cls._interventions, name: kind}
            return kind

        return register

    @classmethod
    def interventions(cls) -> dict[str, type[Intervention[Any]]]:
        """Return all interventions this world knows, inherited ones included, by name."""
        kinds = [kind for kind in reversed(cls.__mro__) if issubclass(kind, World)]
        return {name: kind for world in kinds for name, kind in world._interventions.items()}

    def step(self) -> None:
        """Drive one step with this world's own mind."""
        play = self.play()
        answers: list[Answer] | None = None
        while (questions := advance(play, answers)) is not None:
            answers = self.mind.answer(questions)
            check_answers(questions, answers)

    def play(self) -> Turn[None]:
        """Run one whole step around `turn`: interventions that are due, rounds, invariants, metrics."""
        self.steps, self.round = self.now + 1, 0
        self.rounds_by_template.clear()
        for intervention in self.scheduled:
            if intervention.step == self.now:
                intervention.apply(self)
        turn = self.turn()
        if not isinstance(turn, Generator):
            raise ContractError(f"world {self.name}: `turn` must be a generator that yields batches of questions")
        answers: list[Answer] | None = None
        while (questions := advance(turn, answers)) is not None:
            _check_questions(self, questions)
            answers = (yield questions) if questions else []
            self.round += 1
            self.rounds_by_template.update({question.template.name for question in questions})
        self.check()
        self.latest_metrics = _check_metrics(self, self.metrics())
        self.datacollector.collect(self)
        self.now += 1

    def in_order(self, agents: Sequence[AgentT], purpose: str) -> list[AgentT]:
        """Return `agents` in this step's seeded order, however they are stored."""
        return self.seeds.order(self.now, purpose, agents, [agent.unique_id for agent in agents])

    def assign_minds(self, assignment: Assignment) -> None:
        """Assign a mind to every agent anew."""
        self.assignment = assignment
        for agent in self.agents:
            if isinstance(agent, Agent):
                agent.assign_mind(assignment)

    def change(self, **changes: Any) -> None:
        """Change parameters from now on."""
        self.params = self.params.with_changes(changes)


def advance(turn: Turn[Any], answers: list[Answer] | None) -> Sequence[Question[Any]] | None:
    """Give a turn its answers (None to begin) and get its next questions, or None where it is over."""
    try:
        return next(turn) if answers is None else turn.send(answers)
    except StopIteration:
        return None


def _check_questions(world: World[Any], questions: Any) -> None:
    """Raise `ContractError` unless a turn has yielded a list of questions."""
    strangers = [questions] if not isinstance(questions, Sequence) else []
    if strangers := strangers or [question for question in questions if not isinstance(question, Question)]:
        raise ContractError(
            f"world {world.name}: `turn` must yield lists of questions, found {reprlib.repr(strangers[0])}; "
            "with gather, write `yield from gather(...)`"
        )


def _check_metrics(world: World[Any], metrics: Any) -> dict[str, float | None]:
    """Return metrics as they are stored; raise `ContractError` for one that has no label: nobody would ever see it."""
    if not isinstance(metrics, Mapping):
        raise ContractError(
            f"world {world.name}: `metrics` returns {reprlib.repr(metrics)}, but it must return a mapping "
            "from names to numbers"
        )
    if strangers := [name for name in metrics if name not in world.metric_labels]:
        raise ContractError(
            f"world {world.name}: `metrics` returns {strangers[0]!r}, which `metric_labels` does not have; give it a "
            "label there, or leave it out"
        )
    return {name: _check_metric(world, name, value) for name, value in metrics.items()}


def _check_metric(world: World[Any], name: str, value: Any) -> float | None:
    """Return a metric as it is stored; None for NaN, which is not equal to itself and has no place in JSON."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, (Real, np.bool_)) or abs(cast("Any", value)) > MAX_METRIC:
        raise ContractError(
            f"world {world.name}: the metric {name!r} is {reprlib.repr(value)}, but `metrics` must return finite "
            "numbers, or None where there is nothing to measure"
        )
    return cast("float", value)


def _metric_reporter(name: str) -> Callable[[World[Any]], float | None]:
    return lambda world: world.latest_metrics.get(name)
