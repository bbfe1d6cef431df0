"""Networks from files: GraphML, or text with one tie per row."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from sandbox.errors import ConfigError, DataError, quote_value, unknown
from sandbox.graphs.edge_list import read_edge_list
from sandbox.graphs.graph import Graph, build_graph
from sandbox.graphs.graphml import read_graphml
from sandbox.graphs.network_file import NetworkFile, Tie
from sandbox.paths import expand_user

READERS: Mapping[str, Callable[[Path], NetworkFile]] = {
    ".csv": read_edge_list,
    ".graphml": read_graphml,
    ".tsv": read_edge_list,
    ".txt": read_edge_list,
}
"""By the ending of the file."""
WEIGHT, ONE_WAY = "weight", "one_way_from"
"""Attributes of ties."""
SELF_TIES, REPEATED_TIES, OTHER_WEIGHTS = "self_ties", "repeated_ties", "other_weights"
"""Attributes of a graph: how many ties of the file are left out since they lead from a node to itself, how many repeat
an earlier tie of the same two nodes and direction, and how many of these have another weight than that one."""


def read_graph(path: Path) -> Graph:
    """Read a network; its nodes become 0..n-1 in sorted order and keep their ids as attribute `name`.

    `.graphml`, or `.csv`, `.tsv` or `.txt` with a header and one tie per row. The header names the ends of a tie
    `source` and `target` (or as in `edge_list`) and shows the separator. Ids sort as numbers if all are non-negative
    integers, else as text. See `build_network` for ties.
    """
    network = read_network(path)
    return build_network(network, network.order())


def read_network(path: Path) -> NetworkFile:
    """Read a file; one that has not changed since is not read again.

    Raises:
        ConfigError: Its ending is unknown.
        DataError: It is missing, cannot be read, or has no nodes.
    """
    path = expand_user(path)
    if path.suffix.lower() not in READERS:
        raise ConfigError(
            f"graph.path {quote_value(str(path))}: {unknown('file type', path.suffix.lower(), READERS)} Programs for "
            "networks, such as Gephi, Pajek, igraph and networkx, can save GraphML"
        )
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # a name with a NUL is a wrong value
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"graph file {path} cannot be read as {path.suffix.lower()}: {reason}") from error
    return _read_state(path.absolute(), state.st_mtime_ns, state.st_size)


def build_network(network: NetworkFile, order: Sequence[str], names: Sequence[str] = ()) -> Graph:
    """Return a network as a graph on 0..n-1.

    Ties from a node to itself are left out, and several ties of two nodes are one; the graph counts both. If the file
    has weights, ties have the attribute `weight`, the sum over both directions. A tie that leads in one direction only
    has the attribute `one_way_from`, the node that it leads from.

    Args:
        network: What the file says.
        order: The ids of all nodes, in the order that the graph is to have.
        names: What to call them, in the same order; default: their ids.
    """
    number_of = {node: number for number, node in enumerate(order)}
    # By the two nodes of a tie: its weight, and the nodes that it leads from.
    weights: dict[tuple[int, int], float] = {}
    directions: dict[tuple[int, int], set[int]] = {}
    for tie in network.ties:
        source, target = number_of[tie.source], number_of[tie.target]
        if source != target:
            pair = min(source, target), max(source, target)
            if tie.weight is not None:
                weights[pair] = weights.get(pair, 0) + tie.weight
            directions.setdefault(pair, set()).update((source,) if tie.is_directed else pair)
    graph = build_graph(len(order), list(directions))
    graph.graph.update(_count_odd_ties(network.ties))
    for number, name in enumerate(names or order):
        graph.nodes[number]["name"] = name
    for pair, sources in directions.items():
        if pair in weights:
            graph.edges[pair][WEIGHT] = weights[pair]
        if len(sources) == 1:
            graph.edges[pair][ONE_WAY] = next(iter(sources))
    return graph


def _count_odd_ties(ties: Sequence[Tie]) -> dict[str, int]:
    """Return the attributes of a graph that count ties from a node to itself and repeated ones."""
    weights: dict[tuple[str, str, bool], float | None] = {}
    counts: dict[str, int] = dict.fromkeys((SELF_TIES, REPEATED_TIES, OTHER_WEIGHTS), 0)
    for source, target, is_directed, weight in ties:
        ends = (source, target) if is_directed else tuple(sorted((source, target)))
        key = ends[0], ends[1], is_directed
        if source == target:
            counts[SELF_TIES] += 1
        elif key in weights:
            counts[REPEATED_TIES] += 1
            counts[OTHER_WEIGHTS] += weight != weights[key]
        else:
            weights[key] = weight
    return counts


@lru_cache(maxsize=4)
def _read_state(path: Path, mtime_ns: int, size: int) -> NetworkFile:
    network = READERS[path.suffix.lower()](path)
    if not network.nodes:
        raise DataError(f"graph file {path} has no nodes; name a file that has one for each person")
    return network
