"""Any table: CSV, TSV, JSON lines or Parquet, with a mapping from a record's fields to the table's columns."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, model_validator

from sandbox.errors import DataError, unknown
from training.record import KINDS, RECORD, SPLITS, frame
from training.sources.lines import ROWS, JsonLines, csv_rows, in_pieces, named
from training.sources.source import Rejects, Source, moment, paths_of, whole

TEXT = ("user", "place", "id", "item", "thread", "title", "context", "text")
NUMBERS = ("stars", "votes", "price")
Row = Mapping[str, Any]


class Table(Source):
    """Settings: the files and what their columns mean."""

    platform: ClassVar[str] = ""

    kind_of_platform: Literal["forum", "microblog", "blog", "reviews", "purchases"]
    """What kind of platform the rows are from."""
    paths: list[str] = Field(min_length=1)
    """Paths or globs; the ending says the format: .csv, .tsv, .jsonl or .parquet, .gz and .zst too."""
    columns: dict[str, str]
    """Field of a record -> name of a column, or `=text` for the same text in every row."""
    kinds: dict[str, str]
    """What the table calls a post, comment, review or purchase -> what we call it."""
    time_unit: Literal["s", "ms", "iso"] = "s"
    """How the time is written: unix seconds or milliseconds, or ISO 8601 (a date will do; no zone means UTC)."""
    spaces_for: str = ""
    """A character that stands for a space in `place`, such as `_`."""
    extra: list[str]
    """Columns that are kept as they are, in the record's `extra`."""

    @model_validator(mode="after")
    def _known(self) -> "Table":
        allowed = [*TEXT, *NUMBERS, "time", "kind", "split"]
        for name in self.columns:
            if name not in allowed:
                raise ValueError(unknown("field", name, allowed))
        for kind in [*self.kinds.values(), *([self.columns["kind"][1:]] if self._constant("kind") else [])]:
            if kind not in KINDS:
                raise ValueError(unknown("kind", kind, KINDS))
        if lacking := [name for name in ("user", "kind") if name not in self.columns]:
            raise ValueError(f"columns lacks {' and '.join(lacking)}")
        return self

    def files(self) -> Sequence[Path]:
        """All files that are named."""
        return paths_of(self.paths, Path(), f"source.{self.name}.paths")

    def read(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Rows as records, some at a time."""
        number, label = 0, self.label(path)
        for rows in _rows(path, rejects):
            good: list[dict[str, Any]] = []
            for row in rows:
                number += 1
                try:
                    good.append(self._record(row, f"{label}/{number}"))
                except (ValueError, KeyError, TypeError, OverflowError) as error:
                    rejects.add(number, f"{type(error).__name__}: {error}", str(dict(row)))
            columns: dict[str, Any] = {name: [one[name] for one in good] for name in good[0]} if good else {}
            yield "record", frame(RECORD, {**columns, "source": self.name, "platform": self.kind_of_platform})

    def _record(self, row: Row, name: str) -> dict[str, Any]:
        """One row; raises `ValueError` or `KeyError` where it cannot be one."""
        kind = self._cell(row, "kind")
        made: dict[str, Any] = {field: str(self._cell(row, field) or "") for field in TEXT if field in self.columns}
        if not made["user"]:
            raise ValueError("no user")
        for field in NUMBERS:
            if field in self.columns:
                made[field] = _number(self._cell(row, field), field)
        made["kind"] = self.kinds.get(str(kind), str(kind))
        if made["kind"] not in KINDS:
            raise ValueError(f"kind is {kind!r}, not one of {', '.join(self.kinds or KINDS)}")
        made["time"] = _time(self._cell(row, "time"), self.time_unit) if "time" in self.columns else None
        made["split"] = _split(self._cell(row, "split")) if "split" in self.columns else None
        made["id"] = made.get("id") or name
        if self.spaces_for and "place" in made:
            made["place"] = made["place"].replace(self.spaces_for, " ")
        kept = {field: row[field] for field in self.extra if row.get(field) not in (None, "")}
        made["extra"] = msgspec.json.encode(kept).decode() if kept else ""
        return made

    def _cell(self, row: Row, field: str) -> Any:
        column = self.columns[field]
        return column[1:] if column.startswith("=") else row[column]

    def _constant(self, field: str) -> bool:
        return self.columns.get(field, "").startswith("=")


def _rows(path: Path, rejects: Rejects) -> Iterator[Sequence[Row]]:
    """Rows of a file as dictionaries, some at a time."""
    endings = [one for one in path.suffixes if one not in (".gz", ".zst")]
    ending = endings[-1] if endings else ""
    if ending == ".jsonl":
        yield from JsonLines(dict[str, Any]).read(path, rejects)
    elif ending in (".csv", ".tsv"):
        rows = csv_rows(path, rejects, "," if ending == ".csv" else "\t")
        _, names = next(rows, (0, []))
        yield from in_pieces(row for _, row in named(rows, names, rejects))
    elif ending == ".parquet":
        yield from _parquet(path)
    else:
        raise DataError(f"{path}: unknown ending; a table is .csv, .tsv, .jsonl or .parquet, .gz and .zst too")


def _parquet(path: Path) -> Iterator[Sequence[Row]]:
    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(ROWS):
                yield batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); fetch the file anew") from error


def _number(found: Any, field: str) -> float | int | None:
    if found is None or found == "":
        return None
    value = float(found)
    if value != value or abs(value) == float("inf"):
        return None
    return whole(value) if field == "votes" else value


def _split(found: Any) -> str | None:
    if found is None or found == "":
        return None
    if found not in SPLITS:
        raise ValueError(f"split is {found!r}, not one of {', '.join(SPLITS)}")
    return str(found)


def _time(found: Any, unit: str) -> int | None:
    if found is None or found == "":
        return None
    if unit == "iso":
        when = datetime.fromisoformat(str(found))
        return moment((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    return moment(float(found) / (1000 if unit == "ms" else 1))
