"""What a source is: named files, read one after the other into records, items and rejects."""

import os
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from sandbox.errors import DataError
from training.pipeline.folders import Folders, Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import REJECTS, Tables
from training.sources.record import REJECT, frame
from training.sources.samples import hide_values, show_shape
from training.sources.validity import FIRST_DAY, Period, split_invalid

MAX_SAMPLES = 1000
"""Rejected lines of one file that are kept to be looked at."""
DOUBTFUL = "doubtful records"
"""What records are counted as that were read but should be looked at."""
FILES = "files"
"""What files are counted as by what was decided about them."""
COUNTED_AS = {"record": "records", "item": "listed items"}
"""What the rows of each table are counted as."""


class Rejects:
    """Lines of one file that could not be read: all are counted, and the shape of some is kept."""

    def __init__(self, source: str, file: Path) -> None:
        self.source, self.file = source, file
        self.number = 0
        self.set_aside = Counter[str]()
        """Rows that were read but are no records of their own, by the reason; no line is bad."""
        self._rows: list[tuple[int | None, str, str]] = []

    def add(self, line: int | None, reason: str, sample: str | bytes, num_lines: int = 1) -> None:
        """Record a bad line (1-based; None if it is not known which), or several that were read as one."""
        self.number += num_lines
        if len(self._rows) < MAX_SAMPLES:
            text = sample.decode("utf-8", "replace") if isinstance(sample, bytes) else sample
            self._rows.append((line, hide_values(reason), show_shape(text)))

    def table(self) -> pl.DataFrame:
        """Return the sample."""
        lines, reasons, samples = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        columns = {"line": list(lines), "reason": list(reasons), "sample": list(samples)}
        return frame(REJECT, {**columns, "source": self.source, "file": self.file.name})


