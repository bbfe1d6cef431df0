"""What a run depends on, as frozen settings.

A value lives once, in `conf/`; here are its type, bounds, unit and meaning.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

from sandbox.composition import compose
from sandbox.errors import quote_value
from sandbox.runtime.treatments import resolve_choices
from sandbox.settings import Settings, validate

LAST = "@last"
"""After the name of a metric: its value at the last step; without it, its mean over steps."""
ARM_SEPARATOR = ":"
"""Between mind and treatment in the name of an arm."""
NO_NAME_CHARACTERS = f"/\\{ARM_SEPARATOR}"
"""What a name in that of an arm must not contain, because files are called after arms."""
MAX_NAME_CHARS = 100
"""Longest name of a mind or a treatment."""
MAX_STEPS = 1_000_000
"""Most ticks; a run keeps the metrics of every tick in memory."""
MAX_SEED = 2**63 - 1
"""Largest integer that a decision log can store."""
MAX_AGENTS = 10_000_000
"""Most people on a social graph; far more than fit into memory as agents."""
MAX_NULL_WORLDS = 100_000
"""Most worlds of a null model; a quantile of 1,000 is already known to two digits."""


class MemorySettings(Settings):
    """Bounds of every agent's memory."""

    recent: int = Field(ge=16)
    """Tokens of events kept in order."""
    salient: int = Field(ge=0)
    """Tokens of older events kept because they matter."""
    kinds: PositiveInt
    """Kinds of events that the running summary counts."""
    half_life: float = Field(gt=0)
    """Steps after which an event weighs half."""


class PresentationSettings(Settings):
    """How questions are worded and laid out: what should not matter, and is varied in an audit."""

    wording: int = Field(ge=0)
    """Which wording of the world's prompts; 0 is its own, 1 the first paraphrase."""
    shuffle: NonNegativeInt
    """Which of many random orders of the options."""
    scales_reversed: bool
    """List options that have an order of their own, such as stars, in reverse."""
    profile_reversed: bool
    """List the sentences about a person in reverse."""
    first_label: str = Field(pattern="^[A-Z]$")
    """Letter of the first option."""
    given_names: bool
    """Call people by given names as well as by their numbers."""


class PopulationSettings(Settings):
    """Where profiles come from."""

    file: str
    """A path, or the name of a population that comes with the project."""
    size: PositiveInt = Field(strict=True, le=MAX_AGENTS)
    """Number of agents who live on the social graph."""
    splits: list[Literal["train", "val", "test"]] = Field(default=["train", "val", "test"], min_length=1)
    """Which people may be drawn, where the file says whether a model was trained on them."""


class Arm(NamedTuple):
    """One condition: what replicates with the same seed differ in."""

    name: str
    mind: str
    """The mind of all agents; empty: as assigned."""
    treatment: str
    """Which of the treatments; empty: none."""


class RunConfig(Settings):
    """Everything that a run depends on."""

    world: dict[str, Any]
    """A world class (`_target_`) and its parameters."""
    population: dict[str, Any]
    """Where profiles come from (`_target_`), and how many agents live on the social graph."""
    graph: dict[str, Any]
    """A social graph generator and its parameters."""
    mind: dict[str, Any]
    """The default mind: it answers where the assignment names no other."""
    extra_minds: dict[str, dict[str, Any]]
    """Further minds of the run, by name."""
    assignment: dict[str, str | dict[str, float]]
    """Which mind each role uses: a name, or the share of each mind."""
    minds: list[str]
    """Minds to compare, one arm each, in which all agents use that mind; empty: one arm, with minds as
    assigned. An empty name is such an arm beside others."""
    treatments: dict[str, dict[str, Any]]
    """Treatments to compare, one arm each: what differs, parameters of the world, or settings of its people, social
    graph, memory and interventions. Crossed with `minds`."""
    outcomes: list[str]
    """Metrics to compare, declared before the run; all others are exploratory. `@last`: at the last step."""
    primary: list[str] = Field(default=[])
    """The declared outcomes that the question is about first: a family of tests of their own. Empty: the first one."""
    humans: str | None = None
    """Effects of a human experiment that `compare` puts beside those of the arms: the name of one that comes with the
    project, or a CSV file; null: none."""
    margins: dict[str, PositiveFloat] = Field(default={})
    """By outcome, how far from people's value still counts as equal, in the unit of the outcome: `compare` tests
    equivalence with people within it."""
    preregistration: str | None = None
    """A file of `preregister` that `compare` keeps to: it refuses settings that differ from it; null: none."""
    model: str
    """Language model: a known name, a hub id or a folder."""
    steps: PositiveInt = Field(le=MAX_STEPS)
    """Ticks to simulate."""
    seeds: list[Annotated[int, Field(ge=0, le=MAX_SEED)]] = Field(min_length=1)
    """One replicate per seed."""
    memory: MemorySettings
    """Bounds of every agent's memory."""
    presentation: PresentationSettings
    """How questions are worded and laid out."""
    interventions: list[dict[str, Any]]
    """Scheduled changes of the running world: `{step, do, ...}`."""
    null_worlds: int = Field(ge=0, le=MAX_NULL_WORLDS)
    """Smallest number of worlds, for each treatment, that are played with random answers after the run, equally many
    for each seed: the null model of the figures. 0: no null model."""
    max_fallback_rate: float = Field(ge=0, le=1)
    """Stop when a larger share of the answers of one mind in one arm could not be obtained, also in interviews and
    reactions; one fallback among fewer than 20 answers is tolerated, unless it is 0."""
    reactions: NonNegativeInt = 0
    """People for each arm and reaction whose questions are asked again with one fact changed, at the end of the run;
    0: none."""
    cache: bool
    """Whether answers of language models are kept across runs and reused."""
    run_dir: Path | None
    """The run's folder; null: a new one under `runs/`."""

    @field_validator("treatments", "extra_minds")
    @classmethod
    def _check_arm_names(cls, nodes: dict[str, Any]) -> dict[str, Any]:
        for name in nodes:
            if not name.isprintable() or len(name) > MAX_NAME_CHARS or set(name) & {*NO_NAME_CHARACTERS}:
                raise ValueError(
                    f"{quote_value(name)} cannot be a name: files are called after it, so at most {MAX_NAME_CHARS} "
                    f"characters, none of them {' '.join(NO_NAME_CHARACTERS)}"
                )
        return nodes

    @field_validator("seeds", "minds", "outcomes", "primary")
    @classmethod
    def _check_unique(cls, names: list[Any]) -> list[Any]:
        if len(set(names)) != len(names):
            raise ValueError("each may be named once")
        return names

    @model_validator(mode="after")
    def _check_primary(self) -> Self:
        if unknown_names := [name for name in self.primary if name not in self.outcomes]:
            declared = ", ".join(self.outcomes) or "none"
            raise ValueError(
                f"primary names {quote_value(unknown_names[0])}, which is not among the declared outcomes: {declared}"
            )
        return self

    def primary_outcomes(self) -> list[str]:
        """Return the names of the primary outcomes; none if no outcome is declared."""
        return self.primary or self.outcomes[:1]

    def arms(self) -> list["Arm"]:
        """Return every mind with every treatment; one arm, `main`, where neither is named."""
        pairs = product(self.minds or [""], self.treatments or {"": {}})
        return [Arm(ARM_SEPARATOR.join(filter(None, pair)) or "main", *pair) for pair in pairs]


def load_run_config(overrides: Sequence[str]) -> RunConfig:
    """Compose and validate the configuration of a run."""
    values = compose(overrides)
    return validate(RunConfig, {**values, "treatments": resolve_choices(values.get("treatments"))})
