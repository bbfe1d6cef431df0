"""Interventions that every world knows; a world adds its own with `World.intervention`."""

from typing import Any

from pydantic import Field

from sandbox.core.agent import Agent
from sandbox.core.intervention import Intervention
from sandbox.core.world import World
from sandbox.errors import ConfigError, unknown


@World.intervention("set")
class SetParams(Intervention[World[Any]]):
    """Change parameters of the world: `{step: 5, do: set, params: {ranking: price}}`."""

    params: dict[str, Any]
    """New values by name."""

    def apply(self, world: World[Any]) -> None:
        """Change them for good."""
        world.change(**self.params)


@World.intervention("message")
class Message(Intervention[World[Any]]):
    """Tell agents something: `{step: 5, do: message, to: all, text: ...}`."""

    text: str
    """What they remember from then on."""
    to: list[int] | str = "all"
    """`all`, a role, or a list of agent ids."""
    importance: float = Field(default=3.0, gt=0)
    """How much it matters, relative to an ordinary event."""

    def check(self, world: World[Any]) -> None:
        """Look for the receivers among roles and agents."""
        if isinstance(self.to, str) and self.to not in ("all", *world.roles):
            raise ConfigError(f"message.to: {unknown('role', self.to, ('all', *world.roles))}")
        ids = {agent.unique_id for agent in world.agents if isinstance(agent, Agent)}
        if isinstance(self.to, list) and (missing := [receiver for receiver in self.to if receiver not in ids]):
            raise ConfigError(
                f"message.to: there is no agent {missing[0]} at step {world.now}; ids go from {min(ids, default=0)} "
                f"to {max(ids, default=0)}"
            )

    def apply(self, world: World[Any]) -> None:
        """Put the message into each receiver's memory."""
        for agent in world.agents:
            if isinstance(agent, Agent) and self._reaches(agent):
                agent.remember("message", self.text, self.importance)

    def _reaches(self, agent: Agent[Any]) -> bool:
        return agent.unique_id in self.to if isinstance(self.to, list) else self.to in ("all", agent.role)
