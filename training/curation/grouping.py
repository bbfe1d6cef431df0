"""Bring all records of a user together, each with the text that it answers: two partitions by hash.

Records are first partitioned by what they act upon, so that a comment meets its parent, and a review its product, in
one bucket; then by user. Only items that a kept record points at are carried along, whether or not they are records
themselves. The number of buckets follows from the number of records, so that a bucket fits in memory however large
the corpus is.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.sources.entities import decode_series
from training.sources.record import ITEM

CONTEXT_CHARACTERS = 500
"""Characters that are kept of the text that a record answers."""
MARGIN = 200
"""Further ones that stay until private details are replaced, so that none is cut in two."""
PIECE_ROWS = 100_000
"""Rows that are read at once."""


def partition_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Partition one file of records, or of possible items, by the item.

    Args:
        unit: Its inputs `kept`, the ids of all records that are kept, and either `record`, filtered records, or `item`,
            rows that may be items.
        settings: `records_per_bucket`.
        tally: Counts records.
    """
    kept_ids = pl.scan_parquet(unit.inputs["kept"])
    num_kept = kept_ids.select(pl.len()).collect().item()
    num_buckets = max(1, -(-num_kept // settings["records_per_bucket"]))  # rounded up
    if "item" in unit.inputs:
        items = kept_ids.filter(pl.col("item") != "").select("source", id="item").unique().collect()
        for piece in read_pieces(unit.file("item"), list(ITEM)):
            yield from partition(piece.join(items, on=["source", "id"], how="semi"), "id", num_buckets, "item")
        return
    file = unit.file("record")
    sources = pl.scan_parquet(file).select(pl.col("source").unique()).collect()
    ids = kept_ids.select("source", "id").join(sources.lazy(), on="source", how="semi").collect()
    for piece in read_pieces(file):
        rows = piece.join(ids, on=["source", "id"], how="semi")
        for source, number in rows.group_by("source").len().sort("source").iter_rows():
            tally.add(source, "records", "out", number)
        yield from partition(rows, "item", num_buckets, "bucket")


def group_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Give every record the text that it answers, then partition by user.

    Args:
        unit: One bucket: its inputs `record`, and `item`, the items that the records may point at; named such as
            `0003of0016`.
        settings: None are used.
        tally: Counts records that answer something unknown.
    """
    records, items = pl.read_parquet(unit.inputs["record"]), unit.inputs["item"]
    if items:
        records = _add_context(records, pl.read_parquet(items))
    pointing = records.filter((pl.col("item") != "") & (pl.col("kind") != "post"))
    for (source,), rows in pointing.group_by("source", maintain_order=True):
        tally.add(str(source), "records", "context unknown", rows.filter(pl.col("context") == "").height)
    yield from partition(records, "user", int(unit.name.rpartition("of")[2]), "bucket")


def read_pieces(file: Path, columns: list[str] | None = None, size: int = PIECE_ROWS) -> Iterator[pl.DataFrame]:
    """Yield the rows of a file in order, at most `size` at a time."""
    with pq.ParquetFile(file) as source:
        for batch in source.iter_batches(size, columns=columns):
            yield pl.DataFrame(batch)


def partition(rows: pl.DataFrame, key: str, num_buckets: int, name: str) -> Tables:
    """Yield the rows by the hash of source and `key`, as tables named such as `bucket=0003of0016`."""
    bucket = (pl.concat_str("source", pl.lit("/"), key).hash(seed=0) % num_buckets).alias("bucket")
    parts = rows.with_columns(bucket).partition_by("bucket", as_dict=True, include_key=False, maintain_order=True)
    for (number,), part in sorted(parts.items()):
        yield f"{name}={number:04}of{num_buckets:04}", part


def _add_context(records: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Fill in what the item says and the record does not."""
    items = items.with_columns(decode_series(items[name]) for name in ("title", "text"))  # or an entity might be cut
    excerpt = pl.when(pl.col("text") == "").then("title").otherwise("text").str.slice(0, CONTEXT_CHARACTERS + MARGIN)
    is_product = pl.col("user") == ""  # nobody wrote it: its title is its name, and no title of a conversation
    item_columns = items.unique(["source", "id"], keep="first", maintain_order=True).select(
        "source",
        pl.col("id").alias("item"),
        pl.when(is_product).then(pl.col("title")).otherwise(excerpt).alias("item_text"),
        pl.when(is_product).then(pl.lit("")).otherwise("title").alias("item_title"),
        pl.col("category").alias("item_category"),
        pl.col("thread").alias("item_thread"),
        pl.col("price").alias("item_price"),
    )
    joined = records.join(item_columns, on=["source", "item"], how="left", maintain_order="left")

    def fill_empty(name: str, source: str) -> pl.Expr:
        return pl.when(pl.col(name) == "").then(pl.col(source).fill_null("")).otherwise(pl.col(name)).alias(name)

    return joined.with_columns(
        fill_empty("context", "item_text"),
        fill_empty("title", "item_title"),
        fill_empty("category", "item_category"),
        fill_empty("thread", "item_thread"),
        pl.col("price").fill_null(pl.col("item_price")),
    ).select(records.columns)
