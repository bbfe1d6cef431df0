"""Records as synthesis sees them, which of them a step is shown, and how much of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl

from training.synthesis.asking import Case
from training.synthesis.excerpts import cost, pieces, shortened

HEADING_TOKENS = 60
RANKS = {"high": 0, "medium": 1}
"""Better posts are taken first."""
SELVES = ("latest", "early")
"""Whom persons are made of: all of a user's history, or its first records."""
POST: dict[str, pl.DataType] = {
    "source": pl.String(),
    "platform": pl.String(),
    "user": pl.String(),
    "record": pl.String(),
    "split": pl.String(),
    "asked": pl.String(),
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
    asked: str
    """Which of its author's selves is asked about it, since they know nothing of it: latest or early; "" for none."""
    is_early: bool
    """Whether there is an early self and it is made from this."""
    heading: str
    """When, where and about what it was written."""
    text: str
    quality: str = ""
    """high or medium; "" for what does not count as material."""
    is_private: bool = False
    """Whether the second rewrite has replaced what private details it held."""
    is_concrete: bool = False
    """Whether it tells an event or a thought as a story."""

    def shown(self, tokens: int) -> str:
        """What prompts show of it."""
        heading = f"({self.heading}) " if self.heading else ""
        return heading + shortened(self.text, max(tokens - cost(heading), 1))

    def makes(self, which: str) -> bool:
        """Whether that self of its author is made from it."""
        return self.is_early if which == "early" else self.asked != "latest"


def posts_of(portion: Path) -> list[Post]:
    """The posts of a portion (`portions.py`), in its order: by user and time."""
    return [_post(row) for row in pl.read_parquet(portion).iter_rows(named=True)]


def by_user(posts: Iterable[Post]) -> Iterator[list[Post]]:
    """The posts of one user after the other, as they stand together."""
    for _, mine in groupby(posts, lambda one: (one.source, one.user)):
        yield list(mine)


def first(posts: Iterable[Post], most: int) -> list[Post]:
    """At most so many posts of every user: the best and earliest, in their order."""
    return [one for mine in by_user(posts) for one in _best(mine, most)]


def first_of_each(posts: Sequence[Post], most: int) -> list[Post]:
    """The same of each part of a user's time, so that early posts leave room for late ones."""
    return [one for part in ("", *SELVES) for one in first((one for one in posts if one.asked == part), most)]


def about(post: Post, tokens: int) -> Case:
    """The case of one post."""
    shown = post.shown(tokens)
    return Case(post.source, post.user, post.record, {"posts": [pieces(shown)]}, (shown,))


def about_all(posts: Sequence[Post], tokens: int, most_each: int) -> Case:
    """The case of one user's posts, oldest first: the best that fit into so many tokens."""
    texts = [one.shown(most_each) for one in posts]
    left, places = tokens, list[int]()
    for place in _ranked(posts):
        if (needed := cost(texts[place])) <= left:
            places.append(place)
            left -= needed
    shown = [texts[place] for place in sorted(places)]
    facts = {"posts": [pieces(text) for text in shown]}
    return Case(posts[0].source, posts[0].user, "", facts, tuple(shown))


def about_scene(post: Post, scene: str, tokens: int) -> Case:
    """The case of a scene that was made from a post; the scene is the last of its sources."""
    case = about(post, tokens)
    return case._replace(facts={**case.facts, "told": pieces(scene)}, sources=(*case.sources, scene))


def _best(posts: Sequence[Post], most: int) -> list[Post]:
    return [posts[place] for place in sorted(_ranked(posts)[:most])]


def _ranked(posts: Sequence[Post]) -> list[int]:
    """Places of the posts, the best first, of equal ones the earlier."""
    return sorted(range(len(posts)), key=lambda place: RANKS.get(posts[place].quality, len(RANKS)))


def _post(row: dict[str, Any]) -> Post:
    names = ("source", "platform", "user", "split", "asked", "text")
    return Post(**{name: row[name] for name in names}, record=row["id"], is_early=row["early"], heading=_heading(row))


def _heading(row: dict[str, Any]) -> str:
    """Date, place, title, what it answers or is about, and stars, where these are known."""
    date = None if row["time"] is None else datetime.fromtimestamp(row["time"], UTC).date().isoformat()
    about = f"about: {row['context']}" if row["context"] else ""
    stars = "" if row["stars"] is None else f"{row['stars']:g} of 5 stars"
    return shortened("; ".join(filter(None, (date, row["place"], stars, row["title"], about))), HEADING_TOKENS)
