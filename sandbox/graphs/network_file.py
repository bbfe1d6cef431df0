"""What a file says about a network: its nodes with their names, and its ties."""

import math
from typing import NamedTuple

from sandbox.errors import DataError


class Tie(NamedTuple):
    """A tie between two nodes, which may have a direction and a weight."""

    source: str
    target: str
    is_directed: bool = False
    """Whether the tie leads from `source` to `target` only."""
    weight: float | None = None
    """Above 0; None if the file has no weights."""


class NetworkFile(NamedTuple):
    """A network as its file has it."""

    nodes: dict[str, dict[str, str]]
    """By the id of each node: other names that the file gives it, by the name of the attribute."""
    ties: list[Tie]
    """In the order of the file; two nodes may have several, and a node one with itself."""

    def order(self) -> list[str]:
        """Return the ids of the nodes, sorted as numbers if all are non-negative integers, else as text."""
        is_numbered = all(map(str.isdecimal, self.nodes))
        return sorted(self.nodes, key=(lambda name: (int(name), name)) if is_numbered else None)

    def namings(self) -> list[tuple[str, ...]]:
        """Return what the nodes can be called, in their order: their ids, and every attribute that tells all apart."""
        ids = self.order()
        attributes = dict.fromkeys(name for names in self.nodes.values() for name in names)
        namings = [tuple(self.nodes[node].get(attribute, "") for node in ids) for attribute in attributes]
        return [tuple(ids), *(naming for naming in namings if all(naming) and len({*naming}) == len(naming))]


def parse_weight(text: str, where: str) -> float:
    """Return the weight of a tie.

    Args:
        text: A number above 0.
        where: File and line, for errors.

    Raises:
        DataError: It is something else.
    """
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise DataError(
            f"{where}: found the weight {text!r}, expected a number above 0; leave out what is no tie, or remove all "
            "weights"
        )
    return weight
