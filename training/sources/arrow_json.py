"""JSON lines as columns, decoded by Arrow, as long as every field has the type that it should have.

This is the fast way: no object is made for any cell. In fields that are read, Arrow accepts only their type, so a piece
with a line that it rejects is left to `JsonLines`, which reads whatever can be understood. In all other fields Arrow is
the laxer of the two: it accepts NaN, which is not JSON.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.json as pj

from training.pipeline.concurrency import map_concurrently, prefetch
from training.sources import lines

MAX_BYTES = (1 << 31) - 1
"""Bytes that Arrow reads at once."""


class Piece(NamedTuple):
    """Some lines of a file."""

    first_line: int
    """Number of the first line."""
    num_lines: int
    blocks: list[bytes]
    columns: pl.DataFrame | None = None
    """A row for every line; None if a line is not as the schema says."""


def read_pieces(path: Path, schema: pa.Schema | None) -> Iterator[Piece]:
    """Yield a file's lines, about `PIECE_ROWS` at a time.

    Args:
        path: JSON lines, compressed as the ending says.
        schema: The fields that are read. A field of type null must be null or missing. None: no piece has columns.
    """
    pieces = prefetch(_join_blocks(lines.read_blocks(path)))
    return pieces if schema is None else map_concurrently(partial(_add_columns, schema=schema), pieces)


def _join_blocks(blocks: Iterable[bytes]) -> Iterator[Piece]:
    first_line, num_lines, num_bytes, group = 1, 0, 0, list[bytes]()
    for block in blocks:
        num_lines += lines.count_lines(block)
        num_bytes += len(block)
        group.append(block)
        if num_lines >= lines.PIECE_ROWS or num_bytes >= lines.PIECE_BYTES:
            yield Piece(first_line, num_lines, group)
            first_line, num_lines, num_bytes, group = first_line + num_lines, 0, 0, []
    if group:
        yield Piece(first_line, num_lines, group)


def _add_columns(piece: Piece, schema: pa.Schema) -> Piece:
    return piece._replace(columns=_decode_columns(b"".join(piece.blocks), piece.num_lines, schema))


def _decode_columns(raw: bytes, num_lines: int, schema: pa.Schema) -> pl.DataFrame | None:
    if not raw.startswith(b"{") or len(raw) > MAX_BYTES:  # a null on the first line crashes Arrow 26
        return None
    read_options = pj.ReadOptions(use_threads=False, block_size=len(raw))
    parse_options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        table = pj.read_json(pa.BufferReader(raw), read_options, parse_options)
        table.validate(full=True)  # that texts are UTF-8
    except pa.ArrowInvalid:
        return None
    columns: Any = pl.from_arrow(table)
    # NaN is not JSON, and a row of nulls may be a line that is `null`.
    is_odd = pl.any_horizontal(~cs.float().is_finite(), pl.all_horizontal(pl.all().is_null())).any()
    return None if columns.height != num_lines or columns.select(is_odd).item() else columns
