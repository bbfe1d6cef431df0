"""What every source is turned into: records of what people did, and the items that these point at.

A record is one thing that one user did at one time: a post, a comment, a review, a purchase. An item is what others can
act upon: another record, such as a submission, or something else, such as a product. Both are columns (Polars), not
objects: a corpus has millions. Text is text from here on: nothing in it is ever evaluated or used as a path.
"""

from collections.abc import Mapping

import polars as pl

RECORD: dict[str, pl.DataType] = {
    "source": pl.String(),  # name of the source, such as `reviews_amazon2023`
    "platform": pl.String(),  # name of the platform, such as `forum`
    "user": pl.String(),  # as the source names them; a keyed hash after the stage `clean`
    "time": pl.Int64(),  # unix seconds, UTC; null if the source does not say
    "kind": pl.String(),  # post, comment, review or purchase
    "category": pl.String(),  # community or category, such as a subreddit; "" if there is none
    "id": pl.String(),  # of this record, unique within its source
    "item": pl.String(),  # id of the item acted upon: the parent of a comment, the product of a review; "" for none
    "thread": pl.String(),  # id of the conversation; "" if there is none
    "title": pl.String(),  # of the record itself, for a comment of its conversation; "" if there is none
    "context": pl.String(),  # text that was acted upon: the parent's text, the product's name; "" if unknown
    "text": pl.String(),  # what the person wrote; "" for a purchase without words
    "stars": pl.Float64(),  # 1 to 5; null if there are none
    "votes": pl.Int64(),  # score, retweets or helpful votes; null if the source does not say
    "price": pl.Float64(),  # of the product, in the source's currency; null if unknown
    "split": pl.String(),  # train, val or test if the source says so, otherwise null
    "extra": pl.String(),  # anything else, as a JSON object; "" for nothing
}
"""Columns of a record."""

ITEM: dict[str, pl.DataType] = {
    "source": pl.String(),
    "id": pl.String(),  # what a record's `item` names
    "thread": pl.String(),
    "category": pl.String(),
    "title": pl.String(),
    "text": pl.String(),
    "price": pl.Float64(),
    "user": pl.String(),  # who made it; "" for a product
    "time": pl.Int64(),
}
"""Columns of an item."""

REJECT: dict[str, pl.DataType] = {
    "source": pl.String(),
    "file": pl.String(),
    "line": pl.Int64(),  # 1-based; for a file without lines, the entry; null if the source does not say
    "reason": pl.String(),
    "sample": pl.String(),  # the shape of the first 200 characters; see samples.py
}
"""Columns of the reject file: a sample of what could not be read."""

LINE = "line"
"""A column that rows may have besides those of their schema until they are checked: their line in the file, from 1."""

LAST_SECOND = 253_402_300_799
"""End of the year 9999 in unix seconds, after which there are no dates."""
KINDS = ("post", "comment", "review", "purchase")
SPLITS = ("train", "val", "test")


def frame(schema: dict[str, pl.DataType], columns: Mapping[str, object]) -> pl.DataFrame:
    """Return a frame of that schema, with `LINE` if it is among the columns.

    Args:
        schema: Its columns and their types.
        columns: Lists or series of one length, and scalars, which are repeated. Missing columns are "" if they are text
            (null for `split`) and null if they are numbers.
    """
    if LINE in columns and LINE not in schema:
        schema = {**schema, LINE: pl.Int64()}
    lists = {name: column for name, column in columns.items() if isinstance(column, list | pl.Series)}
    scalars = {name: value for name, value in columns.items() if name not in lists}
    height = max(map(len, lists.values()), default=0)
    table = pl.DataFrame(lists, schema_overrides={name: schema[name] for name in columns})
    if not table.width:
        table = pl.DataFrame(schema=schema).clear(height)
    return table.select(
        pl.col(name).cast(kind)
        if name in table.columns
        else pl.lit(scalars.get(name, "" if kind == pl.String and name != "split" else None), kind).alias(name)
        for name, kind in schema.items()
    )
