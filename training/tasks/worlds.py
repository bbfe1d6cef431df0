"""Worlds whose questions tasks ask: found by name, with their settings and their prompts in any wording."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sandbox.composition import compose, list_choices, resolve_target
from sandbox.core.question import Template
from sandbox.core.templates import template_from
from sandbox.core.world import World
from sandbox.errors import ConfigError, unknown

SEPARATOR = "/"
"""Stands between world and key in the name of a world's template; no template of a platform's tasks has it."""


class WorldEntry(NamedTuple):
    """A world as `conf/world/` has it."""

    kind: type[World[Any]]
    settings: Mapping[str, Any]
    """Its parameters' values, not yet validated."""


@lru_cache(maxsize=64)
def find_world(name: str) -> WorldEntry:
    """Return the world that `conf/world/<name>.yaml` names.

    Raises:
        ConfigError: There is no such file, or it names no world.
    """
    if name not in (choices := list_choices("world")):
        raise ConfigError(f"{unknown('world', name, choices)} Or add conf/world/{name}.yaml.")
    kind, settings = resolve_target(compose([f"world={name}"])["world"], "world")
    if not (isinstance(kind, type) and issubclass(kind, World)):
        raise ConfigError(f"conf/world/{name}.yaml: _target_ must name a subclass of sandbox.core.world.World")
    return WorldEntry(kind, settings)


def is_world_template(name: str) -> bool:
    """Return whether a template's name is that of a world, such as `commons/contribute`, rather than of a task form."""
    return SEPARATOR in name


@lru_cache(maxsize=256)
def world_template(name: str, wording: int = 0) -> Template:
    """Return the template of that name, such as `commons/contribute`.

    Args:
        name: World and key.
        wording: 0 for the world's own words, 1 for its first paraphrase, and so on.

    Raises:
        ConfigError: There is no such world, or it has no such wording.
        ContractError: The world has no prompt of that key.
    """
    world, _, key = name.partition(SEPARATOR)
    wordings = list_wordings(world)
    if not 0 <= wording < len(wordings):
        raise ConfigError(f"world {world} has {len(wordings)} wordings, but a task has wording {wording}; rebuild it")
    return template_from(world, key, wordings[wording])


def list_wordings(name: str) -> Sequence[Mapping[str, str]]:
    """Return the prompts of a world by key: its own first, then its paraphrases."""
    return find_world(name).kind.wordings()
