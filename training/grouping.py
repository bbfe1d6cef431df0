"""All records of a user in one place, each with the text that it answers: two partitions by hash, nothing held whole.

First records are parted by what they act upon, so that a comment meets its parent and a review its product within one
bucket; then by user. Only items that a kept record points at are carried along, be they records themselves or not. The
number of buckets follows from the number of records, so that a bucket stays small however large the corpus is.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from training.funnel import Tally
from training.record import ITEM
from training.stages import Folders, Tables, Unit

CONTEXT_CHARACTERS = 500
"""Of the text that is answered, so much is kept."""
READ = "read"
"""The stage that lists items, and leaves records that may be items."""
PIECE = 100_000
"""Rows that are read at once."""


def part_units(folders: Folders) -> list[Unit]:
    """Every file of records that are left after the filter, and all that may be an item, each with what is kept."""
    kept = folders.files("core", "kept")
    units: list[Unit] = [(f"record-{name}", [*files, *kept]) for name, files in folders.each("filter", "record")]
    for table in ("item", "record"):
        units += [(f"{table}-as-item-{name}", [*files, *kept]) for name, files in folders.each(READ, table)]
    return units


def part_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Part one file of records, or of what may be an item, by what is acted upon."""
    file, *kept = files
    known = pl.scan_parquet(kept)
    num_kept = known.select(pl.len()).collect().item()
    buckets = max(1, -(-num_kept // settings["records_per_bucket"]))
    if file.parents[1].name == READ:
        wanted = known.filter(pl.col("item") != "").select("source", id="item").unique().collect()
        for piece in pieces(file, list(ITEM)):
            yield from parted(piece.join(wanted, on=["source", "id"], how="semi"), "id", buckets, "item")
        return
    sources = pl.scan_parquet(file).select(pl.col("source").unique()).collect()
    mine = known.select("source", "id").join(sources.lazy(), on="source", how="semi").collect()
    for piece in pieces(file):
        rows = piece.join(mine, on=["source", "id"], how="semi")
        for source, number in rows.group_by("source").len().sort("source").iter_rows():
            tally.add(source, "records", "out", number)
        yield from parted(rows, "item", buckets, "bucket")


def group_units(folders: Folders) -> list[Unit]:
    """Every bucket of records with the bucket of items that they may point at."""
    return [(name, [*files, *folders.files("part", f"item={name}")]) for name, files in folders.buckets("part")]


def group_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Give every record the text that it answers, then part by user."""
    items = [path for path in files if path.parent.name.startswith("item=")]
    records = pl.read_parquet([path for path in files if path not in items])
    if items:
        records = _with_context(records, pl.read_parquet(items))
    pointing = records.filter((pl.col("item") != "") & (pl.col("kind") != "post"))
    for (source,), mine in pointing.group_by("source", maintain_order=True):
        tally.add(str(source), "records", "context unknown", mine.filter(pl.col("context") == "").height)
    yield from parted(records, "user", int(files[0].parent.name.rsplit("of", 1)[1]), "bucket")


def pieces(file: Path, columns: list[str] | None = None, size: int = PIECE) -> Iterator[pl.DataFrame]:
    """A file's rows in order, some row groups at a time."""
    with pq.ParquetFile(file) as source:
        for batch in source.iter_batches(size, columns=columns):
            yield pl.DataFrame(batch)


def parted(rows: pl.DataFrame, key: str, buckets: int, name: str) -> Tables:
    """Rows by the hash of source and key, as tables such as `bucket=003of016`."""
    bucket = (pl.concat_str("source", pl.lit("/"), key).hash(seed=0) % buckets).alias("bucket")
    parts = rows.with_columns(bucket).partition_by("bucket", as_dict=True, include_key=False, maintain_order=True)
    for (number,), part in sorted(parts.items()):
        yield f"{name}={number:04}of{buckets:04}", part


def _with_context(records: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Fill in what the item knows and the record does not."""
    said = pl.when(pl.col("text") == "").then("title").otherwise("text").str.slice(0, CONTEXT_CHARACTERS)
    known = items.unique(["source", "id"], keep="first", maintain_order=True).select(
        "source",
        pl.col("id").alias("item"),
        pl.when(pl.col("user") == "").then(pl.col("title")).otherwise(said).alias("item_text"),
        pl.when(pl.col("user") == "").then(pl.lit("")).otherwise("title").alias("item_title"),
        pl.col("place").alias("item_place"),
        pl.col("thread").alias("item_thread"),
        pl.col("price").alias("item_price"),
    )
    joined = records.join(known, on=["source", "item"], how="left", maintain_order="left")

    def filled(name: str, other: str) -> pl.Expr:
        return pl.when(pl.col(name) == "").then(pl.col(other).fill_null("")).otherwise(pl.col(name)).alias(name)

    return joined.with_columns(
        filled("context", "item_text"),
        filled("title", "item_title"),
        filled("place", "item_place"),
        filled("thread", "item_thread"),
        pl.col("price").fill_null(pl.col("item_price")),
    ).select(records.columns)
