"""Twitter, now X: an account's own archive (`tweets.js`), the API's responses and tweets as JSON lines, and CSV dumps.

`tweets.py` reads what files have, field by field under one spelling; this module turns that into records, whole columns
at once.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import polars as pl
from pydantic import Field

from training.sources.columns import Problems, drop_problem_rows, note_problem, to_integers, to_texts
from training.sources.entities import decode_series
from training.sources.record import ITEM, LINE, RECORD, frame
from training.sources.source import Rejects, Source, resolve_paths
from training.sources.times import to_times
from training.sources.tweet_archive import list_companions
from training.sources.tweet_edits import EDITED, list_replaced, read_histories
from training.sources.tweets import NAMES, Tweets, read_tweets

CUT = "text is cut: it ends in … and a link"
"""Counted in the funnel, since nobody can tell how the text goes on."""


class Twitter(Source):
    """Settings: the files."""

    platform: str = "microblog"
    """Name of the platform that its records are from."""
    paths: list[str] = Field(min_length=1)
    """Paths or globs of files of any of the formats, .gz and .zst too; `account.js` must be beside a `tweets.js`, and
    `note-tweet.js`, which has long tweets complete, should be."""

    def files(self) -> Sequence[Path]:
        """Return all files that are named."""
        return resolve_paths(self.paths, Path(), f"source.{self.name}.paths")

    def companions(self) -> Sequence[Path]:
        """Return the files of archives that say whose tweets they are and how long ones go on."""
        return [companion for path in self.files() for companion in list_companions(path)]

    def count_doubtful(self, records: pl.DataFrame) -> dict[str, int]:
        """Count tweets that end in an ellipsis and a link to themselves: the rest of them is not in the file."""
        is_retweet = records["extra"].str.contains('"is_rt":true', literal=True) | records["text"].str.starts_with(
            "RT @"
        )
        is_cut = records["text"].str.contains(r"(?:…|\.\.\.)\s*https?://t\.co/\w+\s*$") & ~is_retweet
        return {CUT: len(is_cut.arg_true())}

    def read_file(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield tweets as records, replies as comments; tweets that are only there to be answered as items."""
        label, replaced = self.label_file(path), _find_replaced(path)
        for tweets in read_tweets(path, rejects):
            columns, problems = build_columns(tweets, label)
            good = drop_problem_rows(columns, problems, rejects, tweets.lines, tweets.row)
            is_replaced = good["id"].is_in(list(replaced)) & good["is_collected"]
            rejects.set_aside[EDITED] += len(is_replaced.arg_true())
            good = good.with_columns(good["is_collected"] & ~is_replaced)
            yield "record", self._frame(RECORD, good.filter("is_collected"))
            if len(items := good.remove("is_collected")):
                yield "item", self._frame(ITEM, items)

    def _frame(self, schema: dict[str, pl.DataType], tweets: pl.DataFrame) -> pl.DataFrame:
        constants = {"source": self.name, "platform": self.platform}
        columns = {name: tweets[name] for name in (*schema, LINE) if name in tweets.columns}
        return frame(schema, columns | {name: value for name, value in constants.items() if name in schema})


def _find_replaced(path: Path) -> frozenset[str]:
    """Return the ids of versions of tweets that a newer version in the same file replaces."""
    histories = read_histories(path)
    names = {name for history in histories for name in history}
    ids: set[str] = set()
    for tweets in read_tweets(path, Rejects("", path)) if histories else ():
        collected = pl.DataFrame({"id": _coalesce_names(tweets, "id"), "is_collected": tweets.is_collected})
        ids |= names & set(collected.filter("is_collected")["id"])
    return list_replaced(histories, ids)


def build_columns(tweets: Tweets, label: str) -> tuple[pl.DataFrame, Problems]:
    """Return the columns of a record and of an item, and the problems of tweets that cannot be one.

    Args:
        tweets: Tweets of a file.
        label: What the ids of tweets without an id begin with.
    """
    problems: Problems = {}
    texts = {field: _coalesce_names(tweets, field) for field in NAMES}
    for field in ("user", "text"):
        note_problem(problems, texts[field].is_null(), f"no {field}")
    # A file of tweets has times or has none; a tweet without one among others is not one to be asked about.
    note_problem(problems, texts["time"].is_null() & texts["time"].is_not_null().any(), "no time")
    named = pl.DataFrame(
        {
            **{field: texts[field] for field in ("user", "id", "thread")},
            "item": texts["item"].str.strip_suffix(".0"),
            "text": decode_series(texts["text"]),
            "time": to_times(texts["time"], problems),
            "votes": to_integers(texts["votes"], problems),
            "extra": _encode_extras(_is_retweet(tweets, texts["is_rt"]), texts["lang"], texts["bio"]),
            LINE: pl.Series(values=tweets.lines, dtype=pl.Int64),
            "is_collected": pl.Series(values=tweets.is_collected, dtype=pl.Boolean),
        }
    ).with_columns(pl.coalesce("id", pl.format("{}/{}", pl.lit(label), LINE)))
    columns = named.with_columns(
        pl.coalesce("thread", "item", "id").alias("thread"),
        pl.when(pl.col("item").is_null()).then(pl.lit("post")).otherwise(pl.lit("comment")).alias("kind"),
        pl.col("item").fill_null(""),
    )
    return columns, problems


def _coalesce_names(tweets: Tweets, field: str) -> pl.Series:
    """Return the text of the first of a field's names that has any; null for nothing."""
    columns = [to_texts(tweets.cells[name]) for name in NAMES[field] if name in tweets.cells]
    nothing = pl.repeat(None, len(tweets.lines), dtype=pl.String)
    return pl.select(pl.coalesce(*columns, nothing)).to_series()


def _is_retweet(tweets: Tweets, marks: pl.Series) -> pl.Series:
    """Return whether each tweet says that it is a retweet, or names the tweet that it repeats."""
    is_retweet = marks.str.to_lowercase().is_in(["true", "1"]).fill_null(value=False)
    for name in NAMES["original"]:
        if name in tweets.cells:
            cells = tweets.cells[name]
            if isinstance(cells, pl.Series):
                is_retweet |= to_texts(cells).is_not_null()
            else:
                is_retweet |= pl.Series([*map(bool, cells)], dtype=pl.Boolean)
    return is_retweet


def _encode_extras(is_retweet: pl.Series, lang: pl.Series, bio: pl.Series) -> pl.Series:
    """Return what there is as JSON; each combination is encoded once, since there are few."""
    extras = pl.DataFrame({"is_rt": is_retweet, "lang": lang, "bio": bio})
    distinct = extras.unique()
    encoded = pl.Series([_encode_extra(*row) for row in distinct.iter_rows()], dtype=pl.String)
    distinct = distinct.with_columns(extra=encoded)
    return extras.join(distinct, on=extras.columns, how="left", nulls_equal=True, maintain_order="left")["extra"]


def _encode_extra(is_retweet: bool, lang: str | None, bio: str | None) -> str:
    extra = {name: value for name, value in (("is_rt", is_retweet), ("lang", lang), ("bio", bio)) if value}
    return msgspec.json.encode(extra).decode() if extra else ""
