"""Posts, threads, and what is measured on a thread, in the same form for simulated and for real threads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from sandbox.descriptive import gini

if TYPE_CHECKING:
    from worlds.feed.person import Person

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MATURE = 8
"""Steps after its opening in which a thread is measured: two days, in which 95 % of real replies come."""


class ThreadShape(NamedTuple):
    """The form of one thread: how long and deep it is."""

    size: int
    """Number of posts, the opening included."""
    depth: int
    """Replies between the opening and the post that is furthest from it; 0 without replies."""
    num_top_level: int
    """Replies to the opening itself."""

    @classmethod
    def of(cls, parents: Sequence[int]) -> Self:
        """Return the form of a thread.

        Args:
            parents: What each reply answers, in order of time: 0 for the opening post, k for the k-th reply.
        """
        depths = [0]
        for parent in parents:
            depths.append(depths[parent] + 1)
        return cls(len(depths), max(depths), depths.count(1))


@dataclass(eq=False, slots=True)
class Thread:
    """An opening post and everything that answers it, in order of time."""

    posts: "list[Post]" = field(default_factory=list)

    def shape(self, steps: int = MATURE) -> ThreadShape:
        """Return who answered whom in the first steps after the opening."""
        last = self.posts[0].step + steps
        return ThreadShape.of([post.parent.place for post in self.posts if post.parent and post.step <= last])


@dataclass(eq=False, slots=True)
class Post:
    """What somebody wrote: the opening of a thread, or a reply."""

    id: int
    step: int
    """When it was written."""
    author: "Person"
    text: str
    thread: Thread
    parent: "Post | None"
    """What it answers; None for an opening."""
    place: int
    """0-based place in its thread."""
    seed_vote: int = 0
    """A vote of nobody that it began with: 1, -1 or none."""
    ups: list[int] = field(default_factory=lambda: [0, 0])
    """Up-votes of readers, by their side."""
    downs: int = 0
    num_replies: int = 0
    num_shares: int = 0
    num_views: int = 0
    planted_ups: int = 0
    """Up-votes of nobody that an intervention added."""
    is_removed: bool = False

    @property
    def readers_score(self) -> int:
        """Up-votes minus down-votes of readers."""
        return self.ups[0] + self.ups[1] - self.downs

    @property
    def score(self) -> int:
        """The score that people see: that of readers and all votes of nobody."""
        return self.readers_score + self.seed_vote + self.planted_ups

    @property
    def is_fresh(self) -> bool:
        """Whether no reader has voted on it."""
        return not (self.ups[0] or self.ups[1] or self.downs)


def stack_shapes(shapes: Sequence[ThreadShape]) -> Ints:
    """Return an array of shape (threads, 3): size, depth, replies to the opening."""
    return np.array(shapes, np.int64).reshape(-1, 3)


def mean_size(shapes: Ints) -> float:
    """Return the mean number of posts of stacked threads; NaN of no threads."""
    return float(shapes[:, 0].mean()) if len(shapes) else math.nan


def mean_depth(shapes: Ints) -> float:
    """Return the mean depth of stacked threads; NaN of no threads."""
    return float(shapes[:, 1].mean()) if len(shapes) else math.nan


def no_reply_share(shapes: Ints) -> float:
    """Return the share of stacked threads without a reply; NaN of no threads."""
    return float((shapes[:, 0] == 1).mean()) if len(shapes) else math.nan


def top_level_share(shapes: Ints) -> float:
    """Return the share of all replies of stacked threads that answer an opening; NaN of no replies."""
    num_replies = int((shapes[:, 0] - 1).sum())
    return float(shapes[:, 2].sum()) / num_replies if num_replies else math.nan


def size_gini(shapes: Ints) -> float:
    """Return the Gini coefficient of the sizes of stacked threads; NaN of no threads."""
    return gini(shapes[:, 0])
