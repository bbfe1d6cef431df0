"""Which node of a network is which person: the one whose id is its name."""

import re
import unicodedata
from collections.abc import Collection, Sequence

from sandbox.errors import ConfigError

MAX_NAMES_LISTED = 10
"""Names that an error lists one by one."""


def match_people(namings: Sequence[Sequence[str]], ids: Collection[str]) -> tuple[str, ...]:
    """Return what the nodes are called by the naming in which every node has the id of a person; empty if none has.

    Args:
        namings: What the nodes of a network can be called, each in the order of the nodes.
        ids: The ids of all people.

    Raises:
        ConfigError: Some nodes are people and others are not, or all are called almost like a person.
    """
    people = {*ids}
    naming = max(namings, key=lambda names: sum(name in people for name in names), default=())
    strangers = [name for name in naming if name not in people]
    if not strangers:
        return tuple(naming)
    similar = {_fold(name): name for name in people}
    almost = {name: similar[_fold(name)] for name in strangers if _fold(name) in similar}
    if len(strangers) == len(naming) and not almost:
        return ()
    raise ConfigError(
        f"graph.path: {len(naming) - len(strangers)} of the network's {len(naming)} nodes have the id of a person of "
        f"the population, but {len(strangers)} have not: {_list_names(strangers, almost)}. Give every node the id of a "
        "person, or let no node have one (then people take the nodes at random)"
    )


def _list_names(names: Sequence[str], almost: dict[str, str]) -> str:
    quoted = [f"{name!r} (is {almost[name]!r} meant?)" if name in almost else repr(name) for name in names]
    further = [f"and {len(quoted) - MAX_NAMES_LISTED} more"] if len(quoted) > MAX_NAMES_LISTED else []
    return ", ".join([*quoted[:MAX_NAMES_LISTED], *further])


def _fold(name: str) -> str:
    """Return a name without case, spaces around it, zeros before a number, `.0` after it, and ways to write accents."""
    name = unicodedata.normalize("NFKC", name).strip().casefold()
    return re.sub(r"^0*(\d+)(\.0+)?$", r"\1", name)
