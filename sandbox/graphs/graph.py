"""The form that every network of this package has."""

from typing import TypeAlias

import networkx as nx
import numpy as np
import numpy.typing as npt

Graph: TypeAlias = "nx.Graph[int]"
"""Undirected, without ties from a node to itself, on nodes 0..n-1 in order; neighbours are in ascending order."""
Ints: TypeAlias = npt.NDArray[np.int64]


def build_graph(n: int, ties: Ints | list[tuple[int, int]]) -> Graph:
    """Return the network of `n` nodes with these ties, shape (num_ties, 2), in any order and direction."""
    pairs = np.sort(np.asarray(ties, dtype=np.int64).reshape(-1, 2), axis=1)
    graph: Graph = nx.empty_graph(n)
    nodes = list(graph)  # ties share the integers of the nodes, which saves a fifth of a large graph's memory
    in_order = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist()
    graph.add_edges_from((nodes[source], nodes[target]) for source, target in in_order)
    return graph
