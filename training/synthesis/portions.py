"""The records of people in portions small enough to be synthesized, and lost, at once."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from training.persons.extractive import load_split_records
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables


def portion_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Divide the records of one table of people into portions.

    The column `asked_self` says which self of its author is asked about a record, since that self does not know it;
    `early` says whether there is an early self that is made from it.

    Args:
        unit: Its inputs `person`, `record` and `decided`, what the split decided about the records.
        settings: `records_per_unit`, the approximate size of a portion; a user's records stay together.
        tally: Unused, since nothing is lost here.
    """
    people = pl.read_parquet(unit.file("person"))
    selves = people.group_by("source", "user").agg(has_early=(pl.col("self") == "early").any())
    rows = load_split_records(unit.file("record"), unit.file("decided")).join(
        selves, on=["source", "user"], maintain_order="left"
    )
    is_late, is_between = pl.col("part") == "target", pl.col("has_early") & ~pl.col("early")
    asked_self = pl.when(is_late).then(pl.lit("latest")).when(is_between).then(pl.lit("early")).otherwise(pl.lit(""))
    begin = pl.int_range(pl.len()).alias("begin")
    portion = pl.col("begin").min().over("source", "user") // settings["records_per_unit"]
    marked = rows.with_columns(begin, asked_self=asked_self, early=pl.col("early") & pl.col("has_early"))
    parts = marked.with_columns(portion=portion).drop("begin", "has_early").partition_by("portion", as_dict=True)
    for (number,), part in parts.items():
        yield f"portion={number:06}", part.drop("portion")
