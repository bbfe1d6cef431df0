"""Reddit: submissions and comments as Pushshift and Arctic Shift hand them out, NDJSON in `.zst`, `.gz` or plain."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import polars as pl

from training.record import RECORD, frame
from training.sources.lines import JsonLines, Whole
from training.sources.source import LAST_SECOND, Rejects, Source, moment, paths_of


class Submission(msgspec.Struct, gc=False):
    """A post, as far as we look at it."""

    id: str
    subreddit: str
    created_utc: int | float | str
    author: str | None = None
    title: str | None = None
    selftext: str | None = None
    score: Whole | None = None
    num_comments: int | None = None
    is_self: bool | None = None
    over_18: bool | None = None
    distinguished: str | None = None
    removed_by_category: str | None = None


class Comment(msgspec.Struct, gc=False):
    """A comment, as far as we look at it."""

    id: str
    subreddit: str
    created_utc: int | float | str
    link_id: str
    parent_id: str | int | None = None
    author: str | None = None
    body: str | None = None
    score: Whole | None = None
    distinguished: str | None = None


class Reddit(Source):
    """Settings: the files."""

    platform: ClassVar[str] = "forum"

    submissions: list[str]
    """Paths or globs of files of submissions (RS_*)."""
    comments: list[str]
    """Paths or globs of files of comments (RC_*)."""

    def files(self) -> Sequence[Path]:
        """Submissions, then comments."""
        return [path for _, path in self._kinds()]

    def read(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Posts and comments as records; both can be answered, so both are items too."""
        if path in [one for kind, one in self._kinds() if kind == "submissions"]:
            for some in JsonLines(Submission).read(path, rejects):
                yield from self._posts(some)
        else:
            for some in JsonLines(Comment).read(path, rejects):
                yield from self._comments(some)

    def _kinds(self) -> list[tuple[str, Path]]:
        named = {"submissions": self.submissions, "comments": self.comments}
        return [
            (kind, path)
            for kind, patterns in named.items()
            for path in paths_of(patterns, Path(), f"source.{self.name}.{kind}")
        ]

    def _posts(self, some: list[Submission]) -> Iterator[tuple[str, pl.DataFrame]]:
        ids = [f"t3_{one.id}" for one in some]
        marks = [
            {
                "is_self": one.is_self,
                "over_18": one.over_18,
                "num_comments": one.num_comments,
                "distinguished": one.distinguished,
                "removed": one.removed_by_category,
            }
            for one in some
        ]
        known = {
            "source": self.name,
            "platform": self.platform,
            "kind": "post",
            "id": ids,
            "thread": ids,
            "place": [one.subreddit for one in some],
            "user": [one.author or "[deleted]" for one in some],
            "title": [one.title or "" for one in some],
            "text": [one.selftext or "" for one in some],
            "time": seconds([one.created_utc for one in some]),
            "votes": [one.score for one in some],
            "extra": [_json(one) for one in marks],
        }
        yield "record", frame(RECORD, known)

    def _comments(self, some: list[Comment]) -> Iterator[tuple[str, pl.DataFrame]]:
        known = {
            "source": self.name,
            "platform": self.platform,
            "kind": "comment",
            "id": [f"t1_{one.id}" for one in some],
            "thread": [one.link_id for one in some],
            "place": [one.subreddit for one in some],
            "user": [one.author or "[deleted]" for one in some],
            "text": [one.body or "" for one in some],
            "time": seconds([one.created_utc for one in some]),
            "item": [one.parent_id if isinstance(one.parent_id, str) else one.link_id for one in some],
            "votes": [one.score for one in some],
            "extra": [
                _json({"distinguished": one.distinguished}) if one.distinguished is not None else "" for one in some
            ],
        }
        yield "record", frame(RECORD, known)


def seconds(times: Sequence[int | float | str]) -> list[int | None]:
    """Unix seconds, from numbers or their text; None for what is no date."""
    return [one if type(one) is int and 0 <= one <= LAST_SECOND else _second(one) for one in times]


def _second(found: int | float | str) -> int | None:
    try:
        return moment(float(found))
    except (ValueError, OverflowError):
        return None


def _json(marks: dict[str, str | int | bool | None]) -> str:
    """What is set, as JSON; "" for nothing."""
    found = {name: value for name, value in marks.items() if value not in (None, False)}
    return msgspec.json.encode(found).decode() if found else ""
