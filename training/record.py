"""What every source is turned into: records of what people did, and the items that these point at.

A record is one thing that one user did at one moment: a post, a comment, a review, a purchase. An item is what others
can act upon: another record, such as a submission, or what is none, such as a product. Both are columns (Polars), not
objects: a corpus has millions. Text is text from here on: nothing in it is ever evaluated or used as a path.
"""

from collections.abc import Mapping

import polars as pl

RECORD: dict[str, pl.DataType] = {
    "source": pl.String(),  # name of the source, such as `reviews_amazon2023`
    "platform": pl.String(),  # forum, microblog, blog, reviews or purchases
    "user": pl.String(),  # as the source names them; a keyed hash after the privacy stage
    "time": pl.Int64(),  # unix seconds, UTC; null where the source does not say
    "kind": pl.String(),  # post, comment, review or purchase
    "place": pl.String(),  # community or category; "" where there is none
    "id": pl.String(),  # of this record, unique within its source
    "item": pl.String(),  # id of the item acted upon: the parent of a comment, the product of a review; "" for none
    "thread": pl.String(),  # id of the conversation; "" where there is none
    "title": pl.String(),  # of the record itself, of a comment that of its conversation; "" where there is none
    "context": pl.String(),  # text that was acted upon: the parent's text, the product's name; "" where unknown
    "text": pl.String(),  # what the person wrote; "" for a bare purchase
    "stars": pl.Float64(),  # 1 to 5; null where there are none
    "votes": pl.Int64(),  # score, retweets or helpful votes; null where the source does not say
    "price": pl.Float64(),  # of the product, in the source's currency; null where unknown
    "split": pl.String(),  # train, val or test where the source says so, else null
    "extra": pl.String(),  # anything else, as a JSON object; "" for nothing
}
"""Columns of a record."""

ITEM: dict[str, pl.DataType] = {
    "source": pl.String(),
    "id": pl.String(),  # what a record's `item` names
    "thread": pl.String(),
    "place": pl.String(),
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
    "line": pl.Int64(),  # 1-based; of a file that has no lines, the entry
    "reason": pl.String(),
    "sample": pl.String(),  # the first 200 characters
}
"""Columns of the reject file: a sample of what could not be read."""

KINDS = ("post", "comment", "review", "purchase")
PLATFORMS = ("forum", "microblog", "blog", "reviews", "purchases")
SPLITS = ("train", "val", "test")
PRODUCT_PLATFORMS = ("reviews", "purchases")
"""Where people choose products, which are the same for everybody."""
CURRENCIES = {"reviews": "$", "purchases": "NT$"}
"""Sign of the money of each platform that has prices."""


def frame(schema: dict[str, pl.DataType], columns: Mapping[str, object]) -> pl.DataFrame:
    """A frame of that schema; columns that are missing are "" for text and null for numbers, scalars are repeated."""
    height = max((len(one) for one in columns.values() if isinstance(one, list | pl.Series)), default=0)
    made = pl.DataFrame(
        {name: column for name, column in columns.items() if isinstance(column, list | pl.Series)},
        schema_overrides={name: schema[name] for name in columns},
    )
    rest = {name: value for name, value in columns.items() if not isinstance(value, list | pl.Series)}
    if not made.width:
        made = pl.DataFrame(schema=schema).clear(height)
    return made.select(
        pl.col(name).cast(kind)
        if name in made.columns
        else pl.lit(rest.get(name, "" if kind == pl.String and name != "split" else None), kind).alias(name)
        for name, kind in schema.items()
    )
