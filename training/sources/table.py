"""Any table: CSV, TSV, JSON lines or Parquet, with a mapping from a record's fields to the table's columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from msgspec import UNSET
from pydantic import Field, model_validator

from sandbox.errors import DataError, unknown
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.sources.columns import (
    Problems,
    drop_problem_rows,
    note_problem,
    to_floats,
    to_integers,
    to_texts,
)
from training.sources.ratings import OWN_SCALE, to_stars
from training.sources.record import KINDS, LINE, RECORD, SPLITS, frame
from training.sources.rows import TableRows, read_rows
from training.sources.source import FILES, Rejects, Source, resolve_paths
from training.sources.time_units import TimeUnit, UnitCounts, count_as_cocoa, explain_unit
from training.sources.times import to_times
from training.sources.validity import FIRST_DAY, Period

TEXT_FIELDS = ("user", "category", "id", "item", "thread", "title", "context", "text")
NUMBER_FIELDS = {"stars": to_floats, "votes": to_integers, "price": to_floats}


class Table(Source):
    """Settings: the files and what their columns mean."""

    paths: list[str] = Field(min_length=1)
    """Paths or globs; the ending says the format: .csv, .tsv, .jsonl or .parquet, .gz and .zst too."""
    columns: dict[str, str]
    """Field of a record -> name of a column, or `=text` for the same text in every row."""
    kinds: dict[str, str]
    """What the table calls a post, comment, review or purchase -> what we call it."""
    time_unit: TimeUnit | None = None
    """How times are written: seconds (s), milliseconds (ms), microseconds (us) or nanoseconds (ns) since 1970, the same
    since 2001 (cocoa_s, cocoa_ms, cocoa_us, cocoa_ns), microseconds (webkit) or tenths of them (filetime) since 1601,
    days since 1970 (day) or of a spreadsheet (excel, or excel1904 if it counts from 1904), or ISO 8601 (iso; a date
    will do, such as 2015-02-24 or 20150224; no zone means UTC). null: one of these, except day, is chosen for each file
    from all of its times."""
    rating_scale: tuple[float, float] = OWN_SCALE
    """Lowest and highest rating of the column `stars`. Five equal parts of another scale than 1 to 5 become one to five
    stars; of 1 to 5 only whole numbers are read."""
    not_rated: tuple[float, ...] = ()
    """Numbers in the column `stars` that stand for no rating, such as 0."""
    space_character: str = ""
    """A character that stands for a space in `category`, such as `_`."""
    extra: list[str]
    """Columns that are kept as they are, in the record's `extra`."""

    @model_validator(mode="after")
    def _check_names(self) -> "Table":
        allowed = [*TEXT_FIELDS, *NUMBER_FIELDS, "time", "kind", "split"]
        for name in self.columns:
            if name not in allowed:
                raise ValueError(unknown("field", name, allowed))
        for kind in [*self.kinds.values(), *([self.columns["kind"][1:]] if self._is_constant("kind") else [])]:
            if kind not in KINDS:
                raise ValueError(unknown("kind", kind, KINDS))
        if missing := [name for name in ("user", "kind") if name not in self.columns]:
            raise ValueError(f"columns lacks {' and '.join(missing)}")
        if not (all(map(isfinite, self.rating_scale)) and self.rating_scale[0] < self.rating_scale[1]):
            raise ValueError(
                f"rating_scale must name the lowest rating before the highest, both finite, found {self.rating_scale}"
            )
        return self

    def files(self) -> Sequence[Path]:
        """Return all files that are named."""
        return resolve_paths(self.paths, Path(), f"source.{self.name}.paths")

    def read_tables(self, path: Path, tally: Tally, earliest: date = FIRST_DAY) -> Tables:
        """Choose how times are read if no setting says it, and count what was chosen; then read the file."""
        if self.time_unit is not None or not self.needs_time or self._is_constant("time"):
            yield from super().read_tables(path, tally, earliest)
            return
        unit, meaning = self._choose_time_unit(path, Period.since(earliest))
        tally.add(self.name, FILES, f"times read as {meaning}", 1)
        yield from self.model_copy(update={"time_unit": unit}).read_tables(path, tally, earliest)

    def count_doubtful(self, records: pl.DataFrame) -> dict[str, int]:
        """Count records of which a user's time unit makes old ones that may be new."""
        return count_as_cocoa(records["time"], self.time_unit)

    def read_file(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield rows as records, some at a time."""
        num_read, label = 0, self.label_file(path)
        names = [*(name for name in self.columns.values() if not name.startswith("=")), *self.extra]
        for rows in read_rows(path, list(dict.fromkeys(names)), self._number_columns(), rejects):
            columns, problems = self._build_columns(rows)
            made_up_id = pl.format("{}/{}", pl.lit(label), pl.int_range(num_read + 1, num_read + rows.height + 1))
            columns = columns.with_columns(pl.coalesce("id", made_up_id), pl.Series(LINE, rows.lines, dtype=pl.Int64))
            good = drop_problem_rows(columns, problems, rejects, rows.lines, rows.row)
            yield "record", frame(RECORD, {**good.to_dict(), "source": self.name, "platform": self.platform})
            num_read += rows.height

    @property
    def needs_time(self) -> bool:
        """A row has a time if the table has a column of times."""
        return "time" in self.columns

    def advise(self, reason: str) -> str:
        """Name the settings that say how times and ratings are written."""
        if reason.startswith("time"):
            return f"is source.{self.name}.time_unit, {self.time_unit}, right?"
        if reason.startswith("stars is '"):
            return "write a rating as a plain number, such as 4 for 4/5, ★★★★ and '4 stars', and 80 for 80%"
        if reason.startswith(("stars", "rating")):
            scale = "{:g} to {:g}".format(*self.rating_scale)
            return f"is source.{self.name}.rating_scale, {scale}, right, or does not_rated lack a number?"
        return super().advise(reason)

    def _choose_time_unit(self, path: Path, period: Period) -> tuple[TimeUnit, str]:
        """Return the unit in which most times of a file are possible, and what it means in words.

        Raises:
            DataError: Several units are as good.
        """
        column, counts = self.columns["time"], UnitCounts(period)
        for rows in read_rows(path, [column], (), Rejects(self.name, path)):
            counts.add(to_texts(rows.cells[column]))
        units = counts.best_units()
        if len(units) > 1:
            meanings = " or ".join(map(explain_unit, units))
            raise DataError(
                f"{path}: the times of column {column!r} may be {meanings}, by which all are possible; set "
                f"source.{self.name}.time_unit={units[0]} or {' or '.join(units[1:])}"
            )
        return (units[0], counts.explain_choice(units[0])) if units else ("s", explain_unit("s"))

    def _build_columns(self, rows: TableRows) -> tuple[pl.DataFrame, Problems]:
        """Return the columns of a record, null for nothing, and the problems of rows that cannot be one."""
        problems: Problems = {}
        texts = {field: self._read_texts(rows, field, problems) for field in self.columns}
        note_problem(problems, texts["user"].is_null(), "no user")
        columns = {"id": pl.repeat(None, rows.height, dtype=pl.String, eager=True)}
        columns |= {
            field: texts[field] if field == "id" else texts[field].fill_null("")
            for field in TEXT_FIELDS
            if field in texts
        }
        columns |= {
            field: self._read_numbers(field, texts[field], problems) for field in NUMBER_FIELDS if field in texts
        }
        if "stars" in texts:
            columns["stars"] = to_stars(columns["stars"], self.rating_scale, self.not_rated, problems)
        columns["kind"] = texts["kind"].fill_null("").replace(self.kinds)
        _check_values(problems, "kind", texts["kind"], columns["kind"].is_in(KINDS), self.kinds or KINDS)
        if "time" in texts:
            columns["time"] = to_times(texts["time"], problems, self.time_unit)
        if "split" in texts:
            columns["split"] = texts["split"]
            is_split = columns["split"].is_in(SPLITS).fill_null(value=True)
            _check_values(problems, "split", texts["split"], is_split, SPLITS)
        if self.space_character and "category" in columns:
            columns["category"] = columns["category"].str.replace_all(self.space_character, " ", literal=True)
        if self.extra:
            extra_rows = zip(*(rows.cells[name] for name in self.extra), strict=True)
            columns["extra"] = pl.Series(
                [_encode_extra(dict(zip(self.extra, row, strict=True))) for row in extra_rows], dtype=pl.String
            )
        return pl.DataFrame(columns), problems

    def _read_texts(self, rows: TableRows, field: str, problems: Problems) -> pl.Series:
        """Return the text of a field in every row; if no row has that column, all rows have a problem."""
        column = self.columns[field]
        if column.startswith("="):
            return pl.repeat(column[1:], rows.height, dtype=pl.String, eager=True)
        cells = rows.cells[column]
        texts = to_texts(cells)
        if rows.height and cells[0] is UNSET:
            note_problem(problems, texts.is_null(), f"no column {column!r}")
        elif not isinstance(cells, pl.Series):
            for index in texts.is_null().arg_true():
                if isinstance(cells[index], list | dict):
                    problems.setdefault(index, f"column {column!r} holds a list or an object")
        return texts

    def _read_numbers(self, field: str, texts: pl.Series, problems: Problems) -> pl.Series:
        """Return the numbers of a field; a problem with one says which field it is."""
        own_problems: Problems = {}
        numbers = NUMBER_FIELDS[field](texts, own_problems)
        for index, reason in own_problems.items():
            problems.setdefault(index, f"{field} is {texts[index]!r}: {reason}")
        return numbers

    def _number_columns(self) -> set[str]:
        """Return the columns that are only used as fractions, so that 5 may be read as 5.0."""
        fractions = ("stars", "price") if self.time_unit in ("iso", None) else ("stars", "price", "time")
        other_columns = {column for field, column in self.columns.items() if field not in fractions}
        return {*self.columns.values()} - other_columns - {*self.extra}

    def _is_constant(self, field: str) -> bool:
        return self.columns.get(field, "").startswith("=")


def _check_values(
    problems: Problems, field: str, texts: pl.Series, is_allowed: pl.Series, allowed: Iterable[str]
) -> None:
    for index in (~is_allowed).arg_true():
        problems.setdefault(index, f"{field} is {texts[index]!r}, not one of {', '.join(allowed)}")


def _encode_extra(cells: Mapping[str, Any]) -> str:
    """Return the cells that hold something, as JSON; "" for nothing."""
    present = {name: cell for name, cell in cells.items() if cell is not UNSET and cell not in (None, "")}
    return msgspec.json.encode(present, enc_hook=str).decode() if present else ""
