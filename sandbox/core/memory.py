"""What an agent remembers of a run: `Event`, `Memory` and the `MemoryView` that a question holds.

A memory is bounded in tokens, so a prompt at step 1,000 is as long as at step 50.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened to an agent."""

    step: int
    kind: str
    """A noun that the running summary can count, such as `purchase`."""
    text: str
    """One short sentence in the second person."""
    importance: float = 1.0
    """How much it matters, relative to an ordinary event."""


class MemoryView(msgspec.Struct, frozen=True):
    """What an agent remembers at one point in time, least changing part first."""

    summary: tuple[tuple[str, int], ...] = ()
    """How often each kind of condensed event happened."""
    salient: tuple[Event, ...] = ()
    """Older events that still matter, oldest first."""
    recent: tuple[Event, ...] = ()
    """The last events, oldest first."""

    def digest(self) -> bytes:
        """8-byte hash."""
        return _EMPTY_DIGEST if self is NO_MEMORY else blake2b(_ENCODER.encode(self), digest_size=8).digest()


class MemoryBudget(msgspec.Struct, frozen=True):
    """Bounds of a memory, in tokens as counted by `count_tokens`, and how fast events fade."""

    recent: int = 96
    salient: int = 48
    kinds: int = 6
    """Kinds of events that the running summary counts; the commonest are kept."""
    half_life: float = 10.0
    """Steps after which an event weighs half as much."""


class Memory:
    """Bounded memory of one agent.

    Recent events are kept in order until their budget is full. Then the older half is condensed at once, so that a
    prompt changes at its end only and the engine's prefix cache stays valid. Of the condensed events, those with the
    highest importance x 2^(-age / half-life) stay as salient; all are counted in the summary.
    """

    __slots__ = ("_counts", "_recent", "_salient", "_view", "budget")

    def __init__(self, budget: MemoryBudget | None = None) -> None:
        self.budget = budget or _DEFAULT_BUDGET
        self._recent: tuple[Event, ...] = ()
        self._salient: tuple[Event, ...] = ()
        self._counts: tuple[tuple[str, int], ...] = ()
        self._view: MemoryView | None = NO_MEMORY

    def add(self, event: Event) -> None:
        """Remember `event`, cut to the budget if it alone exceeds it."""
        self._recent = (*self._recent, _truncate(event, self.budget.recent // 2))
        if _count_event_tokens(self._recent) > self.budget.recent:
            self._condense(event.step)
        self._view = None

    def view(self) -> MemoryView:
        """Return what is remembered now."""
        if self._view is None:
            self._view = MemoryView(self._counts, self._salient, self._recent)
        return self._view

    def _condense(self, now: int) -> None:
        recent = list(self._recent)
        condensed: list[Event] = []
        while _count_event_tokens(recent) > self.budget.recent // 2:
            condensed.append(recent.pop(0))
        counts = Counter(dict(self._counts))
        counts.update(event.kind for event in condensed)
        self._counts = tuple(counts.most_common(self.budget.kinds))
        self._salient = self._select_salient([*self._salient, *condensed], now)
        self._recent = tuple(recent)

    def _select_salient(self, events: list[Event], now: int) -> tuple[Event, ...]:
        def weight(event: Event) -> float:
            return event.importance * 0.5 ** ((now - event.step) / self.budget.half_life)

        remaining_tokens, salient = self.budget.salient, list[Event]()
        for event in sorted(events, key=weight, reverse=True):
            if (cost := count_tokens(event.text)) <= remaining_tokens:
                salient.append(event)
                remaining_tokens -= cost
        return tuple(sorted(salient, key=lambda event: event.step))


def count_tokens(text: str) -> int:
    """Return an upper bound on the tokens of `text`: 3 bytes a token (English has about 4) and one for its end."""
    return len(text.encode()) // 3 + 1


def _count_event_tokens(events: Sequence[Event]) -> int:
    return sum(count_tokens(event.text) for event in events)


def _truncate(event: Event, tokens: int) -> Event:
    if count_tokens(event.text) <= tokens:
        return event
    text = event.text.encode()[: (tokens - 2) * 3].decode(errors="ignore")
    return msgspec.structs.replace(event, text=text.rstrip() + "…")


_ENCODER = msgspec.json.Encoder(order="sorted")
NO_MEMORY = MemoryView()
_EMPTY_DIGEST = blake2b(b"", digest_size=8).digest()
_DEFAULT_BUDGET = MemoryBudget()
