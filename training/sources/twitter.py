"""Twitter, now X: an account's own archive (`tweets.js`), the API's answers and tweets as JSON lines, and CSV dumps.

`tweets.py` reads what files have, field by field under one spelling; here that becomes records, whole columns at once.
"""

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import polars as pl
from pydantic import Field

from training.record import ITEM, RECORD, frame
from training.sources.columns import Wrong, good_rows, note, texts, times, wholes
from training.sources.source import Rejects, Source, paths_of
from training.sources.tweets import NAMES, Tweets, tweets


class Twitter(Source):
    """Settings: the files."""

    platform: ClassVar[str] = "microblog"

    paths: list[str] = Field(min_length=1)
    """Paths or globs of files of any of the formats, .gz and .zst too; `account.js` must lie beside a `tweets.js`."""

    def files(self) -> Sequence[Path]:
        """All files that are named."""
        return paths_of(self.paths, Path(), f"source.{self.name}.paths")

    def read(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Tweets as records, replies as comments; those that are there only because others answer them as items."""
        label = self.label(path)
        for some in tweets(path, rejects):
            columns, wrong = columns_of(some, label)
            good = good_rows(columns, wrong, rejects, some.lines, some.row)
            yield "record", self._frame(RECORD, good.filter("is_collected"))
            if len(others := good.remove("is_collected")):
                yield "item", self._frame(ITEM, others)

    def _frame(self, schema: dict[str, pl.DataType], known: pl.DataFrame) -> pl.DataFrame:
        columns = {name: known[name] for name in schema if name in known.columns}
        return frame(schema, {**columns, "source": self.name})


def columns_of(some: Tweets, label: str) -> tuple[pl.DataFrame, Wrong]:
    """The columns of a record and of an item, and by place what is wrong with tweets that cannot be one.

    Args:
        some: Tweets of a file.
        label: What the ids begin with of those that have none.
    """
    wrong: Wrong = {}
    said = {field: _said(some, field) for field in NAMES}
    for field in ("user", "text"):
        note(wrong, said[field].is_null(), f"no {field}")
    known = pl.DataFrame(
        {
            **{field: said[field] for field in ("user", "id", "thread")},
            "item": said["item"].str.strip_suffix(".0"),
            "text": _unescaped(said["text"]),
            "time": times(said["time"], wrong),
            "votes": wholes(said["votes"], wrong),
            "extra": _extra(_is_retweet(some, said["is_rt"]), said["lang"], said["bio"]),
            "platform": pl.repeat(Twitter.platform, len(some.lines), eager=True),
            "line": pl.Series(values=some.lines, dtype=pl.Int64),
            "is_collected": pl.Series(values=some.collected, dtype=pl.Boolean),
        }
    ).with_columns(pl.coalesce("id", pl.format("{}/{}", pl.lit(label), "line")))
    columns = known.with_columns(
        pl.coalesce("thread", "item", "id").alias("thread"),
        pl.when(pl.col("item").is_null()).then(pl.lit("post")).otherwise(pl.lit("comment")).alias("kind"),
        pl.col("item").fill_null(""),
    )
    return columns, wrong


def _said(some: Tweets, field: str) -> pl.Series:
    """What the first of a field's names that says anything says; null for nothing."""
    found = [texts(some.cells[name]) for name in NAMES[field] if name in some.cells]
    nothing = pl.repeat(None, len(some.lines), dtype=pl.String)
    return pl.select(pl.coalesce(*found, nothing)).to_series()


def _is_retweet(some: Tweets, said: pl.Series) -> pl.Series:
    """Whether tweets say so, or name the one that they repeat."""
    repeats = said.str.to_lowercase().is_in(["true", "1"]).fill_null(value=False)
    for name in NAMES["original"]:
        if name in some.cells:
            found = some.cells[name]
            is_typed = isinstance(found, pl.Series)
            repeats |= texts(found).is_not_null() if is_typed else pl.Series([*map(bool, found)], dtype=pl.Boolean)
    return repeats


def _unescaped(found: pl.Series) -> pl.Series:
    places = found.str.contains("&", literal=True).arg_true()
    return found.scatter(places, [html.unescape(one) for one in found[places]]) if places.len() else found


def _extra(repeats: pl.Series, lang: pl.Series, bio: pl.Series) -> pl.Series:
    """As JSON what is there; of each combination once, as there are few."""
    every = pl.DataFrame({"is_rt": repeats, "lang": lang, "bio": bio})
    once = every.unique()
    marked = once.with_columns(extra=pl.Series([_marks(*row) for row in once.iter_rows()], dtype=pl.String))
    return every.join(marked, on=every.columns, how="left", nulls_equal=True, maintain_order="left")["extra"]


def _marks(is_retweet: bool, lang: str | None, bio: str | None) -> str:
    known = {name: one for name, one in (("is_rt", is_retweet), ("lang", lang), ("bio", bio)) if one}
    return msgspec.json.encode(known).decode() if known else ""
