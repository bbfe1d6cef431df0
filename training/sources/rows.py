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
from training.sources.arrow_json import read_pieces
from training.sources.lines import (
    PIECE_ROWS,
    JsonLines,
    name_columns,
    read_blocks,
    read_csv_rows,
    select_fields,
    split_pieces,
)
from training.sources.source import Rejects


class TableRows(NamedTuple):
    """Some rows of a table."""

    height: int
    cells: Mapping[str, Sequence[Any] | pl.Series]
    """The columns that are read; `UNSET` if no row so far has had such a column."""
    lines: Sequence[int]
    """Line of the file on which each row begins, from 1; of Parquet, which has no lines, the number of the row."""

    def row(self, index: int) -> dict[str, Any]:
        """Return the cells of one row that are read."""
        return {name: cells[index] for name, cells in self.cells.items() if cells[index] is not UNSET}


def read_rows(path: Path, names: Sequence[str], numbers: Collection[str], rejects: Rejects) -> Iterator[TableRows]:
    """Yield the rows of a file, some at a time; only the named columns, of which some are `numbers`."""
    endings = [suffix for suffix in path.suffixes if suffix not in (".gz", ".zst")]
    ending = endings[-1] if endings else ""
    if ending == ".jsonl":
        yield from _read_json(path, names, numbers, rejects)
    elif ending in (".csv", ".tsv"):
        rows = read_csv_rows(path, rejects, "," if ending == ".csv" else "\t")
        _, header = next(rows, (0, []))
        for piece in split_pieces(name_columns(rows, header, rejects)):
            cells = {name: [row.get(name, UNSET) for _, row in piece] for name in names}
            yield TableRows(len(piece), cells, [line for line, _ in piece])
    elif ending == ".parquet":
        yield from _read_parquet(path, names)
    else:
        raise DataError(f"{path}: unknown ending; a table is .csv, .tsv, .jsonl or .parquet, .gz and .zst too")


def _read_json(path: Path, names: Sequence[str], numbers: Collection[str], rejects: Rejects) -> Iterator[TableRows]:
    try:
        kind, attributes = select_fields(names, UNSET)
    except ValueError as error:
        raise DataError(f"{path}: columns {', '.join(map(repr, names))} cannot all be looked for: {error}") from error

    def to_columns(objects: Sequence[Any]) -> dict[str, list[Any]]:
        return {name: list(map(attrgetter(attribute), objects)) for name, attribute in attributes.items()}

    sample = JsonLines(kind).decode_blocks([next(read_blocks(path), b"")], Rejects("", path))
    schema = _infer_schema(to_columns([row for _, objects in sample for row in objects]), numbers)
    missing = {*names}
    for piece in read_pieces(path, schema):
        if piece.columns is not None:
            missing -= {column.name for column in piece.columns if column.null_count() < piece.num_lines}
            if not missing:
                lines = range(piece.first_line, piece.first_line + piece.num_lines)
                yield TableRows(piece.num_lines, piece.columns.to_dict(), lines)
                continue
        for lines, objects in JsonLines(kind).decode_blocks(piece.blocks, rejects, piece.first_line):
            cells = to_columns(objects)
            missing = {name for name in missing if all(cell is UNSET for cell in cells[name])}
            yield TableRows(
                len(objects),
                {name: column if name in missing else _unset_to_none(column) for name, column in cells.items()},
                lines,
            )


def _unset_to_none(cells: Sequence[Any]) -> list[Any]:
    """Return a column that some row has had; a row that lacks it has nothing there."""
    return [None if cell is UNSET else cell for cell in cells]


def _infer_schema(columns: Mapping[str, Sequence[Any]], numbers: Collection[str]) -> pa.Schema | None:
    """Return the types of columns by their first cells.

    None if a column has several types, or one that Arrow would turn into another text than the file has.
    """
    types: dict[str, pa.DataType] = {}
    for name, cells in columns.items():
        kinds = {*map(type, cells)} - {NoneType, UnsetType}
        if kinds <= {str}:
            types[name] = pa.string()
        elif kinds == {int}:
            types[name] = pa.int64()
        elif kinds <= {int, float} and name in numbers:
            types[name] = pa.float64()
        else:
            return None
    return pa.schema(types)


def _read_parquet(path: Path, names: Sequence[str]) -> Iterator[TableRows]:
    num_read = 0
    try:
        with pq.ParquetFile(path) as table:
            existing = table.schema_arrow.names
            if duplicates := [name for name in names if existing.count(name) > 1]:
                raise DataError(f"{path}: there are several columns {duplicates[0]!r}; rename all but one of them")
            present = [name for name in names if name in existing]
            for batch in table.iter_batches(PIECE_ROWS, columns=present):
                unset = {name: [UNSET] * batch.num_rows for name in names}
                lines = range(num_read + 1, num_read + batch.num_rows + 1)
                yield TableRows(batch.num_rows, unset | {name: batch[name].to_pylist() for name in present}, lines)
                num_read += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); download the file again") from error
