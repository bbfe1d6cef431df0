"""Records as synthesis sees them: which of them a step shows, and how much of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl

from training.sources.platform import find_platform
from training.synthesis.excerpts import shorten, split_text, token_bound
from training.synthesis.questions import StepInput

HEADING_TOKENS = 60
QUALITY_RANKS = {"high": 0, "medium": 1}
"""Better posts are taken first."""
SELVES = ("latest", "early")
"""What persons are made from: all of a user's history, or its first records."""
POST: dict[str, pl.DataType] = {
    "source": pl.String(),
    "platform": pl.String(),
    "user": pl.String(),
    "record": pl.String(),
    "split": pl.String(),
    "asked_self": pl.String(),
    "is_early": pl.Boolean(),
    "heading": pl.String(),
    "text": pl.String(),
    "quality": pl.String(),
    "is_private": pl.Boolean(),
    "is_concrete": pl.Boolean(),
}
"""Columns of a table of posts."""


@dataclass
class Post:
    """A record on its way through the steps."""

    source: str
    platform: str
    user: str
    record: str
    split: str
    asked_self: str
    """Which self of its author is asked about it, since that self does not know it: latest or early; "" for none."""
    is_early: bool
    """Whether there is an early self and it is made from this post."""
    heading: str
    """When, where and about what it was written."""
    text: str
    quality: str = ""
    """high or medium; "" for posts that do not count as material."""
    is_private: bool = False
    """Whether the second rewrite has replaced its private details."""
    is_concrete: bool = False
    """Whether it tells an event or a thought as a story."""

    @property
    def is_review(self) -> bool:
        """Whether it reviews a product: a part of a history of purchases rather than an episode."""
        return find_platform(self.platform).products == "reviewed"

    def excerpt(self, tokens: int) -> str:
        """Return what prompts show of it."""
        heading = f"({self.heading}) " if self.heading else ""
        return heading + shorten(self.text, max(tokens - token_bound(heading), 1))

    def is_known_to(self, name: str) -> bool:
        """Return whether this self of its author is made from it."""
        return self.is_early if name == "early" else self.asked_self != "latest"


def load_posts(portion: Path) -> list[Post]:
    """Return the posts of a portion (`portions.py`), in its order: by user and time."""
    return [_post_from(row) for row in pl.read_parquet(portion).iter_rows(named=True)]


def group_by_user(posts: Iterable[Post]) -> Iterator[list[Post]]:
    """Yield the posts of each user; they must be next to each other."""
    for _, user_posts in groupby(posts, lambda post: (post.source, post.user)):
        yield list(user_posts)


def best_posts(posts: Iterable[Post], most: int) -> list[Post]:
    """Return at most `most` posts of every user: the best and earliest, in their order."""
    return [post for user_posts in group_by_user(posts) for post in _best_of_user(user_posts, most)]


def best_posts_per_self(posts: Sequence[Post], most: int) -> list[Post]:
    """Return the same for the posts that each self is asked about, and for the rest, so that each period is covered."""
    return [
        post
        for name in ("", *SELVES)
        for post in best_posts((candidate for candidate in posts if candidate.asked_self == name), most)
    ]


def post_input(post: Post, tokens: int) -> StepInput:
    """Return a step's input from one post."""
    excerpt = post.excerpt(tokens)
    return StepInput(post.source, post.user, post.record, {"posts": [split_text(excerpt)]}, (excerpt,))


def user_input(posts: Sequence[Post], tokens: int, most_each: int) -> StepInput:
    """Return a step's input from one user's posts, oldest first: the best that fit into a number of tokens."""
    excerpts = [post.excerpt(most_each) for post in posts]
    budget, places = tokens, list[int]()
    for place in _rank_posts(posts):
        if (needed := token_bound(excerpts[place])) <= budget:
            places.append(place)
            budget -= needed
    fitting = [excerpts[place] for place in sorted(places)]
    facts = {"posts": [split_text(excerpt) for excerpt in fitting]}
    return StepInput(posts[0].source, posts[0].user, "", facts, tuple(fitting))


def scene_input(post: Post, scene: str, tokens: int) -> StepInput:
    """Return a step's input from a scene that was made from a post; the scene is the last of its sources."""
    base = post_input(post, tokens)
    return base._replace(facts={**base.facts, "told": split_text(scene)}, sources=(*base.sources, scene))


def _best_of_user(posts: Sequence[Post], most: int) -> list[Post]:
    return [posts[place] for place in sorted(_rank_posts(posts)[:most])]


def _rank_posts(posts: Sequence[Post]) -> list[int]:
    """Return the places of the posts, the best first, the earlier first among equals."""
    return sorted(range(len(posts)), key=lambda place: QUALITY_RANKS.get(posts[place].quality, len(QUALITY_RANKS)))


def _post_from(row: dict[str, Any]) -> Post:
    names = ("source", "platform", "user", "split", "asked_self", "text")
    columns = {name: row[name] for name in names}
    return Post(**columns, record=row["id"], is_early=row["early"], heading=_format_heading(row))


def _format_heading(row: dict[str, Any]) -> str:
    """Return date, place, stars, title and context of a record, as far as they are known."""
    date = None if row["time"] is None else datetime.fromtimestamp(row["time"], UTC).date().isoformat()
    about = f"about: {row['context']}" if row["context"] else ""
    stars = "" if row["stars"] is None else f"{row['stars']:g} of 5 stars"
    return shorten("; ".join(filter(None, (date, row["category"], stars, row["title"], about))), HEADING_TOKENS)
