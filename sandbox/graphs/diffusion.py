"""What travels on a network: cascades of who told whom, and how alike tied people are."""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

import numpy as np

from sandbox.graphs.graph import Graph, Ints

CascadeRow: TypeAlias = dict[str, str | int | float | bool | None]
MAX_PAIRS = 20_000
"""Pairs of people beyond which similarities are those of a sample of pairs."""


class _Cascade:
    """A tree that grows: everybody points to the person who told them first."""

    def __init__(self, root: Any) -> None:
        self.parents: dict[Any, Any] = {root: None}
        """In the order of joining, so that parents come before their children."""
        self.depths = {root: 0}

    def add(self, teller: Any, hearer: Any) -> None:
        """Let somebody join whom a member has told."""
        self.parents[hearer] = teller
        self.depths[hearer] = self.depths[teller] + 1

    def virality(self) -> float:
        """Return the mean distance between two members; NaN for a root alone."""
        size = len(self.parents)
        if size < 2:
            return math.nan
        below = dict.fromkeys(self.parents, 1)
        for member, parent in reversed(self.parents.items()):
            if parent is not None:
                below[parent] += below[member]
        # A tie lies between as many pairs as its two sides have.
        num_between = sum(below[member] * (size - below[member]) for member in self.parents)
        return 2 * num_between / (size * (size - 1))


def cascades(tips: Iterable[Mapping[str, Any]]) -> list[CascadeRow]:
    """Return the cascades of a table of who told whom, one row for each tree.

    A person belongs to the tree of whoever told them about an item first. Somebody who tells before having been told is
    the root of a tree of their own, and stays so; the tree is the root alone if all others already knew the item. Tips
    of one step count in the order of the table.

    Args:
        tips: Rows with `step`, `teller`, `hearer` and, if there are several, `item`.

    Returns:
        `root`, `item` (None without items), `size` (people, the root included), `depth` (ties from the root to the
        furthest person), `virality` (mean distance between two people of the tree, in ties: its Wiener index over its
        pairs; Goel, Anderson, Hofman & Watts 2016, "The structural virality of online diffusion", Management Science
        62, 180-196, doi:10.1287/mnsc.2015.2158; NaN for a root alone).
    """
    trees: dict[tuple[Any, Any], _Cascade] = {}
    """The tree of everybody, by item and person."""
    roots: list[tuple[Any, Any]] = []
    for tip in sorted(tips, key=lambda tip: tip["step"]):
        item, teller, hearer = tip.get("item"), tip["teller"], tip["hearer"]
        if (item, teller) not in trees:
            trees[item, teller] = _Cascade(teller)
            roots.append((item, teller))
        if (item, hearer) not in trees:
            trees[item, hearer] = trees[item, teller]
            trees[item, teller].add(teller, hearer)
    return [_cascade_row(*key, trees[key]) for key in roots]


def tie_similarity(graph: Graph, sets: Sequence[AbstractSet[Any]], seed: int = 0) -> float:
    """Return how much more alike tied people are than any two people.

    The similarity of two people is Jaccard's: the share of items that both have among those that at least one has.
    Pairs without any item have none and are left out. Of more than `MAX_PAIRS` ties or pairs, a sample of that size is
    taken.

    Args:
        graph: The network.
        sets: The items of each node.
        seed: Seed of the samples.

    Returns:
        Mean similarity of tied pairs minus that of all pairs, -1 to 1; NaN if either has no value.
    """
    rng = np.random.default_rng(seed)
    ties = np.array(list(graph.edges), dtype=np.int64).reshape(-1, 2)
    if len(ties) > MAX_PAIRS:
        ties = ties[rng.choice(len(ties), MAX_PAIRS, replace=False)]
    members = _incidence(sets)
    return _mean_similarity(ties, members) - _mean_similarity(_pairs(len(graph), rng), members)


def _cascade_row(item: Any, root: Any, cascade: _Cascade) -> CascadeRow:
    depth, virality = max(cascade.depths.values()), cascade.virality()
    return {"root": root, "item": item, "size": len(cascade.parents), "depth": depth, "virality": virality}


def _pairs(n: int, rng: np.random.Generator) -> Ints:
    """Return all pairs of nodes if they are few, else a random sample with replacement; shape (pairs, 2)."""
    if n * (n - 1) // 2 <= MAX_PAIRS:
        return np.column_stack(np.triu_indices(n, 1))
    first = rng.integers(n, size=MAX_PAIRS)
    return np.column_stack([first, (first + rng.integers(1, n, size=MAX_PAIRS)) % n])


def _incidence(sets: Sequence[AbstractSet[Any]]) -> Any:
    """Return which node has which item, as a sparse matrix of zeros and ones, (nodes, items)."""
    from scipy.sparse import csr_array

    columns = {item: place for place, item in enumerate({item for items in sets for item in items})}
    starts = np.cumsum([0, *map(len, sets)])
    places = [columns[item] for items in sets for item in items]
    return csr_array((np.ones(len(places), dtype=np.int64), places, starts), shape=(len(sets), len(columns)))


def _mean_similarity(pairs: Ints, members: Any) -> float:
    sizes, (first, second) = members.sum(axis=1), pairs.T
    shared = members[first].multiply(members[second]).sum(axis=1)
    united = sizes[first] + sizes[second] - shared
    has_items = united > 0
    return float(np.mean(shared[has_items] / united[has_items])) if has_items.any() else math.nan
