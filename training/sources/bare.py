"""Tweets as version 2 of Twitter's API has them, bare or in its answers: whole columns by the types that it gives them.

This is the quick way for the commonest shapes. Where a file has anything else in a field that is looked at, were it a
number for a text, it is read the long way (`tweets.py`), which gives the same cells for what both can read.
"""

from collections.abc import Iterable
from typing import TypeAlias

import polars as pl
import pyarrow as pa

from training.sources import lines
from training.sources.typed import Piece

Cells: TypeAlias = dict[str, pl.Series]

TEXTS = ("id", "text", "created_at", "lang", "author_id", "conversation_id")
OBJECTS = {
    "author": {"id": pa.string(), "username": pa.string(), "description": pa.string()},
    "note_tweet": {"text": pa.string()},
    "public_metrics": {"retweet_count": pa.int64()},
}
"""Objects within a tweet whose fields belong to it."""
REFERENCES = "referenced_tweets"
REFERRED = {f"referencedtweets{kind.replace('_', '')}id": kind for kind in ("replied_to", "retweeted")}
"""Cells with the ids of what a tweet refers to, and how."""


def schema_of(others: Iterable[str], has_answers: bool) -> pa.Schema:
    """Fields of tweets, or of answers.

    Args:
        others: Fields that must be null or lacking in a tweet, since they would make it something else.
        has_answers: Whether lines are answers.
    """
    fields: dict[str, pa.DataType] = dict.fromkeys(sorted(others), pa.null())
    fields |= dict.fromkeys(TEXTS, pa.string()) | {name: _object(inner) for name, inner in OBJECTS.items()}
    fields[REFERENCES] = pa.list_(_object({"type": pa.string(), "id": pa.string()}))
    some = pa.list_(_object(fields))
    users = pa.list_(_object(OBJECTS["author"]))
    return pa.schema({"data": some, "includes": _object({"users": users, "tweets": some})} if has_answers else fields)


def tweets_in(piece: Piece) -> list[tuple[pl.Series, Cells, pl.Series]] | None:
    """Line, cells, and whether it is there for itself of each tweet; None where the lines must be read the long way."""
    if piece.columns is None:
        return None
    rows = piece.columns.with_row_index("line", piece.first)
    tweets = rows.with_columns(is_collected=pl.lit(value=True)) if "text" in rows.columns else _answered(rows)
    if tweets is None:
        return None
    return [(one["line"], cells_of(one), one["is_collected"]) for one in tweets.iter_slices(lines.ROWS)]


def _answered(answers: pl.DataFrame) -> pl.DataFrame | None:
    """Tweets of answers, each with its author and its answer's line; None where an answer has none."""
    data = answers.select("line", pl.lit(value=True).alias("is_collected"), tweet="data").explode("tweet")
    if data["tweet"].null_count():
        return None
    beside = pl.col("includes").struct.field
    more = answers.select("line", pl.lit(value=False).alias("is_collected"), tweet=beside("tweets")).explode("tweet")
    users = answers.select("line", author=beside("users")).explode("author").drop_nulls()
    users = users.with_columns(author_id=pl.col("author").struct.field("id"))
    every = pl.concat([data, more.drop_nulls()]).sort("line", maintain_order=True).unnest("tweet").drop("author")
    once = users.unique(["line", "author_id"], keep="last")
    return every.join(once, on=["line", "author_id"], how="left", nulls_equal=True, maintain_order="left")


def cells_of(tweets: pl.DataFrame) -> Cells:
    """What every tweet has in each field, null for nothing; fields are called as `tweets.py` spells them."""
    cells = {name.replace("_", ""): tweets[name] for name in TEXTS}
    for name, fields in OBJECTS.items():
        for inner in fields:
            known = f"{name}{inner}".replace("_", "")
            said = tweets[name].struct.field(inner)
            cells[known] = said.zip_with(said.is_not_null(), cells.get(known, said))
    others = tweets.select(pl.int_range(pl.len()).alias("row"), other=REFERENCES).explode("other").drop_nulls()
    others = others.unnest("other")
    for name, kind in REFERRED.items():
        first = others.filter(type=kind).unique("row", keep="first", maintain_order=True)
        nothing = pl.repeat(None, tweets.height, dtype=pl.String, eager=True)
        cells[name] = nothing.scatter(first["row"], first["id"])
    return cells


def _object(fields: dict[str, pa.DataType]) -> pa.DataType:
    return pa.struct(list(fields.items()))
