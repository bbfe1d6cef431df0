"""Reddit: submissions and comments as Pushshift and Arctic Shift distribute them, NDJSON in `.zst`, `.gz` or plain."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec
import polars as pl

from training.sources.lines import ColumnInteger, JsonLines, read_blocks
from training.sources.record import LAST_SECOND, LINE, RECORD, frame
from training.sources.source import Rejects, Source, resolve_paths
from training.sources.times import to_unix_seconds


class Submission(msgspec.Struct, gc=False):
    """The fields of a post that are read."""

    id: str
    subreddit: str
    created_utc: int | float | str
    author: str | None = None
    title: str | None = None
    selftext: str | None = None
    score: ColumnInteger | None = None
    num_comments: int | None = None
    is_self: bool | None = None
    over_18: bool | None = None
    distinguished: str | None = None
    removed_by_category: str | None = None


class Comment(msgspec.Struct, gc=False):
    """The fields of a comment that are read."""

    id: str
    subreddit: str
    created_utc: int | float | str
    link_id: str
    parent_id: str | int | None = None
    author: str | None = None
    body: str | None = None
    score: ColumnInteger | None = None
    distinguished: str | None = None


class Reddit(Source):
    """Settings: the files."""

    platform: str = "forum"
    """Name of the platform that its records are from."""
    earliest: date | None = date(2005, 6, 23)
    """First day that a record can be of: Reddit's first day, unless another is named. Earlier ones are rejected."""
    submissions: list[str]
    """Paths or globs of files of submissions (RS_*)."""
    comments: list[str]
    """Paths or globs of files of comments (RC_*)."""

    def files(self) -> Sequence[Path]:
        """Return submissions, then comments."""
        return [*self._submission_files(), *resolve_paths(self.comments, Path(), f"source.{self.name}.comments")]

    def read_file(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield posts and comments as records; both can be answered, so no items are listed."""
        if path in self._submission_files():
            for lines, submissions in JsonLines(Submission).decode_blocks(read_blocks(path), rejects):
                yield "record", self._build_posts(submissions, lines)
        else:
            for lines, comments in JsonLines(Comment).decode_blocks(read_blocks(path), rejects):
                yield "record", self._build_comments(comments, lines)

    @property
    def needs_time(self) -> bool:
        """Every post and comment has a time."""
        return True

    def _submission_files(self) -> list[Path]:
        return resolve_paths(self.submissions, Path(), f"source.{self.name}.submissions")

    def _build_posts(self, submissions: list[Submission], lines: list[int]) -> pl.DataFrame:
        ids = [f"t3_{post.id}" for post in submissions]
        extras = [
            {
                "is_self": post.is_self,
                "over_18": post.over_18,
                "num_comments": post.num_comments,
                "distinguished": post.distinguished,
                "removed": post.removed_by_category,
            }
            for post in submissions
        ]
        columns = {
            "source": self.name,
            "platform": self.platform,
            "kind": "post",
            "id": ids,
            "thread": ids,
            "category": [post.subreddit for post in submissions],
            "user": [post.author or "[deleted]" for post in submissions],
            "title": [post.title or "" for post in submissions],
            "text": [post.selftext or "" for post in submissions],
            "time": parse_times([post.created_utc for post in submissions]),
            "votes": [post.score for post in submissions],
            "extra": [_encode_extra(extra) for extra in extras],
            LINE: lines,
        }
        return frame(RECORD, columns)

    def _build_comments(self, comments: list[Comment], lines: list[int]) -> pl.DataFrame:
        columns = {
            "source": self.name,
            "platform": self.platform,
            "kind": "comment",
            "id": [f"t1_{comment.id}" for comment in comments],
            "thread": [comment.link_id for comment in comments],
            "category": [comment.subreddit for comment in comments],
            "user": [comment.author or "[deleted]" for comment in comments],
            "text": [comment.body or "" for comment in comments],
            "time": parse_times([comment.created_utc for comment in comments]),
            "item": [
                comment.parent_id if isinstance(comment.parent_id, str) else comment.link_id for comment in comments
            ],
            "votes": [comment.score for comment in comments],
            "extra": [
                "" if comment.distinguished is None else _encode_extra({"distinguished": comment.distinguished})
                for comment in comments
            ],
            LINE: lines,
        }
        return frame(RECORD, columns)


def parse_times(times: Sequence[int | float | str]) -> list[int | None]:
    """Return unix seconds, from numbers or their text; None for what is no date."""
    # Nearly all times are plain integers, for which the exact test is much faster than a conversion.
    return [time if type(time) is int and 0 <= time <= LAST_SECOND else _parse_time(time) for time in times]


def _parse_time(time: int | float | str) -> int | None:
    try:
        return to_unix_seconds(float(time))
    except (ValueError, OverflowError):
        return None


def _encode_extra(extra: dict[str, str | int | bool | None]) -> str:
    """Return what is set, as JSON; "" for nothing."""
    present = {name: value for name, value in extra.items() if value not in (None, False)}
    return msgspec.json.encode(present).decode() if present else ""
