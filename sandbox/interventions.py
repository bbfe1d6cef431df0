"""Interventions that every world knows; a world brings its own besides (`World.interventions`)."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from sandbox.errors import ConfigError, unknown
from sandbox.world import Intervention, Person, World


class SetParams(Intervention):
    """Change parameters of the world: `{step: 5, do: set, params: {ranking: price}}`."""

    params: dict[str, Any]

    def apply(self, world: World) -> None:
        """Change them for good."""
        world.change(**self.params)


class Message(Intervention):
    """Tell people something: `{step: 5, do: message, to: all, text: ...}`."""

    text: str
    to: list[int] | str = "all"
    """`all`, a role, or a list of agent ids."""
    importance: float = Field(default=3.0, gt=0)

    def check(self, world: World) -> None:
        """Look for the receivers among roles and people."""
        if isinstance(self.to, str) and self.to not in ("all", *world.roles):
            raise ConfigError(f"message.to: {unknown('role', self.to, ('all', *world.roles))}")
        known = {person.unique_id for person in world.agents if isinstance(person, Person)}
        if isinstance(self.to, list) and (strange := [one for one in self.to if one not in known]):
            raise ConfigError(
                f"message.to: there is no agent {strange[0]} at step {world.now}; ids go from {min(known, default=0)} "
                f"to {max(known, default=0)}"
            )

    def apply(self, world: World) -> None:
        """Put the message into each receiver's memory."""
        for person in world.agents:
            if isinstance(person, Person) and self._reaches(person):
                person.remember("message", self.text, self.importance)

    def _reaches(self, person: Person) -> bool:
        return person.unique_id in self.to if isinstance(self.to, list) else self.to in ("all", person.role)


EVERY_WORLD: Mapping[str, type[Intervention]] = {"set": SetParams, "message": Message}