class Source(BaseModel):
    """Settings of a source, and how its files are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Name of the source in the corpus, such as `reddit`."""
    platform: str
    """Name of the platform that its records are from; see `sources/platform.py`."""
    max_reject_share: float = Field(default=0.01, ge=0, le=1)
    """Stop if more of a file's lines than this cannot be read."""
    earliest: date | None = None
    """First possible day of a record, such as 2006-03-21; earlier ones are rejected. null: when its platform began."""
    citation: str = ""
    """Who made the data set, for the data card."""
    licence: str = "not stated"
    """Its terms, for the data card."""

    @abstractmethod
    def files(self) -> Sequence[Path]:
        """Return all files, in the order in which they are read."""

    def companions(self) -> Sequence[Path]:
        """Return files that are read beside these, on which the records depend too."""
        return ()

    def count_doubtful(self, records: pl.DataFrame) -> Mapping[str, int]:
        """Return the numbers of records that may be read but should be looked at, by what is odd about them."""
        return {}

    @abstractmethod
    def read_file(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield one file in pieces: ("record", frame of RECORD), and ("item", frame of ITEM) for what is no record.

        Every record can be acted upon too; it is not listed as an item. A frame may have the column `LINE` too, so that
        rows that cannot be true can be found.
        """

    @property
    def needs_time(self) -> bool:
        """Whether every record of this source has a time, so that one without is rejected."""
        return False

    def advise(self, reason: str) -> str:
        """Return what to look at if many lines are rejected, the first of them for this reason."""
        return "is this the right kind of file?"

    def read_tables(self, path: Path, tally: Tally, earliest: date = FIRST_DAY) -> Tables:
        """Yield what `read_file` does and can be true, then the rejects; count everything.

        Args:
            path: The file.
            tally: Counts records, items, doubtful records and rejected lines.
            earliest: The first possible day of a record.

        Raises:
            DataError: Too many lines cannot be read.
        """
        rejects, period = Rejects(self.name, path), Period.since(earliest)
        heights = {"record": 0, "item": 0}
        for table, rows in self.read_file(path, rejects):
            piece, invalid = split_invalid(rows, period, self.needs_time)
            for row in invalid:
                rejects.add(*row)
            heights[table] += piece.height
            for reason, number in self.count_doubtful(piece).items() if table == "record" else ():
                tally.add(self.name, DOUBTFUL, reason, number)
            tally.add(self.name, COUNTED_AS[table], "out", piece.height)
            yield table, piece
        for reason, number in (+rejects.set_aside).items():
            tally.add(self.name, COUNTED_AS["record"], reason, number)
        if rejects.number:
            tally.add(self.name, "lines", "rejected", rejects.number)
            yield REJECTS, rejects.table()
        num_lines = rejects.number + sum(heights.values())
        share = rejects.number / max(1, num_lines)
        if share > self.max_reject_share:
            first = rejects.table().row(0, named=True)
            where = "" if first["line"] is None else f"line {first['line']}: "
            raise DataError(
                f"{path}: {rejects.number} of {num_lines} lines ({share:.1%}) cannot be read as "
                f"{type(self).__name__}, source.{self.name}.max_reject_share is {self.max_reject_share:.1%}; the first "
                f"is {where}{first['reason']}, found {first['sample'][:80]!r}; {self.advise(first['reason'])} "
                f"More of them are in read/{REJECTS}/ of the corpus's folder"
            )

    def label_file(self, path: Path) -> str:
        """Return what made-up ids of a file's records begin with.

        It is the file's name, with its folders as far as they distinguish it from files of the same name.
        """
        namesakes = {file.absolute() for file in self.files() if file.name == path.name}
        if len(namesakes) < 2:
            return path.name
        return path.absolute().relative_to(os.path.commonpath(namesakes)).as_posix()


def resolve_paths(patterns: Sequence[str], root: Path, setting: str) -> list[Path]:
    """Return the files that the patterns name, sorted within each pattern.

    Args:
        patterns: Paths or globs, relative to `root`.
        root: Usually the working directory.
        setting: Where the patterns are in the configuration, for the error.

    Raises:
        DataError: A pattern matches nothing.
    """
    paths: list[Path] = []
    for pattern in patterns:
        path = root / pattern
        anchor = Path(path.anchor)
        matches = [path] if path.exists() else sorted(anchor.glob(str(path.relative_to(anchor))))
        if not matches:
            raise DataError(f"{setting}: nothing at {pattern!r} (looked in {root.resolve()}); name files or a glob")
        paths += matches
    return paths


def to_integer(number: float) -> int:
    """Return the nearest integer; raise `ValueError` if it does not fit into a column."""
    if not abs(number) < 1 << 63:
        raise ValueError(f"number {number} is too large")
    return round(number)


def read_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Read one raw file of one source.

    Args:
        unit: Its input `raw`.
        settings: `sources`, the node of each source; `source_of`, the source of each file; `earliest`, the first
            possible day of a source's records, by its name.
        tally: Counts records, items and rejected lines.
    """
    from sandbox.composition import resolve_target
    from sandbox.settings import validate

    path = unit.file("raw")
    name = settings["source_of"][str(path)]
    kind, values = resolve_target(settings["sources"][name], "source")
    earliest = date.fromisoformat(settings["earliest"][name])
    yield from validate(kind, values, "source").read_tables(path, tally, earliest)


def count_users_and_items(folders: Folders, settings: Mapping[str, Any], tally: Tally) -> None:
    """Count the users of each source, and the items that they acted upon, once over all files."""
    if not (files := folders.files("read", "record")):
        return
    rows = pl.scan_parquet(files)
    columns = {
        "users": rows.select("source", "user"),
        "items": rows.filter(pl.col("item") != "").select("source", "item"),
    }
    for entity, ids in columns.items():
        distinct = ids.select("source", pl.nth(1).hash(0)).unique().group_by("source").len()
        for source, number in distinct.collect(engine="streaming").sort("source").iter_rows():
            tally.add(source, entity, "out", number)
