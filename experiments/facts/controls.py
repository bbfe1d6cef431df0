"""People of known behaviour, on whom a fact is tried before it judges a mind.

An instrument that nobody can fail, or nobody can pass, says nothing. So every fact names people who are made to show
it and people who are made not to: rules that replace the world's own, by template. `python -m sandbox assay` puts both
into the world, lets them act, and judges them like any other mind.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sandbox.core.mind import MindContext, RuleMind, Rules
from sandbox.errors import ConfigError, quote_value, unknown

if TYPE_CHECKING:
    from experiments.facts.fact import Fact
    from experiments.facts.reference import Verdict


@dataclass(frozen=True)
class Controls:
    """People of known behaviour: rules, by template, that replace the world's own; by a name for the people."""

    shows: Mapping[str, Rules]
    """People who must be found within the fact's band."""
    lacks: Mapping[str, Rules]
    """People who must be found outside it."""
    settings: Sequence[str] = ()
    """Overrides of the runs in which they are tried."""
    treatment: str = ""
    """The treatment whose arm is judged, if the settings have treatments."""

    def expected(self, people: str) -> "Verdict | None":
        """Return the verdict on people of that name; None if nothing is expected of them."""
        return "within" if people in self.shows else "outside" if people in self.lacks else None

    @property
    def people(self) -> Mapping[str, Rules]:
        """All kinds of people by name."""
        return {**self.shows, **self.lacks}


class ControlMind(RuleMind):
    """People who were made to show a fact, or made not to; in all else they follow the world's rules."""

    name = "control"

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Take the world's rules, and those of the fact's controls in their place.

        Raises:
            ConfigError: There is no such fact, it has no controls, or none of that name.
        """
        return cls({**context.rules, **_find_rules(settings)})

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Raise `ConfigError` as `build` does."""
        _find_rules(settings)


def _find_rules(settings: Mapping[str, Any]) -> Rules:
    """Return the rules of the people that the settings name."""
    if set(settings) != {"fact", "people"}:
        raise ConfigError(f"mind=control takes fact=WORLD.FACT and people=NAME, found {quote_value(dict(settings))}")
    people = find_controls(str(settings["fact"])).people
    if (name := str(settings["people"])) not in people:
        raise ConfigError(unknown("people", name, people))
    return people[name]


def find_fact(name: str) -> "Fact":
    """Return a fact by the name of its world and its own, such as `marketplace.star_habits`.

    Raises:
        ConfigError: There is none.
    """
    try:
        module = importlib.import_module(f"experiments.facts.{name}")
    except ModuleNotFoundError:
        raise ConfigError(f"there is no fact {name!r}; name it WORLD.FACT, such as marketplace.star_habits") from None
    return module.FACT


def find_controls(name: str) -> Controls:
    """Return the controls of a fact; raise `ConfigError` if it has none."""
    controls = find_fact(name).controls
    if controls is None:
        raise ConfigError(f"the fact {name} names no controls; add `controls=Controls(...)` to its file")
    return controls
