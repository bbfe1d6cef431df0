"""Cells read column by column: all at once by Polars, and by Python only those that Polars cannot read.

What is wrong with a cell is noted by its row, the first reason of each, so that a bad cell costs its row and no other.
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

from training.sources.source import LAST_SECOND, Rejects, moment, whole

Wrong: TypeAlias = dict[int, str]
"""What is wrong with a row, by its place."""

DIVISORS = {"s": 1, "ms": 1000}
"""What a number is divided by to give seconds, by its unit."""
MILLISECONDS = 10**11
"""Greater times are no seconds."""
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
"""Of times that Polars reads whole columns of; any other is read one by one."""
UNIX = r"^\d+(?:\.\d+)?$"


def note(wrong: Wrong, rows: pl.Series, reason: str) -> None:
    """Note what is wrong with the rows where `rows` is true."""
    for place in rows.arg_true():
        wrong.setdefault(place, reason)


def good_rows(
    columns: pl.DataFrame,
    wrong: Wrong,
    rejects: Rejects,
    lines: Sequence[int] | pl.Series,
    row: Callable[[int], Mapping[str, Any]],
) -> pl.DataFrame:
    """The rows with which nothing is wrong; the others go to `rejects`.

    Args:
        columns: Of all rows.
        wrong: What is wrong, by place.
        rejects: Is told of it.
        lines: Number of each row in its file.
        row: A row as its file has it, by place.
    """
    for place, reason in sorted(wrong.items()):
        rejects.add(lines[place], reason, str(row(place)))
    return columns.remove(pl.int_range(pl.len()).is_in(list(wrong))) if wrong else columns


def texts(cells: Sequence[Any] | pl.Series) -> pl.Series:
    """Text of every cell; null where there is none: nothing, an empty text, an object or a list."""
    said = (cells if isinstance(cells, pl.Series) else _series(cells)).cast(pl.String)
    return said.set(said == "", None)


def numbers(found: pl.Series, wrong: Wrong) -> pl.Series:
    """Numbers from text; null for what is not finite."""
    known = _read(found, pl.first().cast(pl.Float64, strict=False), float, pl.Float64, wrong)
    return known.set(~known.is_finite(), None)


def wholes(found: pl.Series, wrong: Wrong) -> pl.Series:
    """Integers from text, the nearest where it has a fraction; null for what is not finite."""
    return _read(found, pl.first().cast(pl.Int64, strict=False), _whole, pl.Int64, wrong)


def times(found: pl.Series, wrong: Wrong, unit: str = "") -> pl.Series:
    """Unix seconds from text.

    Args:
        found: Times as a file has them.
        wrong: Is told of what is no date.
        unit: "s", "ms" or "iso"; "" for any of them, each cell as it looks.
    """
    number = pl.first().cast(pl.Float64, strict=False)
    if divisor := DIVISORS.get(unit):
        return _read(found, _within(number / divisor), lambda one: moment(float(one) / divisor), pl.Int64, wrong)
    first = found.drop_nulls().first()
    if not unit and isinstance(first, str) and re.match(UNIX, first):
        number = pl.when(pl.first().str.contains(UNIX)).then(number)
        read = number / pl.when(number > MILLISECONDS).then(1000).otherwise(1)
    else:
        read = pl.first().str.to_datetime(_format(found), strict=False, ambiguous="null").dt.epoch("s")
    return _read(found, _within(read), iso if unit else seconds, pl.Int64, wrong)


def seconds(found: str) -> int:
    """Unix seconds from ISO 8601, Twitter's own `Wed Aug 27 13:08:45 +0000 2008`, or unix seconds or milliseconds."""
    if re.match(UNIX, found):
        return moment(float(found) / (1000 if float(found) > MILLISECONDS else 1))
    try:
        return iso(found.removesuffix(" UTC"))
    except ValueError:
        parts = parsedate_tz(found)
        if parts is None:
            raise ValueError(f"time is {found!r}") from None
        return moment(timegm(parts[:9]) - (parts[9] or 0))


def iso(found: str) -> int:
    """Unix seconds from ISO 8601; without a zone it is UTC."""
    when = datetime.fromisoformat(found)
    return moment((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _read(
    found: pl.Series,
    read: pl.Expr,
    one_by_one: Callable[[str], Any],
    kind: pl.DataType | type[pl.DataType],
    wrong: Wrong,
) -> pl.Series:
    """What `read` makes of a column, and `one_by_one` of the cells that it leaves null."""
    known = found.to_frame().select(read.cast(kind)).to_series()
    places, values = list[int](), list[Any]()
    for place in (found.is_not_null() & known.is_null()).arg_true().to_list():
        try:
            values.append(one_by_one(found[place]))
            places.append(place)
        except (ValueError, OverflowError) as error:
            wrong.setdefault(place, str(error))
    return known.scatter(places, pl.Series(values, dtype=kind)) if places else known


def _within(second: pl.Expr) -> pl.Expr:
    """Null where it is no date."""
    return pl.when(second.is_between(0, LAST_SECOND)).then(second)


def _whole(found: str) -> int | None:
    number = float(found)
    return whole(number) if isfinite(number) else None


def _format(found: pl.Series) -> str:
    """The format of the first time, as far as it is known."""
    some = found.drop_nulls().head(1)
    fits = (one for one in FORMATS if some.str.to_datetime(one, strict=False).null_count() < some.len())
    return next(fits, FORMATS[0])


def _series(cells: Sequence[Any]) -> pl.Series:
    """A column of text, or of what is text with the same digits."""
    for kind in (pl.String, pl.Int64):
        with suppress(TypeError, ValueError):  # Polars looks at every cell anyway, so that is the quickest way to know
            return pl.Series(cells, dtype=kind)
    return pl.Series([_text(one) for one in cells], dtype=pl.String)


def _text(found: Any) -> str | None:
    if found is None or isinstance(found, dict | list | msgspec.UnsetType):
        return None
    return str(int(found)) if isinstance(found, bool) else str(found)
