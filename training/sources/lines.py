"""Lines of large files: plain, gzip or zstandard, decompressed and decoded block by block.

A block is decoded at once; only where that fails, line by line, so that a bad line costs itself and nothing else.
Compressed data that ends too early is an error: half a file would pass for a small one.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Generic, TypeAlias, TypeVar

import msgspec
import zstandard

from sandbox.errors import DataError
from training.sources.source import Rejects

BLOCK = 1 << 20
"""Bytes that are read at once, after gzip; what is decoded right after it was read is still in the CPU's cache."""
COMPRESSED = 1 << 14
"""Bytes of zstandard that are decompressed at once, to about ten times as many."""
MAX_WINDOW = 1 << 31
"""Pushshift's files are compressed with windows as long as this."""
ROWS = 50_000
"""Rows that are held at once."""

T = TypeVar("T")
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""An integer that fits into a column."""


class JsonLines(Generic[T]):
    """JSON objects, one a line, each decoded into a msgspec type; other fields are skipped without being decoded."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, path: Path, rejects: Rejects) -> Iterator[list[T]]:
        """The objects, about `ROWS` at a time, in order; bad lines go to `rejects`."""
        line, found = 1, list[T]()
        for block in blocks(path):
            try:
                found += self._decoder.decode_lines(block)
            except (msgspec.DecodeError, UnicodeDecodeError):
                found += self._one_by_one(block, line, rejects)
            line += block.count(b"\n")
            if len(found) >= ROWS:
                yield found
                found = []
        if found:
            yield found

    def _one_by_one(self, block: bytes, first: int, rejects: Rejects) -> Iterator[T]:
        for number, text in _numbered(block, first):
            try:
                yield self._decoder.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                rejects.add(number, str(error), text)


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, each with its number."""
    first = 1
    for block in blocks(path):
        yield from _numbered(block, first)
        first += block.count(b"\n")


def _numbered(block: bytes, first: int) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(block.split(b"\n"), first):
        if line.strip():
            yield number, line


def csv_rows(path: Path, rejects: Rejects, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV file with the numbers of their last lines; what is no CSV goes to `rejects`."""
    texts = (decoded(line) for block in blocks(path) for line in block.splitlines(keepends=True))
    reader = csv.reader(texts, delimiter=delimiter)
    while True:
        before = reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            rejects.add(reader.line_num, str(error), "", reader.line_num - before)
            continue
        if row:
            yield reader.line_num, row


def named(
    rows: Iterable[tuple[int, list[str]]], names: Sequence[str], rejects: Rejects
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows as dictionaries; those that have more or fewer columns go to `rejects`."""
    for number, row in rows:
        if len(row) == len(names):
            yield number, dict(zip(names, row, strict=True))
        else:
            lost = 1 + sum(cell.count("\n") for cell in row)  # a quote that is never closed swallows what follows
            rejects.add(number, f"{len(row)} columns instead of {len(names)}", ",".join(row), lost)


def decoded(raw: bytes) -> str:
    """Text from UTF-8, or from Windows-1252 where it is not; a byte order mark and bytes that are neither are lost."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "ignore")


def in_pieces(rows: Iterable[T]) -> Iterator[list[T]]:
    """Rows, some at a time."""
    left = iter(rows)
    while piece := list(islice(left, ROWS)):
        yield piece


def blocks(path: Path) -> Iterator[bytes]:
    """Blocks of whole lines; raises `DataError` where the compressed data is broken."""
    rest: list[bytes] = []
    try:
        for piece in _unpacked(path):
            if end := piece.rfind(b"\n") + 1:
                yield b"".join((*rest, memoryview(piece)[:end]))
                rest = []
            rest.append(piece[end:])
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); fetch the file anew") from error
    if (last := b"".join(rest)).strip():
        yield last


def _unpacked(path: Path) -> Iterator[bytes]:
    """The file's bytes, decompressed by its ending."""
    with path.open("rb") as raw:
        if path.suffix == ".zst":
            yield from _zstandard(raw)
            return
        file = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        while piece := file.read(BLOCK):
            yield piece


def _zstandard(file: IO[bytes]) -> Iterator[bytes]:
    """Frame after frame: only so does it show when the last one is not whole."""
    rest = file.read(COMPRESSED)
    while rest:
        frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
        while not frame.eof:
            if not rest:
                raise EOFError("the last frame is not whole")
            yield frame.decompress(rest)
            rest = frame.unused_data if frame.eof else file.read(COMPRESSED)
        rest = rest or file.read(COMPRESSED)
