"""Numbers that describe a network: size, degree, clustering, components, assortativity."""

import math
from typing import cast

import networkx as nx
import numpy as np

from sandbox.graphs.graph import Graph, Ints


def describe_graph(graph: Graph) -> dict[str, float]:
    """Describe a network of this package by numbers; takes about two seconds for 100,000 people.

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


def _correlation(degree_pairs: Ints) -> float:
    """Return Pearson's correlation of the two degrees of a tie, each tie counted in both directions."""
    symmetric = np.concatenate([degree_pairs, degree_pairs[:, ::-1]])
    return float(np.corrcoef(symmetric.T)[0, 1]) if len(np.unique(symmetric)) > 1 else math.nan
