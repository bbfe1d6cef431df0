"""Parameters of a world's social network; `conf/graph/*.yaml` names one of these classes and its numbers.

A new kind of network is a class that derives from `GraphParams` and writes `build`, and a file in `conf/graph/`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from sandbox.core.profile import Profile
from sandbox.errors import ConfigError
from sandbox.graphs.files import read_graph
from sandbox.graphs.generators import erdos_renyi, scale_free, small_world, stochastic_block
from sandbox.graphs.graph import Graph

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
MeanDegree: TypeAlias = Annotated[float, Field(ge=0)]

FAVOURITE = "favourite"
"""The attribute that is not in `demographics`: the category with the largest weight in `tastes`."""


class GraphParams(BaseModel, ABC):
    """Which network, with which numbers; defaults are in `conf/graph/`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def build(self, profiles: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Return the network of the people with these profiles: node i is `profiles[i]`.

        Args:
            profiles: One for each node.
            rng: The only source of randomness.
        """


class SmallWorld(GraphParams):
    """Parameters of `small_world`."""

    degree: int = Field(ge=2)
    """Ties of each agent before rewiring, and the mean after it; even, at least 2, less than the number of agents."""
    rewire: Share
    """Probability that a tie is moved to a random person; 0 is a ring lattice, 1 is close to a random network."""

    def build(self, profiles: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Generate a small world with one node per profile."""
        return small_world(len(profiles), self.degree, self.rewire, rng)


class ScaleFree(GraphParams):
    """Parameters of `scale_free`."""

    edges_per_node: int = Field(ge=1)
    """Ties that each newcomer makes, about half the mean degree; at least 1, less than the number of agents."""

    def build(self, profiles: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Generate a scale-free network with one node per profile."""
        return scale_free(len(profiles), self.edges_per_node, rng)


class StochasticBlock(GraphParams):
    """Parameters of `stochastic_block`, whose groups are people who share an attribute."""

    by: str
    """What makes a group: `favourite` (the category that a person cares about most) or a key of all `demographics`."""
    mean_degree: MeanDegree
    """Expected ties per agent, averaged over all; 0 to the number of agents minus 1."""
    homophily: Share
    """Share of the possible excess of ties within groups: 0 ignores groups, 1 has no ties between them."""

    def build(self, profiles: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Generate a network in which people of the same group are tied more often."""
        return stochastic_block(_groups(profiles, self.by), self.mean_degree, self.homophily, rng)


class ErdosRenyi(GraphParams):
    """Parameters of `erdos_renyi`."""

    mean_degree: MeanDegree
    """Expected ties per agent; 0 to the number of agents minus 1."""

    def build(self, profiles: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Generate a random network with one node per profile."""
        return erdos_renyi(len(profiles), self.mean_degree, rng)


class FromFile(GraphParams):
    """A network that is read with `read_graph`."""

    path: Path
    """A `.graphml` or `.csv` file with exactly one node for each person."""

    def build(self, profiles: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Read the network; node i is `profiles[i]`, whatever the file calls it."""
        graph = read_graph(self.path)
        n = len(profiles)
        if len(graph) != n:
            raise ConfigError(
                f"graph.path {self.path} has {len(graph)} nodes for {n} people; set population.size to {len(graph)} or "
                f"name a file with {n} nodes (adding or leaving out nodes would make it another network)"
            )
        return graph


def _groups(profiles: Sequence[Profile], by: str) -> list[str]:
    """Return the group of every person.

    Raises:
        ConfigError: Somebody lacks the attribute.
    """
    attributes = [_attribute(profile, by) for profile in profiles]
    groups = [attribute for attribute in attributes if attribute is not None]
    if len(groups) < len(profiles):
        names = [FAVOURITE, *sorted({key for profile in profiles for key in profile.demographics})]
        shared = [name for name in names if all(_attribute(profile, name) for profile in profiles)]
        without = profiles[attributes.index(None)].id
        raise ConfigError(
            f"graph.by {by!r} is an attribute of {len(groups)} of {len(profiles)} people, but not of {without!r}; "
            f"attributes of all: {', '.join(shared) or 'none, so choose another graph'}"
        )
    return groups


def _attribute(profile: Profile, name: str) -> str | None:
    if name != FAVOURITE:
        return profile.demographics.get(name)
    return max(sorted(profile.tastes), key=profile.tastes.__getitem__, default=None)
