"""From Hydra's composed node to frozen pydantic objects; nothing below the entry points sees a `DictConfig`.

A value lives once, in `conf/`; here are type, bounds, unit and meaning. The Hydra groups are the registry of
worlds, minds, populations and graphs: a new one is a YAML file with a `_target_`.
"""

import importlib
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, field_validator

from sandbox.errors import ConfigError, unknown
from sandbox.paths import CONF_DIR

GROUPS = ("world", "mind", "population", "graph")
EXPERIMENT = "experiment"
"""The group of which a run may name one or none."""
ARM_SIGN = ":"
"""Between mind and treatment in the name of an arm."""

_OPEN = re.compile(r"\+{0,2}(cast|voices|treatments)[.=]")

_STRAY = re.compile(r"Could not override '([\w.]+)'")


class Frozen(BaseModel):
    """Base of all configuration: immutable, no unknown field, and only finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MemoryConfig(Frozen):
    """Bounds of every person's memory."""

    recent: int = Field(ge=16)
    """Tokens of events kept in order."""
    salient: int = Field(ge=0)
    """Tokens of older events kept because they matter."""
    kinds: PositiveInt
    """Kinds of events that the running summary counts."""
    half_life: float = Field(gt=0)
    """Steps after which an event weighs half."""


class PresentationConfig(Frozen):
    """How questions are put: what should not matter, and is varied in an audit (`sandbox.presentation`)."""

    wording: int = Field(ge=0)
    """Which wording of the world's prompts; 0: its own."""
    shuffle: NonNegativeInt
    """Which of many orders of the options."""
    scales_reversed: bool = False  # runs of before know no such thing
    """Show options that have an order of their own, such as stars, from their end."""
    profile_reversed: bool
    """Tell what is known of a person from its end."""
    first_label: str = Field(pattern="^[A-Z]$")
    """Letter of the first option."""
    given_names: bool
    """Call people by given names besides their numbers."""


class PopulationConfig(Frozen):
    """Where people come from."""

    file: str
    """A path, or the name of a population that comes with the project."""
    size: PositiveInt = Field(strict=True)
    """People who live on the graph."""
    splits: list[Literal["train", "val", "test"]] = Field(default=["train", "val", "test"], min_length=1)
    """Which people may be drawn, where the file says whether a model was trained on them."""


class Arm(NamedTuple):
    """What replicates of one seed differ in."""

    name: str
    mind: str
    """Voice of everybody; empty: as the cast has it."""
    treatment: str
    """Which of the treatments; empty: none."""


class RunConfig(Frozen):
    """Everything that a run depends on."""

    world: dict[str, Any]
    """A world class (`_target_`) and its parameters."""
    population: dict[str, Any]
    """Where people come from and how many live on the graph."""
    graph: dict[str, Any]
    """A social graph generator and its parameters."""
    mind: dict[str, Any]
    """The mind that answers where the cast names no other voice."""
    voices: dict[str, dict[str, Any]]
    """More minds, by the name of their voice."""
    cast: dict[str, str | dict[str, float]]
    """Which voice, or which mixture of voices, each role speaks with."""
    minds: list[str]
    """Voices that everybody speaks with, an arm each; empty: whoever `mind` and the cast name."""
    treatments: dict[str, dict[str, Any]]
    """Arms by name, with the parameters of the world in which each differs; empty: one arm. Crossed with `minds`."""
    outcomes: list[str]
    """Metrics that are to be compared, declared before the run; whatever else is looked at is exploratory."""
    model: str
    """Language model: a known name, a hub id or a folder."""
    steps: PositiveInt
    """Ticks to simulate."""
    seeds: list[NonNegativeInt] = Field(min_length=1)
    """One replicate per seed."""
    memory: MemoryConfig
    presentation: PresentationConfig
    events: list[dict[str, Any]]
    """Scheduled interventions: `{step, do, ...}`."""
    max_fallback_share: float = Field(ge=0, le=1)
    """Stop the run when more of its answers than this could not be had."""
    cache: bool
    """Whether answers of language models are kept and used again."""
    run_dir: Path | None
    """The run's folder; null: a new one under `runs/`."""

    @field_validator("seeds", "minds", "outcomes")
    @classmethod
    def _different(cls, named: list[Any]) -> list[Any]:
        if len(set(named)) != len(named):
            raise ValueError("each may be named once")
        return named

    def arms(self) -> list["Arm"]:
        """Every mind with every treatment; one arm, `main`, where neither is named."""
        crossed = product(self.minds or [""], self.treatments or {"": {}})
        return [Arm(ARM_SIGN.join(filter(None, names)) or "main", names[0], names[1]) for names in crossed]


