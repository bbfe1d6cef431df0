"""The funnel: how many users and items entered and left each stage, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec


class Count(msgspec.Struct, frozen=True):
    """One row of the funnel."""

    stage: str
    source: str
    entity: str
    """What is counted: records, users, items, people, tasks, or a kind of task."""
    reason: str
    """`in` and `out` for what entered and left the stage; otherwise the rule that dropped them."""
    number: int


@dataclass
class Tally:
    """Counts of one stage, added up over its units."""

    stage: str
    counts: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Numbers by source, entity and reason."""

    def add(self, source: str, entity: str, reason: str, number: int) -> None:
        """Count `number` more."""
        key = (source, entity, reason)
        self.counts[key] = self.counts.get(key, 0) + number

    def rows(self) -> Iterator[Count]:
        """Yield the rows of the funnel, in the order in which they were first counted."""
        for (source, entity, reason), number in self.counts.items():
            yield Count(self.stage, source, entity, reason, number)


def sum_counts(counts: Iterable[Count]) -> list[Count]:
    """Return one row for every stage, source, entity and reason."""
    total: dict[tuple[str, str, str, str], int] = {}
    for count in counts:
        key = (count.stage, count.source, count.entity, count.reason)
        total[key] = total.get(key, 0) + count.number
    return [Count(*key, number) for key, number in total.items()]


def to_rows(counts: Iterable[Count]) -> list[dict[str, Any]]:
    """Return counts as dictionaries."""
    return [msgspec.to_builtins(count) for count in counts]
