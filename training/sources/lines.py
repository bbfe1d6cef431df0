"""Lines of large files: plain, gzip or zstandard, decompressed and decoded block by block.

A block is decoded at once; only where that fails, line by line, so that a bad line costs itself and nothing else.
Compressed data that ends too early is an error: half a file would pass for a small one.
"""

import csv
import gc
import gzip
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
import zstandard

from sandbox.errors import DataError
from training.sources.source import Rejects
from training.threads import ahead

BLOCK = 1 << 20
"""Bytes that are read at once, after gzip; what is decoded right after it was read is still in the CPU's cache."""
COMPRESSED = 1 << 16
"""Bytes of zstandard that are decompressed at once, to about ten times as many."""
AHEAD = 4
"""Pieces that are decompressed before they are needed."""
MAX_WINDOW = 1 << 31
"""Pushshift's files are compressed with windows as long as this."""
ROWS = 50_000
"""Rows that are held at once."""
HELD = 1 << 26
"""Bytes of lines that are held at once, where fewer rows have as many."""

T = TypeVar("T")
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""An integer that fits into a column."""


class JsonLines(Generic[T]):
    """JSON objects, one a line, each decoded into a msgspec type; other fields are skipped without being decoded."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, path: Path, rejects: Rejects) -> Iterator[list[T]]:
        """The objects, about `ROWS` at a time, in order; bad lines go to `rejects`."""
        for _, found in self.numbered(blocks(path), rejects):
            yield found

    def numbered(self, some: Iterable[bytes], rejects: Rejects, first: int = 1) -> Iterator[tuple[list[int], list[T]]]:
        """The same of blocks of lines, with the numbers of the lines, the first of which is `first`."""
        pieces = self._pieces(some, rejects, first)
        while True:
            with _uncollected():
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    def _pieces(self, some: Iterable[bytes], rejects: Rejects, line: int) -> Iterator[tuple[list[int], list[T]]]:
        held, numbers, found = 0, list[int](), list[T]()
        for block in some:
            try:
                several = self._decoder.decode_lines(block)
            except (msgspec.DecodeError, UnicodeDecodeError):
                several = None
            number_of_lines = lines_in(block)
            if several is not None and len(several) == number_of_lines:
                numbers += range(line, line + len(several))
                found += several
            else:
                for number, one in self._one_by_one(block, line, rejects):
                    numbers.append(number)
                    found.append(one)
            line += number_of_lines
            held += len(block)
            if len(found) >= ROWS or held >= HELD:
                yield numbers, found
                held, numbers, found = 0, [], []
        if found:
            yield numbers, found

    def _one_by_one(self, block: bytes, first: int, rejects: Rejects) -> Iterator[tuple[int, T]]:
        """Where a line is blank or no object."""
        for number, text in _numbered(block, first):
            try:
                yield number, self._decoder.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                rejects.add(number, str(error), text)


def picked(names: Iterable[str], nothing: Any) -> tuple[type[msgspec.Struct], dict[str, str]]:
    """A type for `JsonLines` with these fields alone, and the attribute of each.

    Args:
        names: Of an object's fields; no quotes, backslashes or control characters in them.
        nothing: The value of a field that an object lacks.
    """
    slots = {name: f"_{number}" for number, name in enumerate(names)}
    fields: list[Any] = [(slot, Any, nothing) for slot in slots.values()]
    kind = msgspec.defstruct("Picked", fields, rename={slot: name for name, slot in slots.items()}, gc=False)
    return kind, slots


@contextmanager
def _uncollected() -> Generator[None]:
    """Without the garbage collector, which would look at all that is decoded again and again: JSON has no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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


def lines_in(block: bytes) -> int:
    """Number of lines, the last of which may lack its end."""
    return block.count(b"\n") + (not block.endswith(b"\n"))


def blocks(path: Path) -> Iterator[bytes]:
    """Blocks of whole lines; raises `DataError` where the compressed data is broken."""
    rest: list[bytes] = []
    try:
        for piece in ahead(_unpacked(path), AHEAD):
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