def compose(overrides: Sequence[str], config: str = "config", groups: Sequence[str] = GROUPS) -> dict[str, Any]:
    """Compose `conf/<config>.yaml` with command-line overrides into plain Python values.

    Args:
        overrides: In Hydra's syntax.
        config: Name of the file to begin with.
        groups: Groups of which the file names one choice each.

    Raises:
        ConfigError: An override is malformed or names what is not there.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    for override in overrides:
        _check_group(override, groups)
    try:
        with _own_hydra(), initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            return plain(hydra_compose(config, overrides=open_overrides(overrides)))
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        if stray := _STRAY.search(str(error)):
            raise ConfigError(_unknown_setting(stray[1], overrides, config, groups)) from error
        raise ConfigError(f"invalid override in {' '.join(overrides)!r}: {_first_lines(error)}") from error


def open_overrides(overrides: Sequence[str]) -> list[str]:
    """Overrides that may name new roles and voices: Hydra's `cast.buyer=rule` alone changes only what is there."""
    return [f"++{one.lstrip('+')}" if _OPEN.match(one) else one for one in overrides]


def plain(node: Any) -> dict[str, Any]:
    """Resolve an OmegaConf node into dictionaries and lists."""
    from omegaconf import OmegaConf

    made = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
    if not isinstance(made, dict):
        raise ConfigError(f"the configuration must be a mapping, found {type(made).__name__}")
    return {str(key): value for key, value in made.items()}


def targeted(node: Mapping[str, Any], where: str) -> tuple[Any, dict[str, Any]]:
    """Split a node into the object its `_target_` names and its other settings."""
    settings = dict(node)
    target = settings.pop("_target_", None)
    if not isinstance(target, str) or "." not in target:
        raise ConfigError(f"{where} needs a _target_ such as package.module.Name, found {target!r}")
    module, name = target.rsplit(".", 1)
    try:
        return getattr(importlib.import_module(module), name), settings
    except ModuleNotFoundError as error:
        raise ConfigError(f"{where}._target_ is {target}, but there is no module {error.name!r} to import") from error
    except AttributeError as error:
        raise ConfigError(f"{where}._target_ is {target}, but {module} has no {name}") from error


def choices(group: str) -> dict[str, str]:
    """Names in a group and the one-line description that each file begins with."""
    found = {}
    for path in sorted((CONF_DIR / group).glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").split("\n")
        first = lines[1] if "@package" in lines[0] else lines[0]
        found[path.stem] = first.removeprefix("#").strip() if first.startswith("#") else ""
    return found


@contextmanager
def _own_hydra() -> Generator[None, None, None]:
    """Compose inside a sweep too, where Hydra has begun already."""
    from hydra.core.global_hydra import GlobalHydra

    state = GlobalHydra.instance()
    outer, state.hydra = state.hydra, None
    try:
        yield
    finally:
        state.hydra = outer


def _check_group(override: str, groups: Sequence[str]) -> None:
    group, is_choice, name = override.partition("=")
    if is_choice and group in (*groups, EXPERIMENT) and not name.startswith(("{", "[", "null")) and "," not in name:
        known = choices(group)
        if name not in known:
            raise ConfigError(unknown(group, name, known))


def _unknown_setting(path: str, overrides: Sequence[str], config: str, groups: Sequence[str]) -> str:
    """Say which name of `path` is not there, among those that are."""
    node: Any = compose([one for one in overrides if one.partition("=")[0] in groups], config, groups)
    for name in path.split("."):
        if not isinstance(node, dict) or name not in node:
            inside = node if isinstance(node, dict) else {}
            known = [one for one in inside if one != "_target_"]
            deeper = [f"{one}.{name}" for one in known if isinstance(inside[one], dict) and name in inside[one]]
            hint = f" Did you mean {' or '.join(deeper)}?" if deeper else ""
            return f"invalid override {path}: {unknown('setting', name, known)}{hint}"
        node = node[name]
    if isinstance(node, dict) and node:
        return f"invalid override {path}: it takes {', '.join(node)}, and nothing else"
    return f"invalid override {path}: there is such a setting, but not with these other overrides"


def _first_lines(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3])
