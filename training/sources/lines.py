"""Lines of large files: plain, gzip or zstandard, decompressed and decoded block by block.

A block is decoded at once. Only if that fails is it decoded line by line, so that a bad line costs itself and nothing
else. Compressed data that ends too early is an error: otherwise half a file would pass for a small one.
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
from training.pipeline.concurrency import prefetch
from training.sources.source import Rejects

BLOCK_BYTES = 1 << 20
"""Bytes that are read at once, after gzip; a block decoded right after it was read is still in the CPU's cache."""
COMPRESSED_BYTES = 1 << 16
"""Bytes of zstandard that are decompressed at once, to about ten times as many."""
PREFETCHED_BLOCKS = 4
"""Blocks that are decompressed before they are needed."""
MAX_WINDOW = 1 << 31
"""Pushshift's files are compressed with windows as long as this."""
PIECE_ROWS = 50_000
"""Rows that are in memory at once."""
PIECE_BYTES = 1 << 26
"""Bytes of lines that are in memory at once, if fewer rows have as many."""

T = TypeVar("T")
ColumnInteger: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""An integer that fits into a column."""


class JsonLines(Generic[T]):
    """JSON objects, one a line, each decoded into a msgspec type; other fields are skipped without being decoded."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def read_file(self, path: Path, rejects: Rejects) -> Iterator[list[T]]:
        """Yield the objects, about `PIECE_ROWS` at a time, in order; bad lines go to `rejects`."""
        for _, objects in self.decode_blocks(read_blocks(path), rejects):
            yield objects

    def decode_blocks(
        self, blocks: Iterable[bytes], rejects: Rejects, first_line: int = 1
    ) -> Iterator[tuple[list[int], list[T]]]:
        """Yield the objects of blocks of lines, with the numbers of their lines."""
        pieces = self._decode_pieces(blocks, rejects, first_line)
        while True:
            with _pause_garbage_collector():
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    def _decode_pieces(
        self, blocks: Iterable[bytes], rejects: Rejects, line: int
    ) -> Iterator[tuple[list[int], list[T]]]:
        num_bytes, numbers, objects = 0, list[int](), list[T]()
        for block in blocks:
            try:
                decoded_lines = self._decoder.decode_lines(block)
            except (msgspec.DecodeError, UnicodeDecodeError):
                decoded_lines = None
            num_lines = count_lines(block)
            # msgspec skips blank lines, after which the numbers of lines would be wrong.
            if decoded_lines is not None and len(decoded_lines) == num_lines:
                numbers += range(line, line + num_lines)
                objects += decoded_lines
            else:
                for number, decoded_line in self._decode_one_by_one(block, line, rejects):
                    numbers.append(number)
                    objects.append(decoded_line)
            line += num_lines
            num_bytes += len(block)
            if len(objects) >= PIECE_ROWS or num_bytes >= PIECE_BYTES:
                yield numbers, objects
                num_bytes, numbers, objects = 0, [], []
        if objects:
            yield numbers, objects

    def _decode_one_by_one(self, block: bytes, first_line: int, rejects: Rejects) -> Iterator[tuple[int, T]]:
        """Yield the objects of a block that has a line that is blank or no such object."""
        for number, line in _number_lines(block, first_line):
            try:
                yield number, self._decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                rejects.add(number, str(error), line)


def select_fields(names: Iterable[str], default: Any) -> tuple[type[msgspec.Struct], dict[str, str]]:
    """Return a type for `JsonLines` that has only these fields, and the attribute of each.

    Args:
        names: Fields of an object; no quotes, backslashes or control characters in them.
        default: The value of a field that an object lacks.
    """
    attributes = {name: f"_{number}" for number, name in enumerate(names)}
    fields: list[Any] = [(attribute, Any, default) for attribute in attributes.values()]
    renamed = {attribute: name for name, attribute in attributes.items()}
    return msgspec.defstruct("SelectedFields", fields, rename=renamed, gc=False), attributes


@contextmanager
def _pause_garbage_collector() -> Generator[None]:
    """Pause the garbage collector, which would look at all decoded objects again and again: JSON has no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _number_lines(block: bytes, first_line: int) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(block.split(b"\n"), first_line):
        if line.strip():
            yield number, line


def read_csv_rows(path: Path, rejects: Rejects, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file with the numbers of their first lines; what is no CSV goes to `rejects`."""
    texts = (decode_text(line) for block in read_blocks(path) for line in block.splitlines(keepends=True))
    reader = csv.reader(texts, delimiter=delimiter)
    while True:
        before = reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            rejects.add(before + 1, str(error), "", reader.line_num - before)
            continue
        if row:
            yield before + 1, row


def name_columns(
    rows: Iterable[tuple[int, list[str]]], names: Sequence[str], rejects: Rejects
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield rows as dictionaries; rows with more or fewer columns go to `rejects`."""
    for number, row in rows:
        if len(row) == len(names):
            yield number, dict(zip(names, row, strict=True))
        else:
            num_lines = 1 + sum(cell.count("\n") for cell in row)  # a quote that is never closed swallows what follows
            rejects.add(number, f"{len(row)} columns instead of {len(names)}", ",".join(row), num_lines)


def decode_text(raw: bytes) -> str:
    """Return text from UTF-8, or else from Windows-1252; a byte order mark and bytes that are neither are dropped."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "ignore")


def split_pieces(rows: Iterable[T]) -> Iterator[list[T]]:
    """Yield the rows, `PIECE_ROWS` at a time."""
    iterator = iter(rows)
    while piece := list(islice(iterator, PIECE_ROWS)):
        yield piece


def count_lines(block: bytes) -> int:
    """Return the number of lines, the last of which may lack its end."""
    return block.count(b"\n") + (not block.endswith(b"\n"))


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield blocks of complete lines; raise `DataError` if the compressed data is broken."""
    rest: list[bytes] = []
    try:
        for piece in prefetch(_decompress(path), PREFETCHED_BLOCKS):
            if end := piece.rfind(b"\n") + 1:
                yield b"".join((*rest, memoryview(piece)[:end]))
                rest = []
            rest.append(piece[end:])
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); download the file again") from error
    if (last := b"".join(rest)).strip():
        yield last


def _decompress(path: Path) -> Iterator[bytes]:
    """Yield the file's bytes, decompressed as its ending says."""
    with path.open("rb") as raw:
        if path.suffix == ".zst":
            yield from _decompress_zstandard(raw)
            return
        file = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        while piece := file.read(BLOCK_BYTES):
            yield piece


def _decompress_zstandard(file: IO[bytes]) -> Iterator[bytes]:
    """Yield frame after frame, since only so does it show if the last one is incomplete."""
    rest = file.read(COMPRESSED_BYTES)
    while rest:
        frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
        while not frame.eof:
            if not rest:
                raise EOFError("the last frame is incomplete")
            yield frame.decompress(rest)
            rest = frame.unused_data if frame.eof else file.read(COMPRESSED_BYTES)
        rest = rest or file.read(COMPRESSED_BYTES)
