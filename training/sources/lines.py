"""Lines of large files: plain, gzip or zstandard, decompressed and decoded block by block.

A block is decoded at once; only where that fails, line by line, so that a bad line costs itself and nothing else.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Generic, TypeVar, cast

import msgspec
import zstandard

from sandbox.errors import DataError
from training.sources.source import Rejects

BLOCK = 8 << 20
"""Bytes that are decoded at once."""
MAX_WINDOW = 1 << 31
"""Pushshift's files are compressed with windows as long as this."""

T = TypeVar("T")


class JsonLines(Generic[T]):
    """JSON objects, one a line, each decoded into a msgspec type; other fields are skipped without being decoded."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, path: Path, rejects: Rejects) -> Iterator[list[T]]:
        """The objects of each block, in order; bad lines go to `rejects`."""
        line = 1
        for block in blocks(path):
            try:
                yield self._decoder.decode_lines(block)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield list(self._one_by_one(block, line, rejects))
            line += block.count(b"\n")

    def _one_by_one(self, block: bytes, first: int, rejects: Rejects) -> Iterator[T]:
        for number, text in enumerate(block.split(b"\n"), first):
            if not text.strip():
                continue
            try:
                yield self._decoder.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                rejects.add(number, str(error), text)


def blocks(path: Path) -> Iterator[bytes]:
    """Blocks of whole lines; raises `DataError` where the compressed data is broken."""
    rest = b""
    try:
        with opened(path) as file:
            while piece := file.read(BLOCK):
                end = piece.rfind(b"\n") + 1
                if end:
                    yield rest + piece[:end]
                    rest = piece[end:]
                else:
                    rest += piece
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); fetch the file anew") from error
    if rest.strip():
        yield rest


def opened(path: Path) -> IO[bytes]:
    """The file's bytes, decompressed by its ending."""
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if path.suffix == ".zst":
        stream = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(
            path.open("rb"), read_across_frames=True, closefd=True
        )
        return io.BufferedReader(stream, BLOCK)
    return path.open("rb")
