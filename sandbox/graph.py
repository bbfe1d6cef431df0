"""Who knows whom: the social network of a world, drawn by a named model or read from a file.

Every network is an undirected `networkx.Graph` without self-ties on nodes 0..n-1 in order, one for each person,
with each node's neighbours in ascending order. It is drawn from the generator that is passed in and from nothing
else. A model reads of the people at most their number and, where it says so, one attribute; ids and texts of
people never matter. The bounds of every parameter stand at the class that configures it.
"""

import csv
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias, cast
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from sandbox.errors import ConfigError, DataError, unknown
from sandbox.people import Profile

Graph: TypeAlias = "nx.Graph[int]"
Ints: TypeAlias = npt.NDArray[np.int64]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
MeanDegree: TypeAlias = Annotated[float, Field(ge=0)]

FAVOURITE = "favourite"
"""The attribute that is not in `demographics`: the category with the largest weight in `tastes`."""


class GraphParams(BaseModel, ABC):
    """Which network, with which numbers; defaults live in `conf/graph/`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def build(self, people: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Draw the network of `people`: node i is `people[i]`."""


class SmallWorld(GraphParams):
    """Parameters of `small_world`."""

    degree: int = Field(ge=2)
    """Ties of each person before rewiring, and the mean after it; even, at least 2, less than the number of people."""
    rewire: Share
    """Probability that a tie is moved to a random person; 0 is a ring lattice, 1 is close to a random network."""

    def build(self, people: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Draw a small world of as many nodes as people."""
        return small_world(len(people), self.degree, self.rewire, rng)


class ScaleFree(GraphParams):
    """Parameters of `scale_free`."""

    edges_per_node: int = Field(ge=1)
    """Ties that each newcomer makes, about half the mean degree; at least 1, less than the number of people."""

    def build(self, people: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Draw a scale-free network of as many nodes as people."""
        return scale_free(len(people), self.edges_per_node, rng)


class StochasticBlock(GraphParams):
    """Parameters of `stochastic_block`, whose groups are people who share an attribute."""

    by: str
    """What makes a group: `favourite` (the category they care about most) or a key of everybody's demographics."""
    mean_degree: MeanDegree
    """Expected ties per person, averaged over all; 0 to the number of people minus 1."""
    homophily: Share
    """Share of the possible excess of ties within groups, 0 to 1: 0 ignores groups, 1 has no ties between them."""

    def build(self, people: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Draw a network in which people of the same group are tied more often."""
        return stochastic_block(_groups(people, self.by), self.mean_degree, self.homophily, rng)


class ErdosRenyi(GraphParams):
    """Parameters of `erdos_renyi`."""

    mean_degree: MeanDegree
    """Expected ties per person; 0 to the number of people minus 1."""

    def build(self, people: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Draw a random network of as many nodes as people."""
        return erdos_renyi(len(people), self.mean_degree, rng)


class FromFile(GraphParams):
    """Parameters of `from_file`."""

    path: Path
    """A `.graphml` or `.csv` file with exactly one node for each person."""

    def build(self, people: Sequence[Profile], rng: np.random.Generator) -> Graph:
        """Read the network; node i is `people[i]`, whatever the node was called."""
        graph = from_file(self.path)
        if len(graph) != len(people):
            raise ConfigError(
                f"graph.path {self.path} has {len(graph)} nodes for {len(people)} people; ask for {len(graph)} people "
                f"or name a file with {len(people)} nodes (none is added or left out: that would be another network)"
            )
        return graph


def small_world(n: int, degree: int, rewire: float, rng: np.random.Generator) -> Graph:
    """Draw a small world: a ring where everybody knows their nearest, with some ties moved to random people.

    Watts & Strogatz (1998), "Collective dynamics of 'small-world' networks", Nature 393, 440-442,
    doi:10.1038/30918. This is the model as published, not networkx's connected variant, which draws again until the
    network is connected: that is another distribution, takes a random number of draws, and hardly ever ends
    for many people with few ties. Each person keeps at least degree / 2 ties; `describe` reports the largest component.
    """
    _check_room("degree", degree, n)
    if degree % 2:
        raise ConfigError(f"graph.degree must be even (half on each side), found {degree}; take {degree - 1}")
    return _graph(n, list(nx.watts_strogatz_graph(n, degree, rewire, seed=rng).edges))


def scale_free(n: int, edges_per_node: int, rng: np.random.Generator) -> Graph:
    """Draw a scale-free network: newcomers prefer those who already have many ties, so a few hubs have most.

    Barabasi & Albert (1999), "Emergence of scaling in random networks", Science 286, 509-512,
    doi:10.1126/science.286.5439.509. Growth starts from a star of edges_per_node + 1 people, so the network is
    connected and has exactly edges_per_node x (n - edges_per_node) ties. Low ids are the oldest and best connected.
    """
    _check_room("edges_per_node", edges_per_node, n)
    return _graph(n, list(nx.barabasi_albert_graph(n, edges_per_node, seed=rng).edges))


def stochastic_block(groups: Sequence[str], mean_degree: float, homophily: float, rng: np.random.Generator) -> Graph:
    """Draw a network of groups: every pair is tied independently, more probably within a group than between two.

    Holland, Laskey & Leinhardt (1983), "Stochastic blockmodels: First steps", Social Networks 5, 109-137,
    doi:10.1016/0378-8733(83)90021-7, with one probability within and one between groups. On homophily: McPherson,
    Smith-Lovin & Cook (2001), "Birds of a feather", Annual Review of Sociology 27, 415-444,
    doi:10.1146/annurev.soc.27.1.415.

    With s the share of all pairs of people that are of one group, the expected share of ties within groups is
    homophily + (1 - homophily) s. So homophily is the index of Coleman (1958), "Relational analysis", Human
    Organization 17(4), 28-36, doi:10.17730/humo.17.4.q5604m676260q8n7, taken over all groups. People of larger groups
    have more ties: (1 - homophily) mean_degree with anybody, the rest in proportion to the others of their group.

    Args:
        groups: The group of each person; the names are only compared for equality.
        mean_degree: Expected ties per person, averaged over all.
        homophily: See above.
        rng: Source of all randomness. Time and memory grow with people and ties, not with pairs.
    """
    n = len(groups)
    _check_room("mean_degree", mean_degree, n)
    codes: dict[str, int] = {}
    block = np.array([codes.setdefault(group, len(codes)) for group in groups])
    order, rank = np.argsort(block, kind="stable"), np.arange(n)
    end = np.cumsum(np.bincount(block))[block[order]]
    num_same = end - rank - 1
    between = (1 - homophily) * mean_degree / max(n - 1, 1)
    within = between + _within_excess(homophily * mean_degree * n / 2, int(num_same.sum()), 1 - between)
    inside = _sample_pairs(rank + 1, num_same, within, rng)
    across = _sample_pairs(end, n - end, between, rng)
    return _graph(n, order[np.concatenate([inside, across])])


def erdos_renyi(n: int, mean_degree: float, rng: np.random.Generator) -> Graph:
    """Draw a random network: every pair is tied independently with the same probability.

    Gilbert (1959), "Random graphs", Annals of Mathematical Statistics 30, 1141-1144, doi:10.1214/aoms/1177706098;
    commonly named after Erdos & Renyi (1959), "On random graphs I", Publicationes Mathematicae Debrecen 6, 290-297,
    doi:10.5486/PMD.1959.6.3-4.12, who fix the number of ties instead. Drawn in time linear in ties by the method of
    Batagelj & Brandes (2005), Physical Review E 71, 036113, doi:10.1103/PhysRevE.71.036113.
    """
    _check_room("mean_degree", mean_degree, n)
    prob = mean_degree / max(n - 1, 1)
    prob = prob if 1 - prob < 1 else 0.0  # networkx divides by log(1 - prob)
    return _graph(n, list(nx.fast_gnp_random_graph(n, prob, seed=rng).edges))


def from_file(path: Path) -> Graph:
    """Read a network; its nodes become 0..n-1 in sorted order and keep what they were called as attribute `name`.

    `.graphml` is the format of Brandes et al. (2002), "GraphML progress report", LNCS 2265, 501-512,
    doi:10.1007/3-540-45848-4_59; `.csv` has a header with `source` and `target` and a tie on each row. Names sort as
    numbers if all are whole numbers, else as text. Directions, parallel ties, ties to oneself and all other columns
    and attributes are left out.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".graphml"):
        raise ConfigError(f"graph.path {path}: {unknown('file type', suffix, ['.csv', '.graphml'])}")
    try:
        found = _read_csv(path) if suffix == ".csv" else nx.Graph(nx.read_graphml(path))
    except (OSError, ValueError, KeyError, csv.Error, ParseError, nx.NetworkXError) as error:
        raise DataError(f"graph file {path} cannot be read as {suffix}: {error}") from error
    if not found:
        raise DataError(f"graph file {path} has no nodes; name a file that has one for each person")
    names = sorted(found, key=(lambda name: (int(name), name)) if all(map(str.isdecimal, found)) else None)
    number = {name: i for i, name in enumerate(names)}
    graph = _graph(len(names), [(number[a], number[b]) for a, b in found.edges if a != b])
    for node, name in enumerate(names):
        graph.nodes[node]["name"] = name
    return graph


def describe(graph: Graph) -> dict[str, float]:
    """Summarise a network of this module in figures; about two seconds for 100,000 people.

    Returns:
        `nodes` and `edges` (counts), `mean_degree`, `clustering` (mean over nodes of the share of their pairs of
        neighbours that are tied, 0 with fewer than two; Watts & Strogatz 1998), `largest_component_share` (of nodes),
        `assortativity` (correlation of the degrees at the two ends of a tie, NaN if undefined; Newman 2002,
        "Assortative mixing in networks", Physical Review Letters 89, 208701, doi:10.1103/PhysRevLett.89.208701).
    """
    n, ties = len(graph), np.array(list(graph.edges), dtype=np.int64).reshape(-1, 2)
    degrees = np.bincount(ties.ravel(), minlength=n)
    triangles = np.array(list(cast("dict[int, int]", nx.triangles(graph)).values()))
    return {
        "nodes": float(n),
        "edges": float(len(ties)),
        "mean_degree": 2 * len(ties) / n,
        "clustering": float(np.mean(2 * triangles / np.maximum(degrees * (degrees - 1), 1))),
        "largest_component_share": max(map(len, nx.connected_components(graph))) / n,
        "assortativity": _correlation(degrees[ties]),
    }


def _groups(people: Sequence[Profile], by: str) -> list[str]:
    found = [_attribute(person, by) for person in people]
    groups = [group for group in found if group is not None]
    if len(groups) < len(people):
        names = [FAVOURITE, *sorted({key for person in people for key in person.demographics})]
        known = [name for name in names if all(_attribute(person, name) for person in people)]
        lacking = people[found.index(None)].id
        raise ConfigError(
            f"graph.by {by!r} is known of {len(groups)} of {len(people)} people, not of {lacking!r}; "
            f"known of all: {', '.join(known) or 'nothing, so take another graph'}"
        )
    return groups


def _attribute(person: Profile, by: str) -> str | None:
    if by != FAVOURITE:
        return person.demographics.get(by)
    return max(sorted(person.tastes), key=person.tastes.__getitem__, default=None)


def _within_excess(ties: float, num_pairs: int, room: float) -> float:
    """Probability that adds `ties` expected ties to `num_pairs` pairs of one group, if at most `room`."""
    if ties > room * num_pairs * (1 + 1e-9):
        raise ConfigError(
            f"graph.homophily asks for {ties:.1f} more ties within groups than chance gives, but the {num_pairs} pairs "
            f"of people of one group have room for {room * num_pairs:.1f}; lower homophily or mean_degree, or set by "
            "to something with fewer values"
        )
    return min(ties / max(num_pairs, 1), room)


def _sample_pairs(first: Ints, count: Ints, prob: float, rng: np.random.Generator) -> Ints:
    """Take each pair (i, first[i] + k) with k < count[i] independently with probability `prob`; (num_taken, 2)."""
    ends = np.cumsum(count)
    total = int(ends[-1])
    taken = rng.choice(total, rng.binomial(total, prob), replace=False, shuffle=False)
    row = np.searchsorted(ends, taken, side="right")
    return np.column_stack([row, first[row] + taken - (ends - count)[row]])


def _graph(n: int, ties: Ints | list[tuple[int, int]]) -> Graph:
    pairs = np.sort(np.asarray(ties, dtype=np.int64).reshape(-1, 2), axis=1)
    graph: Graph = nx.empty_graph(n)
    nodes = list(graph)  # ties share the nodes' own integers: a fifth of a large graph's memory
    graph.add_edges_from((nodes[a], nodes[b]) for a, b in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist())
    return graph


def _correlation(pairs: Ints) -> float:
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return float(np.corrcoef(both.T)[0, 1]) if len(np.unique(both)) > 1 else math.nan


def _read_csv(path: Path) -> "nx.Graph[str]":
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"source", "target"} <= set(rows.fieldnames or ()):
            raise DataError(f"graph file {path} needs columns source and target, found {rows.fieldnames}")
        ties = [(row["source"], row["target"]) for row in rows]
    if gaps := [line for line, tie in enumerate(ties, start=1) if not all(tie)]:
        raise DataError(f"graph file {path}: row {gaps[0]} after the header lacks a source or target; fill it in")
    return nx.Graph(ties)


def _check_room(setting: str, degree: float, n: int) -> None:
    if degree > n - 1:
        raise ConfigError(
            f"graph.{setting} {degree:g} is more than the number of others a person can know: found {n} people; "
            f"lower {setting} or ask for more than {degree:g} people"
        )
