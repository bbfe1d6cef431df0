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
from sandbox.errors import ConfigError, quote_value
from sandbox.graphs.files import build_network, read_network
from sandbox.graphs.generators import erdos_renyi, scale_free, small_world, stochastic_block
from sandbox.graphs.graph import Graph
from sandbox.graphs.people import match_people

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

    def namings(self) -> list[tuple[str, ...]]:
        """Return what the nodes can be called, in their order; empty where nobody has named them."""
        return []


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
    """A network that is read from a file; a node that has the id of a person is this person."""

    path: Path
    """A `.graphml`, `.csv`, `.tsv` or `.txt` file with exactly one node for each person."""

    def build(self, profiles: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Read the network; where its nodes are called like people, node i is the one that is called `profiles[i].id`.

        Otherwise node i is `profiles[i]`, whatever the file calls it.
        """
        self.check_size(len(profiles))
        network = read_network(self.path)
        order = network.order()
        ids = [profile.id for profile in profiles]
        names = match_people(network.namings(), ids)
        if not names:
            return build_network(network, order)
        node_of = dict(zip(names, order, strict=True))
        return build_network(network, [node_of[name] for name in ids], ids)

    def check_size(self, n: int) -> None:
        """Raise `ConfigError` if the file has not one node for each of `n` people."""
        if (num_nodes := len(read_network(self.path).nodes)) != n:
            raise ConfigError(
                f"graph.path {self.path} has {num_nodes} nodes for {n} people; set population.size to {num_nodes} or "
                f"name a file with {n} nodes (adding or leaving out nodes would make it another network)"
            )

    def namings(self) -> list[tuple[str, ...]]:
        """Return the ids of the nodes, and every other name that the file gives them."""
        return read_network(self.path).namings()


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
            f"graph.by {quote_value(by)} is an attribute of {len(groups)} of {len(profiles)} people, but not of "
            f"{without!r}; attributes of all: {', '.join(shared) or 'none, so choose another graph'}"
        )
    return groups


def _attribute(profile: Profile, name: str) -> str | None:
    if name != FAVOURITE:
        return profile.demographics.get(name)
    return max(sorted(profile.tastes), key=profile.tastes.__getitem__, default=None)
