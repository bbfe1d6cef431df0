"""JSON lines as columns, decoded by Arrow, as long as every field has the type that it should have.

That is the quick way: no object is made for any cell. In fields that are looked at, Arrow takes only what is of their
type, so lines among which is one that it will not take are left to `JsonLines`, which takes whatever can be
understood. In all other fields Arrow is the laxer of the two: it takes NaN, which is no JSON.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.json as pj

from training.sources import lines
from training.threads import ahead, side_by_side

MOST = (1 << 31) - 1
"""Bytes that Arrow takes at once."""


class Piece(NamedTuple):
    """Some lines of a file."""

    first: int
    """Number of the first of them."""
    lines: int
    blocks: list[bytes]
    columns: pl.DataFrame | None = None
    """A row for every line; None where a line is not as it should be."""


def pieces(path: Path, schema: pa.Schema | None) -> Iterator[Piece]:
    """A file's lines, about `ROWS` at a time.

    Args:
        path: Of JSON lines, compressed by its ending.
        schema: The fields that are looked at. One of type null must be null or lacking; None: all goes the long way.
    """
    found = ahead(_together(lines.blocks(path)))
    return found if schema is None else side_by_side(partial(_typed, schema=schema), found)


def _together(blocks: Iterable[bytes]) -> Iterator[Piece]:
    first, number, held, some = 1, 0, 0, list[bytes]()
    for block in blocks:
        number += lines.lines_in(block)
        held += len(block)
        some.append(block)
        if number >= lines.ROWS or held >= lines.HELD:
            yield Piece(first, number, some)
            first, number, held, some = first + number, 0, 0, []
    if some:
        yield Piece(first, number, some)


def _typed(piece: Piece, schema: pa.Schema) -> Piece:
    return piece._replace(columns=_columns(b"".join(piece.blocks), piece.lines, schema))


def _columns(raw: bytes, number: int, schema: pa.Schema) -> pl.DataFrame | None:
    if not raw.startswith(b"{") or len(raw) > MOST:  # a null that stands first makes Arrow 26 crash
        return None
    reading = pj.ReadOptions(use_threads=False, block_size=len(raw))
    parsing = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        table = pj.read_json(pa.BufferReader(raw), reading, parsing)
        table.validate(full=True)  # that texts are UTF-8
    except pa.ArrowInvalid:
        return None
    columns: Any = pl.from_arrow(table)
    odd = pl.any_horizontal(~cs.float().is_finite(), pl.all_horizontal(pl.all().is_null())).any()  # NaN, or a null
    return None if columns.height != number or columns.select(odd).item() else columns
