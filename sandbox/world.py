"""What a world is: an ordinary Mesa model whose step is a generator of questions.

A world writes `turn` as a generator that yields a list of questions and gets the list of answers. Whoever drives
the generator decides how to batch: `step()` drives this one world with its own mind, the runner drives any number
of replicates together. Asking changes nothing; state changes only after the answers are in.
"""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias, TypeVar, cast

import mesa
import networkx as nx
from mesa.discrete_space import CellAgent, Network
from pydantic import BaseModel, ConfigDict, Field

from sandbox.errors import ConfigError, ContractError
from sandbox.figures import Figure
from sandbox.mind import NO_CAST, Cast, Mind, Reply, RuleMind
from sandbox.people import Event, Memory, MemoryBudget, Profile
from sandbox.presentation import PLAIN, Presentation
from sandbox.question import Answer, Form, Question, Template, check_answers
from sandbox.seeds import SeedTree
from sandbox.validation import validated

Turn: TypeAlias = Generator[list[Question], list[Answer], None]
Record: TypeAlias = dict[str, str | int | float | bool | None]


class WorldParams(BaseModel):
    """Parameters of a world; values live in its YAML file, and what stands below a field says what it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    fixed: ClassVar[frozenset[str]] = frozenset()
    """Parameters that shape the world when it is made and so cannot change in a running one."""

    def changed(self, changes: Mapping[str, Any], where: str = "world") -> Self:
        """These parameters with some of them changed in a running world; `where` is where the changes were named."""
        if stuck := sorted(set(changes) & self.fixed):
            raise ConfigError(f"{where}.{stuck[0]} shapes the world when it is made and cannot change in a running one")
        return validated(type(self), {**self.model_dump(), **changes}, where)


class Person(CellAgent):
    """A simulated person: profile, memory, a place on the social graph, and a way to be asked."""

    role: ClassVar[str] = "person"

    def __init__(self, world: "World", profile: Profile, node: int | None = None) -> None:
        """Let `profile` live on a node of the social graph, or, where `node` is None, beside it."""
        super().__init__(world)
        self.cell = None if node is None else world.place(node)
        self.profile = profile
        self.memory = Memory(world.memory_budget)
        self.recast(world.voices)

    @property
    def world(self) -> "World":
        """The world this person lives in."""
        return cast("World", self.model)

    def recast(self, voices: Cast) -> None:
        """Take the voice that `voices` gives this person from now on."""
        self.voice = voices.voice(self.role, self.world.seeds.decision(self.unique_id, -1, 0))

    def ask(self, template: str, facts: dict[str, Any], form: Form) -> Question:
        """Put a question to this person, about the step and round that the world is in."""
        world = self.world
        asked = world.template(template)
        return Question(
            replicate=world.replicate,
            step=world.now,
            round=world.round,
            agent=self.unique_id,
            role=self.role,
            template=asked,
            facts=facts,
            form=form,
            profile=self.profile,
            memory=self.memory.view(),
            seed=world.seeds.question(self.unique_id, world.now, asked.name, world.rounds_of[asked.name]),
            voice=self.voice,
            presentation=world.presentation,
        )

    def remember(self, kind: str, text: str, importance: float = 1.0) -> None:
        """Add an event to this person's memory."""
        self.memory.add(Event(self.world.now, kind, text, importance))

    def friends(self) -> "list[Person]":
        """Neighbours on the social graph, by id."""
        cells = self.cell.connections.values() if self.cell else ()
        people = [agent for cell in cells for agent in cell.agents if isinstance(agent, Person)]
        return sorted(people, key=lambda person: person.unique_id)


P = TypeVar("P", bound=Person)


