"""Rows of a table in any of its formats: CSV, TSV, JSON lines or Parquet, column by column."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import UNSET, UnsetType

from sandbox.errors import DataError
from training.sources.lines import ROWS, JsonLines, blocks, csv_rows, in_pieces, named, picked
from training.sources.source import Rejects
from training.sources.typed import pieces


class Rows(NamedTuple):
    """Some rows of a table."""

    height: int
    cells: Mapping[str, Sequence[Any] | pl.Series]
    """The columns that are looked at; `UNSET` where no row so far has had such a column."""

    def row(self, place: int) -> dict[str, Any]:
        """What is looked at of one row."""
        return {name: cells[place] for name, cells in self.cells.items() if cells[place] is not UNSET}


def rows_of(path: Path, names: Sequence[str], numbers: Collection[str], rejects: Rejects) -> Iterator[Rows]:
    """Rows of a file, some at a time; only the named columns, of which some are `numbers`."""
    endings = [one for one in path.suffixes if one not in (".gz", ".zst")]
    ending = endings[-1] if endings else ""
    if ending == ".jsonl":
        yield from _json(path, names, numbers, rejects)
    elif ending in (".csv", ".tsv"):
        rows = csv_rows(path, rejects, "," if ending == ".csv" else "\t")
        _, known = next(rows, (0, []))
        for some in in_pieces(row for _, row in named(rows, known, rejects)):
            yield Rows(len(some), {name: [row.get(name, UNSET) for row in some] for name in names})
    elif ending == ".parquet":
        yield from _parquet(path, names)
    else:
        raise DataError(f"{path}: unknown ending; a table is .csv, .tsv, .jsonl or .parquet, .gz and .zst too")


def _json(path: Path, names: Sequence[str], numbers: Collection[str], rejects: Rejects) -> Iterator[Rows]:
    try:
        kind, slots = picked(names, UNSET)
    except ValueError as error:
        raise DataError(f"{path}: columns {', '.join(map(repr, names))} cannot all be looked for: {error}") from error

    def columns(found: Sequence[Any]) -> dict[str, list[Any]]:
        return {name: list(map(attrgetter(slot), found)) for name, slot in slots.items()}

    first = JsonLines(kind).numbered([next(blocks(path), b"")], Rejects("", path))
    schema = _schema(columns([row for _, found in first for row in found]), numbers)
    missing = {*names}
    for piece in pieces(path, schema):
        if piece.columns is not None:
            missing -= {one.name for one in piece.columns if one.null_count() < piece.lines}
            if not missing:
                yield Rows(piece.lines, piece.columns.to_dict())
                continue
        for _, found in JsonLines(kind).numbered(piece.blocks, rejects, piece.first):
            cells = columns(found)
            missing = {name for name in missing if all(one is UNSET for one in cells[name])}
            yield Rows(len(found), {name: one if name in missing else _known(one) for name, one in cells.items()})


def _known(cells: Sequence[Any]) -> list[Any]:
    """A column that some row has had; what lacks it has nothing there."""
    return [None if one is UNSET else one for one in cells]


def _schema(cells: Mapping[str, Sequence[Any]], numbers: Collection[str]) -> pa.Schema | None:
    """Types of columns by the first cells of each; None where it has several, or one whose text is not what it says."""
    known: dict[str, pa.DataType] = {}
    for name, some in cells.items():
        kinds = {*map(type, some)} - {NoneType, UnsetType}
        if kinds <= {str}:
            known[name] = pa.string()
        elif kinds == {int}:
            known[name] = pa.int64()
        elif kinds <= {int, float} and name in numbers:
            known[name] = pa.float64()
        else:
            return None
    return pa.schema(known)


def _parquet(path: Path, names: Sequence[str]) -> Iterator[Rows]:
    try:
        with pq.ParquetFile(path) as table:
            there = table.schema_arrow.names
            if doubled := [name for name in names if there.count(name) > 1]:
                raise DataError(f"{path}: there are several columns {doubled[0]!r}; rename all but one of them")
            known = [name for name in names if name in there]
            for batch in table.iter_batches(ROWS, columns=known):
                lacking = {name: [UNSET] * batch.num_rows for name in names}
                yield Rows(batch.num_rows, lacking | {name: batch[name].to_pylist() for name in known})
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); fetch the file anew") from error
