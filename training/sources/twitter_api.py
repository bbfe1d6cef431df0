"""Tweets as version 2 of Twitter's API has them, alone or in its responses: whole columns of the types that it has.

This is the fast way for the commonest shapes. If a file has anything else in a field that is read, such as a number for
a text, it is read the slow way (`tweets.py`), which gives the same cells for what both can read.
"""

from collections.abc import Iterable
from typing import TypeAlias

import polars as pl
import pyarrow as pa

from training.sources import lines
from training.sources.arrow_json import Piece

TweetColumns: TypeAlias = dict[str, pl.Series]
"""Cells of tweets by field, called as `tweets.py` spells it."""

TEXTS = ("id", "text", "created_at", "lang", "author_id", "conversation_id")
OBJECTS = {
    "author": {"id": pa.string(), "username": pa.string(), "description": pa.string()},
    "note_tweet": {"text": pa.string()},
    "public_metrics": {"retweet_count": pa.int64()},
}
"""Objects within a tweet whose fields belong to it."""
REFERENCES = "referenced_tweets"
REFERENCE_KINDS = {f"referencedtweets{kind.replace('_', '')}id": kind for kind in ("replied_to", "retweeted")}
"""Cells with the ids of what a tweet refers to, and how it does."""


def build_schema(excluded: Iterable[str], has_responses: bool) -> pa.Schema:
    """Return the fields of tweets, or of responses.

    Args:
        excluded: Fields that must be null or missing in a tweet, since they would make it something else.
        has_responses: Whether lines are responses.
    """
    fields: dict[str, pa.DataType] = dict.fromkeys(sorted(excluded), pa.null())
    fields |= dict.fromkeys(TEXTS, pa.string()) | {name: _struct(inner) for name, inner in OBJECTS.items()}
    fields[REFERENCES] = pa.list_(_struct({"type": pa.string(), "id": pa.string()}))
    tweets = pa.list_(_struct(fields))
    users = pa.list_(_struct(OBJECTS["author"]))
    if not has_responses:
        return pa.schema(fields)
    return pa.schema({"data": tweets, "includes": _struct({"users": users, "tweets": tweets})})


def extract_tweets(piece: Piece) -> list[tuple[pl.Series, TweetColumns, pl.Series]] | None:
    """Return line, cells, and whether it was collected, of each tweet; None if the lines must be read the slow way."""
    if piece.columns is None:
        return None
    rows = piece.columns.with_row_index("line", piece.first_line)
    has_responses = "text" not in rows.columns
    tweets = _unpack_responses(rows) if has_responses else rows.with_columns(is_collected=pl.lit(value=True))
    if tweets is None:
        return None
    return [(rows["line"], build_cells(rows), rows["is_collected"]) for rows in tweets.iter_slices(lines.PIECE_ROWS)]


def _unpack_responses(responses: pl.DataFrame) -> pl.DataFrame | None:
    """Return the tweets of responses, each with its author and its response's line; None if a response has none."""
    data = responses.select("line", pl.lit(value=True).alias("is_collected"), tweet="data").explode("tweet")
    if data["tweet"].null_count():
        return None
    included = pl.col("includes").struct.field
    referenced = responses.select("line", pl.lit(value=False).alias("is_collected"), tweet=included("tweets"))
    referenced = referenced.explode("tweet").drop_nulls()
    users = responses.select("line", author=included("users")).explode("author").drop_nulls()
    users = users.with_columns(author_id=pl.col("author").struct.field("id"))
    users = users.unique(["line", "author_id"], keep="last")
    tweets = pl.concat([data, referenced]).sort("line", maintain_order=True).unnest("tweet").drop("author")
    return tweets.join(users, on=["line", "author_id"], how="left", nulls_equal=True, maintain_order="left")


def build_cells(tweets: pl.DataFrame) -> TweetColumns:
    """Return what every tweet has in each field, null for nothing."""
    cells = {name.replace("_", ""): tweets[name] for name in TEXTS}
    for name, fields in OBJECTS.items():
        for inner in fields:
            spelling = f"{name}{inner}".replace("_", "")
            column = tweets[name].struct.field(inner)
            cells[spelling] = column.zip_with(column.is_not_null(), cells.get(spelling, column))
    references = tweets.select(pl.int_range(pl.len()).alias("row"), reference=REFERENCES).explode("reference")
    references = references.drop_nulls().unnest("reference")
    for name, kind in REFERENCE_KINDS.items():
        first = references.filter(type=kind).unique("row", keep="first", maintain_order=True)
        nothing = pl.repeat(None, tweets.height, dtype=pl.String, eager=True)
        cells[name] = nothing.scatter(first["row"], first["id"])
    return cells


def _struct(fields: dict[str, pa.DataType]) -> pa.DataType:
    return pa.struct(list(fields.items()))