class World(mesa.Model):
    """Base of all worlds.

    A subclass names its `Params`, places `Person`s, writes `turn`, `metrics` and `rule`, and may check
    invariants. It draws random numbers from `self.seeds` only.
    """

    Params: ClassVar[type[Any]] = WorldParams
    prompts: ClassVar[Mapping[str, str]] = {}
    """Text of every template by name; `rules` is the part that all of them begin with."""
    paraphrases: ClassVar[Sequence[Mapping[str, str]]] = ()
    """Other wordings of all `prompts`, for an audit."""
    measures: ClassVar[Mapping[str, str]] = {}
    """Name of every metric and how an axis calls it, unit included."""
    without: ClassVar[Mapping[str, str]] = {}
    """Metrics that have no value while another one is 0, and that other one; in comparisons they are missing then."""
    figures: ClassVar[Sequence[Figure]] = ()
    interventions: ClassVar[Mapping[str, "type[Intervention]"]] = {}
    roles: ClassVar[Sequence[str]] = ("person",)
    """What its people can be; a cast names these."""
    platforms: ClassVar[Sequence[str]] = ()
    """Kinds of logs (`Profile.platform`) whose people suit this world; empty: all do."""

    def __init__(
        self,
        params: WorldParams | None = None,
        *,
        people: Sequence[Profile],
        graph: nx.Graph,
        rng: int = 0,
        mind: Mind | None = None,
        voices: Cast = NO_CAST,
        memory: MemoryBudget | None = None,
        presentation: Presentation = PLAIN,
        replicate: str = "solo/0",
    ) -> None:
        """Make the world of one replicate.

        Args:
            params: The world's parameters.
            people: Profiles; the first `graph.number_of_nodes()` live on the graph's nodes 0..n-1.
            graph: Undirected social graph.
            rng: Seed of the replicate's tree of random numbers.
            mind: Who answers when `step()` drives the world; default: the world's own rule.
            voices: Which voice each role speaks with.
            memory: Bounds of every person's memory.
            presentation: How its questions are worded and laid out.
            replicate: Name of this replicate in records.
        """
        super().__init__(rng=rng)
        self.params: Any = params if params is not None else self.Params()
        self.people = people
        self.network = Network(graph, random=self.random)
        self.seeds = SeedTree(rng)
        self.mind = mind or RuleMind(type(self).rule)
        self.voices = voices
        self.memory_budget = memory or MemoryBudget()
        self.presentation = presentation
        self.replicate = replicate
        self.now = 0
        self.round = 0
        self.rounds_of: Counter[str] = Counter()
        """Rounds of this step that asked with a template, by its name."""
        self.events: list[Intervention] = []
        self.latest: dict[str, float] = {}
        self.datacollector = mesa.DataCollector(model_reporters={name: _reporter(name) for name in self.measures})

    # What a world writes.

    def turn(self) -> Turn:
        """One step: yield questions, get answers, change the state."""
        raise NotImplementedError

    def metrics(self) -> dict[str, float]:
        """Finite figures of the state after a step, one for each of `measures`."""
        return {}

    def tables(self) -> dict[str, list[Record]]:
        """Larger results by name, one record a row; for figures and exports."""
        return {}

    def check(self) -> None:
        """Raise `ContractError` where an invariant is broken."""

    @classmethod
    def num_people(cls, params: Any, size: int) -> int:
        """How many profiles the world needs when `size` people live on the graph."""
        return size

    @staticmethod
    def rule(question: Question) -> Reply:
        """Answer as a simple rule-following person would: the world's twin without a language model."""
        raise NotImplementedError

    # What every world can do.

    def step(self) -> None:
        """Drive one step with this world's own mind."""
        play = self.play()
        answers: list[Answer] | None = None
        while (questions := advance(play, answers)) is not None:
            answers = self.mind.answer(questions)
            check_answers(questions, answers)

    def play(self) -> Turn:
        """One whole step around `turn`: events that are due, rounds, invariants, metrics."""
        self.steps, self.round = self.now + 1, 0
        self.rounds_of.clear()
        for event in self.events:
            if event.step == self.now:
                event.apply(self)
        turn = self.turn()
        answers: list[Answer] | None = None
        while (questions := advance(turn, answers)) is not None:
            answers = (yield questions) if questions else []
            self.round += 1
            self.rounds_of.update({question.template.name for question in questions})
        self.check()
        self.latest = self.metrics()
        self.datacollector.collect(self)
        self.now += 1

    def in_order(self, people: Sequence[P], purpose: str) -> list[P]:
        """`people` in this step's seeded order, however they are stored."""
        return self.seeds.order(self.now, purpose, people, [person.unique_id for person in people])

    def place(self, node: int) -> Any:
        """The cell of a node of the social graph."""
        network: Any = self.network  # Mesa types coordinates as tuples only
        return network[node]

    def template(self, name: str) -> Template:
        """The prompt template of that name."""
        return _template(type(self), name, self.presentation.wording)

    def recast(self, voices: Cast) -> None:
        """Give every person a voice anew."""
        self.voices = voices
        for person in self.agents:
            if isinstance(person, Person):
                person.recast(voices)

    def change(self, **changes: Any) -> None:
        """Change parameters from now on."""
        self.params = self.params.changed(changes)


class Intervention(BaseModel):
    """A scheduled event: at the start of `step`, `apply` changes the world."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int = Field(ge=0)
    """0-based step before whose first round it happens."""

    def check(self, world: Any) -> None:
        """Raise `ConfigError` where it names what `world`, as it is some steps earlier, does not and cannot have."""

    def apply(self, world: Any) -> None:
        """Change the world."""
        raise NotImplementedError


def read_prompts(folder: Path) -> dict[str, str]:
    """Read every `*.txt` of a folder as a template named after the file."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}


def advance(turn: Turn, answers: list[Answer] | None) -> list[Question] | None:
    """Give a turn its answers (None to begin) and get its next questions, or None where it is over."""
    try:
        return next(turn) if answers is None else turn.send(answers)
    except StopIteration:
        return None


def _reporter(name: str) -> Any:
    return lambda world: world.latest.get(name)


def _template(world: type[World], name: str, wording: int) -> Template:
    key = (world, name, wording)
    if key not in _TEMPLATES:
        prompts = world.paraphrases[wording - 1] if wording else world.prompts
        if name not in prompts:
            raise ContractError(f"world {world.__name__} asks {name!r} but its prompts are {sorted(prompts)}")
        _TEMPLATES[key] = Template(f"{world.__name__.lower()}/{name}", prompts["rules"], prompts[name])
    return _TEMPLATES[key]


_TEMPLATES: dict[tuple[type[World], str, int], Template] = {}
