"""Cells read column by column: all at once by Polars, and by Python only those that Polars cannot read.

Problems with cells are noted by row, the first of each row, so that a bad cell costs its row and no other.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, TypeAlias

import msgspec
import polars as pl

from training.sources.source import Rejects, to_integer

Problems: TypeAlias = dict[int, str]
"""What is wrong with a row, by its index."""


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
    """Return numbers from text; null for NaN, which is how some tools write that there is none."""
    numbers = parse_column(texts, pl.first().cast(pl.Float64, strict=False), _parse_float, pl.Float64, problems)
    note_problem(problems, numbers.is_infinite().fill_null(value=False), "a number is infinite")
    return numbers.set(~numbers.is_finite(), None)


def to_integers(texts: pl.Series, problems: Problems) -> pl.Series:
    """Return integers from text, the nearest to a fraction; null for what is not finite."""
    return parse_column(texts, pl.first().cast(pl.Int64, strict=False), _parse_integer, pl.Int64, problems)


def parse_column(
    texts: pl.Series,
    expression: pl.Expr,
    parse_cell: Callable[[str], Any],
    kind: pl.DataType | type[pl.DataType],
    problems: Problems,
) -> pl.Series:
    """Return what `expression` makes of a column, and `parse_cell` of the cells that it leaves null.

    Args:
        texts: The column.
        expression: Of its only column; null where it cannot tell.
        parse_cell: Raises `ValueError` or `OverflowError` for what cannot be read.
        kind: Type of the result.
        problems: Receives what cannot be read.
    """
    column = texts.to_frame().select(expression.cast(kind)).to_series()
    indices, values = list[int](), list[Any]()
    for index in (texts.is_not_null() & column.is_null()).arg_true().to_list():
        try:
            values.append(parse_cell(texts[index]))
            indices.append(index)
        except (ValueError, OverflowError) as error:
            problems.setdefault(index, str(error))
    return column.scatter(indices, pl.Series(values, dtype=kind)) if indices else column


def _parse_float(text: str) -> float:
    if "_" in text:  # which Python reads as part of a number
        raise ValueError("no number")
    try:
        return float(text)
    except ValueError:
        raise ValueError("no number") from None


def _parse_integer(text: str) -> int | None:
    number = _parse_float(text)
    return to_integer(number) if isfinite(number) else None


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
