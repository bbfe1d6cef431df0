"""What happened in a feed: who was shown what and what came of it, and running counts for the metrics."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from worlds.feed.person import Act, Person
from worlds.feed.posts import Post, Thread, ThreadShape


class Exposure(NamedTuple):
    """One post that was shown to one reader."""

    step: int
    reader: int
    post: int
    author: int
    position: int
    """0-based place on the reader's page."""
    is_followed: bool
    """Whether the reader follows the author."""
    is_same_side: bool
    score: int | None
    """The score that the reader saw; None if votes are hidden."""
    seed_vote: int
    is_fresh: bool
    """Whether no other reader had voted on the post before."""
    act: Act


class SideCounts:
    """How often something went to people of the same and of the other side."""

    def __init__(self) -> None:
        self.within = 0
        self.across = 0

    def add(self, person: Person, author: Person, number: int = 1) -> None:
        """Count something that a person directs at an author."""
        if person.side == author.side:
            self.within += number
        else:
            self.across += number

    def ei_index(self) -> float:
        """Return the E-I index (Krackhardt & Stern 1988): across minus within, over all; NaN of nothing."""
        total = self.within + self.across
        return (self.across - self.within) / total if total else math.nan


@dataclass
class FeedRecords:
    """Everything that happened."""

    exposures: list[Exposure] = field(default_factory=list)
    acts: Counter[Act] = field(default_factory=Counter)
    """How often each act was chosen, scrolling on included."""
    first_acts: Counter[Act] = field(default_factory=Counter)
    """The same, of readers of posts that no reader had voted on."""
    follows: SideCounts = field(default_factory=SideCounts)
    """Who follows whom now."""
    votes: SideCounts = field(default_factory=SideCounts)
    """Up-votes so far."""
    shares: SideCounts = field(default_factory=SideCounts)
    replies: SideCounts = field(default_factory=SideCounts)
    mature: list[tuple[Thread, ThreadShape]] = field(default_factory=list)
    """Threads that are old enough to be measured, with their form at that age."""
    final_scores: list[int] = field(default_factory=list)
    """Votes of readers on each post when it could no longer be shown."""
    reply_words: list[int] = field(default_factory=list)

    def add_exposure(self, step: int, reader: Person, post: Post, position: int, act: Act, score: int | None) -> None:
        """Count one post that was shown, before what the reader did takes effect."""
        author = post.author
        self.acts[act] += 1
        if post.is_fresh:
            self.first_acts[act] += 1
        self.exposures.append(
            Exposure(step, reader.unique_id, post.id, author.unique_id, position, author in reader.following,
                     author.side == reader.side, score, post.seed_vote, post.is_fresh, act)
        )  # fmt: skip


def share_of(acts: Counter[Act], *counted: Act) -> float:
    """Return the share of all acts that are one of some; NaN of none."""
    total = acts.total()
    return sum(acts[act] for act in counted) / total if total else math.nan
