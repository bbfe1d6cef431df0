"""Who sees whom: the networks of the human experiment, and rewiring towards like-minded people."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import networkx as nx
import numpy as np

PersonT = TypeVar("PersonT")
NUM_CANDIDATES = 5
"""People among whom somebody who turns away from another finds a new one to see."""


def see_nobody(group: Sequence[PersonT]) -> list[list[PersonT]]:
    """Return, for everybody in the group, whom they see: nobody."""
    return [[] for _ in group]


def see_equally(group: Sequence[PersonT], degree: int, rng: np.random.Generator) -> list[list[PersonT]]:
    """Return, for everybody in the group, whom they see in a random network in which all see equally many.

    Ties are mutual. Everybody sees `degree` others, one fewer if the number of ties would be odd, and all others if the
    group is small.
    """
    size = len(group)
    degree = min(degree, size - 1)
    degree -= size * degree % 2
    graph = _regular_graph(size, degree, rng)
    return [[group[place] for place in sorted(graph[member])] for member in range(size)]


def _regular_graph(size: int, degree: int, rng: np.random.Generator) -> "nx.Graph[Any]":
    """Return a random graph of equal degrees; a dense one is the complement of a sparse one, which is found sooner."""
    if degree > (size - 1) / 2:
        return nx.complement(_regular_graph(size, size - 1 - degree, rng))
    return nx.random_regular_graph(degree, size, seed=int(rng.integers(2**31)))


def see_centre(group: Sequence[PersonT]) -> list[list[PersonT]]:
    """Return, for everybody in the group, whom they see: the first sees all, all others see the first."""
    return [list(group[1:]), *([group[0]] for _ in group[1:])]


def sample(items: Sequence[PersonT], size: int, stream: Iterator[float]) -> list[PersonT]:
    """Return up to `size` different items at random, drawn with numbers in [0, 1)."""
    if len(items) <= size:
        return list(items)
    taken: dict[int, int] = {}
    chosen: list[PersonT] = []
    for number, point in enumerate(islice(stream, size)):  # the first steps of a Fisher-Yates shuffle
        pick = number + int(point * (len(items) - number))
        chosen.append(items[taken.get(pick, pick)])
        taken[pick] = taken.get(number, number)
    return chosen
