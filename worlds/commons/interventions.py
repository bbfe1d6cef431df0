"""Interventions in the commons: new rules of the game, and another multiplier."""

from pydantic import PositiveFloat

from sandbox.core import Intervention
from worlds.commons.commons import Commons


@Commons.intervention("allow")
class Allow(Intervention[Commons]):
    """Allow or forbid something from now on: `{step: 10, do: allow, punishment: true}`."""

    punishment: bool | None = None
    """Whether people can take coins from others; null: as before."""
    rewards: bool | None = None
    """Whether people can give coins to others; null: as before."""
    talk: bool | None = None
    """Whether people can say something before they give; null: as before."""

    def apply(self, world: Commons) -> None:
        """Change what is set."""
        named = {"punishment": self.punishment, "rewards": self.rewards, "talk": self.talk}
        world.change(**{name: value for name, value in named.items() if value is not None})


@Commons.intervention("multiply")
class Multiply(Intervention[Commons]):
    """Multiply funds by another number from now on: `{step: 10, do: multiply, by: 2.0}`."""

    by: PositiveFloat
    """The new multiplier."""

    def apply(self, world: Commons) -> None:
        """Set the multiplier."""
        world.change(multiplier=self.by)
