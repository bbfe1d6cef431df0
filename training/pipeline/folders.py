"""Where stages leave their tables, and how a stage is told which of them each of its units reads.

A stage is declared with the names of its inputs: `per_file("clean", "record", record=same_file("clean", "record"),
decided=table_named_after_unit("split"))`. Its work then asks for `unit.inputs["record"]`, and never has to guess from a
path what a file is.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import polars as pl

BUCKET = "bucket="
"""What the name of a bucket's table begins with."""
PORTION = "portion="
"""What the name of a portion's table begins with."""


class Unit(NamedTuple):
    """One piece of work of a stage."""

    name: str
    """Unique within the stage; the unit's files are called after it."""
    inputs: Mapping[str, list[Path]]
    """Files to read, by the name that the stage gives them; an input may have no files."""

    def file(self, name: str) -> Path:
        """Return the file of an input that has exactly one."""
        (path,) = self.inputs[name]
        return path


class Folders:
    """Where stages leave their tables: `<corpus>/<stage>/<table>/<unit>.parquet`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, stage: str, table: str, unit: str) -> Path:
        """Return the file that a unit leaves of a table, whether it exists or not."""
        return self.root / stage / table / f"{unit}.parquet"

    def files(self, stage: str, table: str) -> list[Path]:
        """Return all files of one table, in the order of their units."""
        return sorted((self.root / stage / table).glob("*.parquet"))

    def scan(self, stage: str, table: str) -> pl.LazyFrame:
        """Return one table, lazily."""
        return pl.scan_parquet(self.files(stage, table))

    def tables(self, stage: str) -> list[str]:
        """Return the names of a stage's folders: of its tables, and `done` with its receipts."""
        return sorted(path.name for path in (self.root / stage).iterdir() if path.is_dir())

    def all_files(self, stage: str) -> list[Path]:
        """Return the files of all tables of a stage."""
        return [path for table in self.tables(stage) for path in self.files(stage, table)]

    def buckets(self, stage: str) -> list[str]:
        """Return the names of the buckets that a stage has divided its rows into."""
        return [table.removeprefix(BUCKET) for table in self.tables(stage) if table.startswith(BUCKET)]


FindFiles: TypeAlias = Callable[[Folders, str], list[Path]]
"""Finds the files of one input, given the name that the unit takes from an earlier stage."""
ListUnits: TypeAlias = Callable[[Folders], Sequence[Unit]]
"""Lists a stage's units once the stages before it are done."""


def same_file(stage: str, *tables: str) -> FindFiles:
    """Find the file of each table that a unit of the same name left; no file where it left none."""
    return lambda folders, name: [path for table in tables if (path := folders.file(stage, table, name)).is_file()]


def derived_files(stage: str, table: str) -> FindFiles:
    """Find the files of a table whose units were made of this one, and are called `<this unit>-...`."""
    return lambda folders, name: [path for path in folders.files(stage, table) if path.stem.startswith(f"{name}-")]


def whole_table(stage: str, table: str) -> FindFiles:
    """Find all files of a table, whatever the unit."""
    return lambda folders, _: folders.files(stage, table)


def whole_stage(stage: str) -> FindFiles:
    """Find all files of all tables of a stage, whatever the unit."""
    return lambda folders, _: folders.all_files(stage)


def table_named_after_unit(stage: str, prefix: str = "") -> FindFiles:
    """Find all files of the table that is called after the unit, such as `item=0003of0016` with `prefix="item="`."""
    return lambda folders, name: folders.files(stage, f"{prefix}{name}")


def fixed_files(*paths: Path) -> FindFiles:
    """Find files that are no stage's."""
    return lambda folders, _: list(paths)


def single_unit(**inputs: FindFiles) -> ListUnits:
    """Do a stage's work in one unit, `all`."""
    return lambda folders: [_find_inputs(folders, "all", "all", inputs)]


def per_file(stage: str, table: str, unit_name: str = "{}", **inputs: FindFiles) -> ListUnits:
    """Make one unit of every file of a table.

    Args:
        stage: The stage that left the table.
        table: Its name.
        unit_name: How a unit is called, with `{}` for the name of the file.
        inputs: What each unit reads, by name.
    """
    return lambda folders: [
        _find_inputs(folders, unit_name.format(path.stem), path.stem, inputs) for path in folders.files(stage, table)
    ]


def per_bucket(stage: str, **inputs: FindFiles) -> ListUnits:
    """Make one unit of every bucket that a stage has divided its rows into."""
    return lambda folders: [_find_inputs(folders, name, name, inputs) for name in folders.buckets(stage)]


def per_portion(stage: str) -> ListUnits:
    """Make one unit, with the input `portion`, of every file of every table such as `portion=000001`."""
    return lambda folders: [
        Unit(f"{path.stem}-{table}", {"portion": [path]})
        for table in folders.tables(stage)
        if table.startswith(PORTION)
        for path in folders.files(stage, table)
    ]


def join_units(*listings: ListUnits) -> ListUnits:
    """Make the units of all listings."""
    return lambda folders: [unit for listing in listings for unit in listing(folders)]


def _find_inputs(folders: Folders, unit_name: str, name: str, inputs: Mapping[str, FindFiles]) -> Unit:
    return Unit(unit_name, {role: find(folders, name) for role, find in inputs.items()})
