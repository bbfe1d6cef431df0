"""Who a person is and what they remember: `Profile`, `Event`, `Memory`.

A profile is what is stable about a person, in the four levels of HumanLLM (persona, profile, stories, writing
style; Lei et al., KDD 2026) and in figures. A memory is what happened to them in this run, bounded in tokens.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, TypeAlias

import msgspec

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Profile(msgspec.Struct, frozen=True, dict=True):
    """One person of a population."""

    id: str
    persona: str
    """Who they are, in at most 100 words."""
    profile: str = ""
    """The same at length, 100 to 400 words."""
    stories: tuple[str, ...] = ()
    """Episodes from their life, oldest first."""
    writing_style: str = ""
    """How they write, in words."""
    tastes: dict[str, float] = {}
    """Weight of each category they care about; positive, sums to 1."""
    budget: float = 0.0
    """What they usually pay for one item, in the currency of the source (median)."""
    activity: Share = 0.3
    """Probability of being active in a step: the share of days with a text or a basket, of months with a review."""
    star_shares: tuple[Share, Share, Share, Share, Share] | None = None
    """Share of 1, 2, 3, 4 and 5 stars among the ratings they gave; sums to 1."""
    words: int = 30
    """Median length of what they write, in words."""
    demographics: dict[str, str] = {}
    """Only what is known: age, gender, place, ..."""
    hours: tuple[float, ...] = ()
    """Share of what they did by hour of the day, 24 of them from midnight UTC; empty where unknown."""
    platform: str = ""
    """What kind of logs they come from: forum, microblog, blog, reviews or purchases; worlds may ask for one kind."""
    split: str = ""
    """Whether a model was trained on them: train, val or test; empty where unknown."""
    source: str = ""
    """Which real logs they were distilled from, such as `amazon_reviews_2023`."""

    def digest(self) -> bytes:
        """16-byte hash of the whole profile; computed once."""
        return self._digest

    @cached_property
    def _digest(self) -> bytes:
        return blake2b(_ENCODER.encode(self), digest_size=16).digest()


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened to a person."""

    step: int
    kind: str
    """A noun that the running summary can count, such as `purchase`."""
    text: str
    """One short sentence in the second person."""
    importance: float = 1.0
    """How much it matters, relative to an ordinary event."""


class MemoryView(msgspec.Struct, frozen=True):
    """What a person remembers at one moment, least changing part first."""

    summary: tuple[tuple[str, int], ...] = ()
    """How often each kind of forgotten event happened."""
    salient: tuple[Event, ...] = ()
    """Forgotten in order, but not forgotten: the events that matter most, oldest first."""
    recent: tuple[Event, ...] = ()
    """The last events, oldest first."""

    def digest(self) -> bytes:
        """8-byte hash."""
        return _EMPTY if self is NO_MEMORY else blake2b(_ENCODER.encode(self), digest_size=8).digest()


class MemoryBudget(msgspec.Struct, frozen=True):
    """Bounds of a memory, in tokens as counted by `count_tokens`, and how fast events fade."""

    recent: int = 96
    salient: int = 48
    kinds: int = 6
    """Kinds of events that the running summary counts; the commonest are kept."""
    half_life: float = 10.0
    """Steps after which an event weighs half as much."""


class Memory:
    """Bounded memory of one person.

    Recent events are kept in order until their budget is full; then the older half is let go at once, so that a
    prompt's text changes at its end only and an engine's prefix cache stays valid. Of what is let go, the events
    with the highest importance x 2^(-age / half-life) stay as salient; all are counted in the summary.
    """

    __slots__ = ("_counts", "_recent", "_salient", "_view", "budget")

    def __init__(self, budget: MemoryBudget | None = None) -> None:
        self.budget = budget or _BUDGET
        self._recent: tuple[Event, ...] = ()
        self._salient: tuple[Event, ...] = ()
        self._counts: tuple[tuple[str, int], ...] = ()
        self._view: MemoryView | None = NO_MEMORY

    def add(self, event: Event) -> None:
        """Remember `event`, cut to the budget if it alone exceeds it."""
        self._recent = (*self._recent, _cut(event, self.budget.recent // 2))
        if _tokens(self._recent) > self.budget.recent:
            self._let_go(event.step)
        self._view = None

    def view(self) -> MemoryView:
        """What is remembered now."""
        if self._view is None:
            self._view = MemoryView(self._counts, self._salient, self._recent)
        return self._view

    def _let_go(self, now: int) -> None:
        kept = list(self._recent)
        gone: list[Event] = []
        while _tokens(kept) > self.budget.recent // 2:
            gone.append(kept.pop(0))
        counts = Counter(dict(self._counts))
        counts.update(event.kind for event in gone)
        self._counts = tuple(counts.most_common(self.budget.kinds))
        self._salient = self._most_salient([*self._salient, *gone], now)
        self._recent = tuple(kept)

    def _most_salient(self, events: list[Event], now: int) -> tuple[Event, ...]:
        def weight(event: Event) -> float:
            return event.importance * 0.5 ** ((now - event.step) / self.budget.half_life)

        left, chosen = self.budget.salient, list[Event]()
        for event in sorted(events, key=weight, reverse=True):
            if (cost := count_tokens(event.text)) <= left:
                chosen.append(event)
                left -= cost
        return tuple(sorted(chosen, key=lambda event: event.step))


def count_tokens(text: str) -> int:
    """Tokens that `text` costs at most, without a tokenizer: 3 bytes a token (English has about 4), one for its end."""
    return len(text.encode()) // 3 + 1


def _tokens(events: Sequence[Event]) -> int:
    return sum(count_tokens(event.text) for event in events)


def _cut(event: Event, tokens: int) -> Event:
    if count_tokens(event.text) <= tokens:
        return event
    cut = event.text.encode()[: (tokens - 2) * 3].decode(errors="ignore")
    return msgspec.structs.replace(event, text=cut.rstrip() + "…")


_ENCODER = msgspec.json.Encoder(order="sorted")
NO_MEMORY = MemoryView()
_EMPTY = blake2b(b"", digest_size=8).digest()
_BUDGET = MemoryBudget()
