"""Tables as text with a separator (CSV, TSV), read so strictly that no cell can slip into another column."""

import csv
import math
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.counting import count_of
from sandbox.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
"""What may stand between two cells; the header decides."""
COMMENT = "#% "
"""Signs that may stand before a header."""
MAX_CELL_CHARS = 10_000_000
"""Longest cell; Python's own limit is too short for people with many stories."""
_SEPARATOR_LINE = re.compile('"?sep=."?')


class TableRow(NamedTuple):
    """One row of a table."""

    line: int
    """1-based line of the file on which the row begins."""
    cells: dict[str, str]
    """Text of every cell by the name of its column; it may be empty."""


class Table(NamedTuple):
    """A table as text."""

    columns: list[str]
    """Names in the header, without spaces around them."""
    rows: list[TableRow]
    separator: str
    """The character between two cells."""


def finite_number(text: str) -> float:
    """Return the number in a cell; NaN if it holds none, or one that is not finite."""
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def read_text_table(
    path: Path, separators: Sequence[str] = SEPARATORS, num_skipped: int = 0, is_lenient: bool = False
) -> Table:
    """Read a table in UTF-8 whose first line names the columns; lines without any text are skipped.

    A line such as `sep=;` before it, which spreadsheets write, is skipped.

    Args:
        path: The file.
        separators: What may stand between two cells: that by which the header has most columns, the first of several; a
            space only where no other does.
        num_skipped: Lines before the header.
        is_lenient: Whether the header may stand behind a `#` or `%`, and the first column may lack a name, as the row
            numbers that R and pandas write; it is left out.

    Raises:
        DataError: The file cannot be read, a row has more or fewer cells than the header, a quote is not closed, or two
            columns have one name; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, _long_cells():
            num_skipped += bool(_SEPARATOR_LINE.fullmatch(next(islice(file, num_skipped, None), "").strip()))
            file.seek(0)
            header = next((line for line in islice(file, num_skipped, None) if line.strip()), "")
            separator = _find_separator(header.lstrip(COMMENT) if is_lenient else header, separators)
            file.seek(0)
            lines = _clean_lines(islice(file, num_skipped, None), separator, is_lenient)
            reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=separator == " ")
            numbered = [(line + num_skipped, cells) for line, cells in _read_rows(path, reader)]
    except (OSError, ValueError) as error:
        hint = "; save it as text in UTF-8" if isinstance(error, UnicodeError) else ""
        raise DataError(f"{path} cannot be read as {path.suffix[1:]}: {error}{hint}") from error
    if not numbered:
        raise DataError(
            f"{path} cannot be read as {path.suffix[1:]}: it is empty; its first line must name the columns"
        )
    (_, names), *rows = numbered
    columns = [name.strip() for name in names]
    _check_widths(path, len(columns), rows, separator)
    _check_columns(path, columns, rows, is_lenient)
    table = [TableRow(line, dict(zip(columns, cells, strict=True))) for line, cells in rows]
    for row in table:
        row.cells.pop("", None)
    return Table([name for name in columns if name], table, separator)


@contextmanager
def _long_cells() -> Generator[None]:
    """Let `csv` read cells of `MAX_CELL_CHARS`; its limit belongs to the whole process, so it is put back."""
    before = csv.field_size_limit(MAX_CELL_CHARS)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _find_separator(header: str, separators: Sequence[str]) -> str:
    """Return what separates the names in a header; a space only where nothing else does."""
    widths = {text: len(next(csv.reader([header], delimiter=text), [])) for text in separators}
    return max(separators, key=lambda text: (text != " " and widths[text] > 1, widths[text]))


def _read_rows(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of every row that has any text; `reader` is a `csv.reader`."""
    end = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield end + 1, cells
            end = reader.line_num
    except csv.Error as error:
        raise DataError(
            f"{path} cannot be read as {path.suffix[1:]}: the row that begins at line {end + 1} has a quote that "
            f'is not closed or stands inside a cell ({error}); write a cell with a quote as "...""..."'
        ) from error


def _clean_lines(lines: Iterable[str], separator: str, may_be_comment: bool) -> Iterator[str]:
    """Yield lines without a sign of comment before the header and, where spaces separate cells, without outer ones."""
    is_header = may_be_comment
    for line in lines:
        text = line.lstrip(COMMENT) if is_header else line
        is_header = is_header and not line.strip()
        yield f"{text.strip()}\n" if separator == " " else text


def _check_columns(path: Path, columns: Sequence[str], rows: Sequence[tuple[int, list[str]]], has_index: bool) -> None:
    """Raise `DataError` if two columns have one name, or a column has cells but no name."""
    for place, name in enumerate(columns):
        if name and name in columns[:place]:
            raise DataError(f"{path}: the header names the column {name!r} twice; every column needs its own name")
        is_index = has_index and not place
        filled = [line for line, cells in rows if not (name or is_index) and cells[place].strip()]
        if filled:
            raise DataError(f"{path}: line {filled[0]} has text in column {place + 1}, which has no name in the header")


def _check_widths(path: Path, width: int, rows: Sequence[tuple[int, list[str]]], separator: str) -> None:
    """Raise `DataError` if a row has another number of cells than the header."""
    if not (uneven := [(line, len(cells)) for line, cells in rows if len(cells) != width]):
        return
    line, number = uneven[0]
    further = f" (and {count_of(len(uneven) - 1, 'further row')})" if len(uneven) > 1 else ""
    raise DataError(
        f"{path}: line {line}{further} has {number} cell{'s' * (number != 1)}, but the header has {width}: write "
        f"a text that holds the separator {separator!r} in double quotes, and leave no cell out"
    )
