"""Who belongs to which world: pieces of the social graph, so that friends share a world as far as they can."""

from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

import networkx as nx
import numpy as np


def split_graph(graph: "nx.Graph[Any]", nodes: Sequence[int], number: int) -> list[list[int]]:
    """Return pieces of equal size (or one less) with many ties inside.

    Args:
        graph: The social graph.
        nodes: All nodes, in the order in which pieces begin.
        number: Pieces.
    """
    free = dict.fromkeys(nodes)
    return [_grow_piece(graph, free, len(part)) for part in np.array_split(np.arange(len(nodes)), number)]


def _grow_piece(graph: "nx.Graph[Any]", free: dict[int, None], size: int) -> list[int]:
    """Take `size` nodes out of the free ones: always the one with most ties to those taken, the longest known first."""
    piece: list[int] = []
    ties = Counter[int]()
    border: list[tuple[int, int, int]] = []
    while len(piece) < size:
        node = _take_nearest(border, free)
        piece.append(node)
        for neighbour in graph[node]:
            if neighbour in free:
                ties[neighbour] += 1
                heappush(border, (-ties[neighbour], len(piece), neighbour))
    return piece


def _take_nearest(border: list[tuple[int, int, int]], free: dict[int, None]) -> int:
    """Take the first node of the border that is still free; of an empty one, the first free node."""
    while border:
        node = heappop(border)[-1]
        if node in free:
            del free[node]
            return node
    node = next(iter(free))
    del free[node]
    return node
