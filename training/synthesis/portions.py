"""The records of people in portions small enough to be synthesized, and lost, at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from training.funnel import Tally
from training.persons.extractive import with_parts
from training.stages import Folders, Tables, Unit


def portion_units(folders: Folders) -> list[Unit]:
    """Every table of people with their records and what was decided about these."""
    return [
        (name, [*files, folders.root / "clean" / "record" / files[0].name, *folders.files("split", name)])
        for name, files in folders.each("persons", "person")
    ]


def portion_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Part the records of one table of people.

    Every record says which self of its author is asked about it (`asked`), since that self knows nothing of it, and
    whether there is an early self that is made from it (`early`).

    Args:
        files: People, records, what was decided about these.
        settings: `records_per_unit`, about so many go into a portion; a user's stay together.
        tally: Nothing is lost here.
    """
    selves = pl.read_parquet(files[0]).group_by("source", "user").agg(has_early=(pl.col("self") == "early").any())
    rows = with_parts(files[1], files[2]).join(selves, on=["source", "user"], maintain_order="left")
    is_late, is_between = pl.col("part") == "target", pl.col("has_early") & ~pl.col("early")
    asked = pl.when(is_late).then(pl.lit("latest")).when(is_between).then(pl.lit("early")).otherwise(pl.lit(""))
    begin = pl.int_range(pl.len()).alias("begin")
    portion = pl.col("begin").min().over("source", "user") // settings["records_per_unit"]
    told = rows.with_columns(begin, asked=asked, early=pl.col("early") & pl.col("has_early"))
    parts = told.with_columns(portion=portion).drop("begin", "has_early").partition_by("portion", as_dict=True)
    for (number,), part in parts.items():
        yield f"portion={number:06}", part.drop("portion")
