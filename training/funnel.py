"""The funnel: how many users and items entered and left each stage, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec


class Count(msgspec.Struct, frozen=True):
    """One row of the funnel."""

    stage: str
    source: str
    what: str
    """What is counted: records, users, items, people, tasks, or a kind of task."""
    reason: str
    """`in` and `out` for what entered and left the stage; else the rule that dropped so many."""
    number: int


@dataclass
class Tally:
    """Counts of one stage, added up over its units."""

    stage: str
    counts: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def add(self, source: str, what: str, reason: str, number: int) -> None:
        """Count `number` more."""
        key = (source, what, reason)
        self.counts[key] = self.counts.get(key, 0) + number

    def rows(self) -> Iterator[Count]:
        """The rows of the funnel, in the order in which they were first counted."""
        for (source, what, reason), number in self.counts.items():
            yield Count(self.stage, source, what, reason, number)


def added_up(counts: Iterable[Count]) -> list[Count]:
    """One row for every stage, source, kind of thing and reason."""
    total: dict[tuple[str, str, str, str], int] = {}
    for one in counts:
        key = (one.stage, one.source, one.what, one.reason)
        total[key] = total.get(key, 0) + one.number
    return [Count(*key, number) for key, number in total.items()]


def as_rows(counts: Iterable[Count]) -> list[dict[str, Any]]:
    """Counts as dictionaries."""
    return [msgspec.to_builtins(one) for one in counts]
