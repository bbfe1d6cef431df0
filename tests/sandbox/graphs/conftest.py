"""Shared parts of the tests of graphs: people, and the generated kinds of networks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from sandbox.core.profile import Profile
from sandbox.graphs import ErdosRenyi, Graph, GraphParams, ScaleFree, SmallWorld, StochasticBlock

CATEGORIES = ("books", "films", "games")
GENERATED: list[GraphParams] = [
    SmallWorld(degree=4, rewire=0.2),
    ScaleFree(edges_per_node=2),
    StochasticBlock(by="favourite", mean_degree=3, homophily=0.5),
    ErdosRenyi(mean_degree=3),
]
"""One of each kind of network that does not come from a file."""

SIZES = st.integers(16, 80)
SEEDS = st.integers(0, 2**32 - 1)


def make_rng(seed: int = 0) -> np.random.Generator:
    """Return a generator of random numbers."""
    return np.random.default_rng(seed)


def make_crowd(n: int, prefix: str = "p", categories: Sequence[str] = CATEGORIES) -> list[Profile]:
    """Return profiles whose largest tastes are the categories in turn."""
    tastes = [{categories[i % len(categories)]: 0.6, "music": 0.4} for i in range(n)]
    return [Profile(id=f"{prefix}{i}", persona=f"{prefix}-{i}", tastes=tastes[i]) for i in range(n)]


def list_neighbours(graph: Graph) -> list[tuple[int, list[int]]]:
    """Return all of a network, in its order."""
    return [(node, list(graph[node])) for node in graph]


def write_text(path: Path, text: str) -> Path:
    """Write a file that may hold bytes which are not UTF-8."""
    path.write_bytes(text.encode(errors="surrogateescape"))
    return path
