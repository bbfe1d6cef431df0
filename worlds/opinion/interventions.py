"""Interventions in the opinion world: people who are convinced of something from some step on."""

from pydantic import Field

from sandbox.core import Intervention
from sandbox.errors import ConfigError
from worlds.opinion.opinion import Opinion


@Opinion.intervention("convince")
class Convince(Intervention[Opinion]):
    """Convince some people of an opinion for good: `{step: 5, do: convince, share: 0.1}` tells them the truth.

    They are what the literature calls zealots (Mobilia 2003, doi:10.1103/PhysRevLett.91.028701): others see them, and
    they never revise their opinion again.
    """

    share: float = Field(gt=0, le=1)
    """Share of the people of every group, at least one person."""
    opinion: float | None = None
    """What they are convinced of; null: the truth."""

    def check(self, world: Opinion) -> None:
        """Look for topics without a truth, and for opinions that a topic does not allow."""
        for topic in world.topics:
            if self.opinion is None and topic.truth is None:
                raise ConfigError(
                    "convince.opinion must be set: a topic has no truth that people could be convinced of"
                )
            if self.opinion is not None and topic.legalise(self.opinion) != self.opinion:
                raise ConfigError(
                    f"convince.opinion {self.opinion:g} is no legal opinion on {topic.text!r}: it must be from "
                    f"{topic.low:g} to {topic.high}, with at most {topic.decimals} decimal places"
                )

    def apply(self, world: Opinion) -> None:
        """Convince them; who they are depends on the seed."""
        for number, group in enumerate(world.groups):
            truth = world.topics[number].truth
            opinion = truth if self.opinion is None else self.opinion
            for person in world.in_order(group, "convince")[: max(round(self.share * len(group)), 1)]:
                person.is_convinced = True
                person.opinion = person.opinion if opinion is None else opinion
