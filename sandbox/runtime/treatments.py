"""Treatments: the settings in which the arms of a comparison differ.

A treatment names parameters of the world (`tax: 0.2`) or settings that shape a world when it is built: the social graph
(`graph: ring`, `graph.rewire: 0.5`), the people (`population.size: 40`), their memory (`memory.recent: 200`), and what
happens to them (`interventions: [{step: 5, ...}]`). Minds are arms of their own (`minds=[...]`).
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.composition import compose, list_choices
from sandbox.errors import ConfigError, unknown
from sandbox.settings import validate

if TYPE_CHECKING:
    from sandbox.runtime.config import RunConfig

SHAPING = ("population", "graph", "memory", "interventions")
"""Settings of a run that a treatment may change."""
CHOICES = ("population", "graph")
"""Those that are files in `conf/`, so that a treatment may name one."""


def world_changes(config: "RunConfig", treatment: str) -> dict[str, Any]:
    """Return the world's parameters that a treatment changes; none without a treatment."""
    changes = config.treatments.get(treatment, {})
    return {name: value for name, value in changes.items() if _root(name) not in SHAPING}


def config_under(config: "RunConfig", treatment: str) -> "RunConfig":
    """Return a run's configuration with the settings that a treatment changes; the world's parameters stay as they are.

    Raises:
        ConfigError: A setting is wrong.
    """
    changes = config.treatments.get(treatment, {})
    shaping = {name: value for name, value in changes.items() if _root(name) in SHAPING}
    if not shaping:
        return config
    values = {name: getattr(config, name) for name in SHAPING}
    plain: dict[str, Any] = {**values, "memory": config.memory.model_dump()}
    for name, value in shaping.items():
        plain = _changed(plain, name.split("."), value, f"treatments.{treatment}.{name}")
    return validate(type(config), {**config.model_dump(), **plain}, f"treatments.{treatment}")


def list_interventions(config: "RunConfig") -> list[list[dict[str, Any]]]:
    """Return the settings of the interventions of each arm."""
    return [config_under(config, arm.treatment).interventions for arm in config.arms()]


def interventions_by_arms(config: "RunConfig") -> list[tuple[dict[str, Any], list[str]]]:
    """Return every intervention once, with the names of the arms in which it happens; no names if in all of them."""
    names = [arm.name for arm in config.arms()]
    found: list[tuple[dict[str, Any], list[str]]] = []
    for name, nodes in zip(names, list_interventions(config), strict=True):
        for node in nodes:
            known = next((arms for other, arms in found if other == node), None)
            if known is None:
                found.append((node, [name]))
            else:
                known.append(name)
    return [(node, [] if len(arms) == len(names) else arms) for node, arms in found]


@contextmanager
def name_treatment(config: "RunConfig", treatment: str) -> Generator[None]:
    """Name the treatment in errors about settings that it changes."""
    try:
        yield
    except ConfigError as error:
        if any(_root(name) in SHAPING for name in config.treatments.get(treatment, {})):
            raise ConfigError(f"treatment {treatment}: {error}") from error
        raise


def resolve_choices(treatments: Any) -> Any:
    """Return treatments, not yet validated, with what is in the files of `conf/` that they name.

    Raises:
        ConfigError: There is no such file.
    """
    if not (isinstance(treatments, dict) and all(isinstance(changes, dict) for changes in treatments.values())):
        return treatments  # which the validation refuses
    return {
        name: {setting: _resolve_choice(setting, value) for setting, value in changes.items()}
        for name, changes in treatments.items()
    }


def _resolve_choice(setting: str, value: Any) -> Any:
    if setting not in CHOICES or not isinstance(value, str):
        return value
    if value not in (choices := list_choices(setting)):
        raise ConfigError(f"treatments: {unknown(setting, value, choices)}")
    return compose([f"{setting}={value}"])[setting]


def _root(name: str) -> str:
    return name.partition(".")[0]


def _changed(values: Mapping[str, Any], path: list[str], value: Any, where: str) -> dict[str, Any]:
    """Return nested values with another one at a path; a mapping without a class of its own changes only its keys."""
    name, *rest = path
    old = values.get(name)
    if rest:
        if not isinstance(old, Mapping):
            raise ConfigError(f"{where}: {name} has no settings")
        return {**values, name: _changed(old, rest, value, where)}
    if isinstance(value, Mapping) and isinstance(old, Mapping) and "_target_" not in value:
        value = {**old, **value}
    return {**values, name: value}
