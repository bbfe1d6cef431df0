"""What a source is: named files, read one after the other into records, items and rejects."""

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from sandbox.errors import DataError
from training.funnel import Tally
from training.record import REJECT, frame
from training.stages import REJECTS, Folders, Tables

MAX_SAMPLES = 1000
"""Rejected lines of one file that are kept to be looked at."""
COUNTED_AS = {"record": "records", "item": "listed items"}
"""What the rows of each table are counted as."""
LAST_SECOND = 253_402_300_799
"""Of the year 9999, after which there are no dates."""


class Rejects:
    """Lines of one file that could not be read: all counted, some kept."""

    def __init__(self, source: str, file: Path) -> None:
        self.source, self.file = source, file
        self.number = 0
        self._rows: list[tuple[int, str, str]] = []

    def add(self, line: int, reason: str, sample: str | bytes, lines: int = 1) -> None:
        """Note a bad line (1-based), or so many that were read as one."""
        self.number += lines
        if len(self._rows) < MAX_SAMPLES:
            text = sample.decode("utf-8", "replace") if isinstance(sample, bytes) else sample
            self._rows.append((line, reason, text[:200]))

    def table(self) -> pl.DataFrame:
        """The sample."""
        lines, reasons, samples = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        columns = {"line": list(lines), "reason": list(reasons), "sample": list(samples)}
        return frame(REJECT, {**columns, "source": self.source, "file": self.file.name})


class Source(BaseModel):
    """Settings of a source, and how its files are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: ClassVar[str]
    """One of `PLATFORMS`."""

    name: str
    """Name of the source in the corpus, such as `reddit`."""
    max_reject_share: float = Field(default=0.01, ge=0, le=1)
    """Stop when more of a file's lines than this cannot be read."""
    citation: str = ""
    """Who made the set, for the data card."""
    licence: str = "not stated"
    """Its terms, for the data card."""

    @abstractmethod
    def files(self) -> Sequence[Path]:
        """All files, in the order in which they are read."""

    @abstractmethod
    def read(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Read one file in pieces: ("record", frame of RECORD) and ("item", frame of ITEM), for what is no record.

        Every record can be acted upon too; it is no item besides.
        """

    def tables(self, path: Path, tally: Tally) -> Tables:
        """`read`, with everything counted and too many bad lines refused."""
        rejects = Rejects(self.name, path)
        heights = {"record": 0, "item": 0}
        for table, piece in self.read(path, rejects):
            heights[table] += piece.height
            tally.add(self.name, COUNTED_AS[table], "out", piece.height)
            yield table, piece
        if rejects.number:
            tally.add(self.name, "lines", "rejected", rejects.number)
            yield REJECTS, rejects.table()
        lines = rejects.number + sum(heights.values())
        share = rejects.number / max(1, lines)
        if share > self.max_reject_share:
            first = rejects.table().row(0, named=True)
            raise DataError(
                f"{path}: {rejects.number} of {lines} lines ({share:.1%}) cannot be read as "
                f"{type(self).__name__}, max_reject_share is {self.max_reject_share:.1%}; the first is line "
                f"{first['line']}: {first['reason']}, found {first['sample'][:80]!r}; is this the right kind of file? "
                f"More of them are in read/{REJECTS}/ of the corpus's folder"
            )

    def label(self, path: Path) -> str:
        """What made-up ids of a file's records begin with: its name, and its folders where another has that name."""
        twins = {one.absolute() for one in self.files() if one.name == path.name}
        if len(twins) < 2:
            return path.name
        return path.absolute().relative_to(os.path.commonpath(twins)).as_posix()


def paths_of(patterns: Sequence[str], root: Path, what: str) -> list[Path]:
    """Files that the patterns (paths or globs, relative to `root`) name, sorted within each pattern."""
    found: list[Path] = []
    for pattern in patterns:
        path = root / pattern
        start = Path(path.anchor)
        matches = [path] if path.exists() else sorted(start.glob(str(path.relative_to(start))))
        if not matches:
            raise DataError(f"{what}: nothing at {pattern!r} (looked in {root.resolve()}); name files or a glob")
        found += matches
    return found


def moment(found: float) -> int:
    """Unix seconds; raises `ValueError` for what is no date."""
    if not 0 <= found <= LAST_SECOND:
        raise ValueError(f"time {found} is no date")
    return int(found)


def whole(found: float) -> int:
    """The nearest integer; raises `ValueError` where it is too large for a column."""
    if not abs(found) < 1 << 63:
        raise ValueError(f"number {found} is too large")
    return round(found)


def read_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Work of the `read` stage: one raw file of one source."""
    from sandbox.config import targeted
    from sandbox.validation import validated

    kind, values = targeted(settings["sources"][settings["of"][str(files[0])]], "source")
    yield from validated(kind, values, "source").tables(files[0], tally)


def read_whole(folders: Folders, settings: Mapping[str, Any], tally: Tally) -> None:
    """Count the users of each source, and the items that they acted upon, each once over all files."""
    if not (files := folders.files("read", "record")):
        return
    rows = pl.scan_parquet(files)
    columns = {
        "users": rows.select("source", "user"),
        "items": rows.filter(pl.col("item") != "").select("source", "item"),
    }
    for what, ids in columns.items():
        once = ids.select("source", pl.nth(1).hash(0)).unique().group_by("source").len()
        for source, number in once.collect(engine="streaming").sort("source").iter_rows():
            tally.add(source, what, "out", number)
