"""Cells read column by column: all at once by Polars, and by Python only those that Polars cannot read.

Problems with cells are noted by row, the first of each row, so that a bad cell costs its row and no other.
"""

import re
from calendar import timegm
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_tz
from math import isfinite
from typing import Any, TypeAlias

import msgspec
import polars as pl

from training.sources.source import LAST_SECOND, Rejects, to_integer, to_unix_seconds

Problems: TypeAlias = dict[int, str]
"""What is wrong with a row, by its index."""

DIVISORS = {"s": 1, "ms": 1000}
"""What a number is divided by to give seconds, by its unit."""
MAX_SECONDS = 10**11
"""Greater times are not in seconds but in milliseconds."""
FORMATS = (
    "%Y-%m-%dT%H:%M:%S.%3fZ",  # which Polars reads far faster than the next
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%a %b %d %H:%M:%S %z %Y",
)
"""Formats of times that Polars reads a column at a time; times in any other are read one by one."""
UNIX = r"^\d+(?:\.\d+)?$"


def note_problem(problems: Problems, rows: pl.Series, reason: str) -> None:
    """Note a problem with the rows where `rows` is true."""
    for index in rows.arg_true():
        problems.setdefault(index, reason)


def drop_problem_rows(
    columns: pl.DataFrame,
    problems: Problems,
    rejects: Rejects,
    lines: Sequence[int] | pl.Series,
    row: Callable[[int], Mapping[str, Any]],
) -> pl.DataFrame:
    """Return the rows without a problem; the rest go to `rejects`.

    Args:
        columns: Columns of all rows.
        problems: The problems, by index of the row.
        rejects: Receives the rows with a problem.
        lines: Number of each row in its file.
        row: Returns a row as its file has it, by index.
    """
    for index, reason in sorted(problems.items()):
        rejects.add(lines[index], reason, str(row(index)))
    return columns.remove(pl.int_range(pl.len()).is_in(list(problems))) if problems else columns


def to_texts(cells: Sequence[Any] | pl.Series) -> pl.Series:
    """Return the text of every cell; null for nothing, an empty text, an object or a list."""
    texts = (cells if isinstance(cells, pl.Series) else _to_series(cells)).cast(pl.String)
    return texts.set(texts == "", None)


def to_floats(texts: pl.Series, problems: Problems) -> pl.Series:
    """Return numbers from text; null for what is not finite."""
    numbers = _parse(texts, pl.first().cast(pl.Float64, strict=False), float, pl.Float64, problems)
    return numbers.set(~numbers.is_finite(), None)


def to_integers(texts: pl.Series, problems: Problems) -> pl.Series:
    """Return integers from text, the nearest to a fraction; null for what is not finite."""
    return _parse(texts, pl.first().cast(pl.Int64, strict=False), _parse_integer, pl.Int64, problems)


def to_times(texts: pl.Series, problems: Problems, unit: str = "") -> pl.Series:
    """Return unix seconds from text.

    Args:
        texts: Times as a file has them.
        problems: Receives what is no date.
        unit: "s", "ms" or "iso"; "" for any of them, each cell by its looks.
    """
    number = pl.first().cast(pl.Float64, strict=False)
    if divisor := DIVISORS.get(unit):
        seconds = _null_unless_date(number / divisor)
        return _parse(texts, seconds, lambda text: to_unix_seconds(float(text) / divisor), pl.Int64, problems)
    first = texts.drop_nulls().first()
    if not unit and isinstance(first, str) and re.match(UNIX, first):
        number = pl.when(pl.first().str.contains(UNIX)).then(number)
        seconds = number / pl.when(number > MAX_SECONDS).then(1000).otherwise(1)
    else:
        seconds = pl.first().str.to_datetime(_guess_format(texts), strict=False, ambiguous="null").dt.epoch("s")
    return _parse(texts, _null_unless_date(seconds), parse_iso_time if unit else parse_time, pl.Int64, problems)


def parse_time(text: str) -> int:
    """Return unix seconds from ISO 8601, `Wed Aug 27 13:08:45 +0000 2008`, or unix seconds or milliseconds."""
    if re.match(UNIX, text):
        return to_unix_seconds(float(text) / (1000 if float(text) > MAX_SECONDS else 1))
    try:
        return parse_iso_time(text.removesuffix(" UTC"))
    except ValueError:
        parts = parsedate_tz(text)
        if parts is None:
            raise ValueError(f"time is {text!r}") from None
        return to_unix_seconds(timegm(parts[:9]) - (parts[9] or 0))


def parse_iso_time(text: str) -> int:
    """Return unix seconds from ISO 8601; a time without a zone is UTC."""
    when = datetime.fromisoformat(text)
    return to_unix_seconds((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _parse(
    texts: pl.Series,
    expression: pl.Expr,
    parse_cell: Callable[[str], Any],
    kind: pl.DataType | type[pl.DataType],
    problems: Problems,
) -> pl.Series:
    """Return what `expression` makes of a column, and `parse_cell` of the cells that it leaves null."""
    column = texts.to_frame().select(expression.cast(kind)).to_series()
    indices, values = list[int](), list[Any]()
    for index in (texts.is_not_null() & column.is_null()).arg_true().to_list():
        try:
            values.append(parse_cell(texts[index]))
            indices.append(index)
        except (ValueError, OverflowError) as error:
            problems.setdefault(index, str(error))
    return column.scatter(indices, pl.Series(values, dtype=kind)) if indices else column


def _null_unless_date(seconds: pl.Expr) -> pl.Expr:
    return pl.when(seconds.is_between(0, LAST_SECOND)).then(seconds)


def _parse_integer(text: str) -> int | None:
    number = float(text)
    return to_integer(number) if isfinite(number) else None


def _guess_format(texts: pl.Series) -> str:
    """Return the format of the first time, if it is one of `FORMATS`."""
    first = texts.drop_nulls().head(1)
    matches = (name for name in FORMATS if first.str.to_datetime(name, strict=False).null_count() < first.len())
    return next(matches, FORMATS[0])


def _to_series(cells: Sequence[Any]) -> pl.Series:
    """Return a column of text, or of integers, whose text has the same digits."""
    for kind in (pl.String, pl.Int64):
        with suppress(TypeError, ValueError):  # Polars looks at every cell anyway, so trying is the quickest test
            return pl.Series(cells, dtype=kind)
    return pl.Series([_to_text(cell) for cell in cells], dtype=pl.String)


def _to_text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, dict | list | msgspec.UnsetType):
        return None
    return str(int(cell)) if isinstance(cell, bool) else str(cell)
