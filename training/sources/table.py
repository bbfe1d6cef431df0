"""Any table: CSV, TSV, JSON lines or Parquet, with a mapping from a record's fields to the table's columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec
import polars as pl
from msgspec import UNSET
from pydantic import Field, model_validator

from sandbox.errors import unknown
from training.record import KINDS, RECORD, SPLITS, frame
from training.sources.columns import Wrong, good_rows, note, numbers, texts, times, wholes
from training.sources.rows import Rows, rows_of
from training.sources.source import Rejects, Source, paths_of

TEXT = ("user", "place", "id", "item", "thread", "title", "context", "text")
NUMBERS = {"stars": numbers, "votes": wholes, "price": numbers}


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
        before, label = 0, self.label(path)
        names = [*(name for name in self.columns.values() if not name.startswith("=")), *self.extra]
        for some in rows_of(path, list(dict.fromkeys(names)), self._numbers(), rejects):
            columns, wrong = self._columns(some)
            lines = range(before + 1, before + some.height + 1)
            name = pl.format("{}/{}", pl.lit(label), pl.int_range(lines.start, lines.stop))
            good = good_rows(columns.with_columns(pl.coalesce("id", name)), wrong, rejects, lines, some.row)
            known = {name: good[name] for name in good.columns}
            yield "record", frame(RECORD, {**known, "source": self.name, "platform": self.kind_of_platform})
            before += some.height

    def _columns(self, some: Rows) -> tuple[pl.DataFrame, Wrong]:
        """Columns of a record, null where there is nothing, and by place what is wrong with rows that cannot be one."""
        wrong: Wrong = {}
        said = {field: self._said(some, field, wrong) for field in self.columns}
        note(wrong, said["user"].is_null(), "no user")
        made = {"id": pl.repeat(None, some.height, dtype=pl.String, eager=True)}
        made |= {field: said[field] if field == "id" else said[field].fill_null("") for field in TEXT if field in said}
        made |= {field: read(said[field], wrong) for field, read in NUMBERS.items() if field in said}
        made["kind"] = said["kind"].fill_null("").replace(self.kinds)
        _check(wrong, "kind", said["kind"], made["kind"].is_in(KINDS), self.kinds or KINDS)
        if "time" in said:
            made["time"] = times(said["time"], wrong, self.time_unit)
        if "split" in said:
            made["split"] = said["split"]
            _check(wrong, "split", said["split"], made["split"].is_in(SPLITS).fill_null(value=True), SPLITS)
        if self.spaces_for and "place" in made:
            made["place"] = made["place"].str.replace_all(self.spaces_for, " ", literal=True)
        if self.extra:
            kept = zip(*(some.cells[name] for name in self.extra), strict=True)
            made["extra"] = pl.Series(
                [_marks(dict(zip(self.extra, one, strict=True))) for one in kept], dtype=pl.String
            )
        return pl.DataFrame(made), wrong

    def _said(self, some: Rows, field: str, wrong: Wrong) -> pl.Series:
        """Text of a field in every row; where none has that column, all are wrong."""
        column = self.columns[field]
        if column.startswith("="):
            return pl.repeat(column[1:], some.height, dtype=pl.String, eager=True)
        cells = some.cells[column]
        said = texts(cells)
        if some.height and cells[0] is UNSET:
            note(wrong, said.is_null(), f"no column {column!r}")
        elif not isinstance(cells, pl.Series):
            for place in said.is_null().arg_true():
                if isinstance(cells[place], list | dict):
                    wrong.setdefault(place, f"column {column!r} holds a list or an object")
        return said

    def _numbers(self) -> set[str]:
        """Columns of which nothing but fractions are made, so that 5 may be read as 5.0."""
        fractions = ("stars", "price") if self.time_unit == "iso" else ("stars", "price", "time")
        others = {column for field, column in self.columns.items() if field not in fractions}
        return {*self.columns.values()} - others - {*self.extra}

    def _constant(self, field: str) -> bool:
        return self.columns.get(field, "").startswith("=")


def _check(wrong: Wrong, field: str, said: pl.Series, known: pl.Series, allowed: Iterable[str]) -> None:
    for place in (~known).arg_true():
        wrong.setdefault(place, f"{field} is {said[place]!r}, not one of {', '.join(allowed)}")


def _marks(cells: Mapping[str, Any]) -> str:
    """What is there, as JSON; "" for nothing."""
    known = {name: one for name, one in cells.items() if one is not UNSET and one not in (None, "")}
    return msgspec.json.encode(known, enc_hook=str).decode() if known else ""
