"""What a second thread does beside the work: make what is needed next, and write what was made.

Polars, Arrow and the decompressors hold no lock of Python's, so a thread is enough.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TypeVar

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.parquet as pq

SAMPLE = 1000
"""Rows that tell whether a column says the same again and again."""

S = TypeVar("S")
T = TypeVar("T")


def ahead(pieces: Iterable[T], number: int = 1) -> Iterator[T]:
    """The same, so many of them made before they are needed."""
    left = zip(pieces, strict=True)
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, left, None) for _ in range(number))
        while found := waiting.popleft().result():
            waiting.append(thread.submit(next, left, None))
            yield found[0]


def side_by_side(made: Callable[[S], T], pieces: Iterable[S], number: int = 2) -> Iterator[T]:
    """What is made of each piece, in order, of so many at the same time."""
    waiting = deque[Future[T]]()
    with ThreadPoolExecutor(number) as threads:
        for piece in pieces:
            waiting.append(threads.submit(made, piece))
            if len(waiting) > number:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Writer:
    """Parquet files of one piece of work, written while the next rows are made."""

    def __init__(self, folder: Path, name: str) -> None:
        self.rows: dict[str, int] = {}
        """Rows of each table."""
        self._folder, self._name = folder, name
        self._files: dict[str, pq.ParquetWriter] = {}
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the files; raises what the last piece did."""
        self._thread.shutdown()  # the last piece may begin a file
        with ExitStack() as stack:
            for file in self._files.values():
                stack.enter_context(file)
            self._wait()

    def write(self, table: str, frame: pl.DataFrame) -> None:
        """Add rows to a table, once those before are written: no more than two pieces are ever held."""
        self._wait()
        self.rows[table] = self.rows.get(table, 0) + frame.height
        self._last = self._thread.submit(self._write, table, frame)

    def finish(self, *tables: str) -> None:
        """Give the files of these tables their names, once they are whole."""
        for table in tables:
            if table in self._files:
                unfinished(self._path(table)).replace(self._path(table))

    def _write(self, table: str, frame: pl.DataFrame) -> None:
        arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if table not in self._files:
            path = self._path(table)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[table] = pq.ParquetWriter(
                unfinished(path),
                arrow.schema,
                compression="zstd",
                use_dictionary=_repetitive(frame),  # pyright: ignore[reportArgumentType]  # a list too
                write_statistics=False,
            )
        self._files[table].write_table(pa.Table.from_batches(arrow.to_batches(), arrow.schema))

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()

    def _path(self, table: str) -> Path:
        return self._folder / table / f"{self._name}.parquet"


def _repetitive(frame: pl.DataFrame) -> list[str]:
    """Columns of text that a dictionary makes shorter; for any other it only takes time."""
    some = frame.select(cs.string()).head(SAMPLE)
    return [one.name for one in some if one.n_unique() < some.height / 2]


def unfinished(path: Path) -> Path:
    """What a file is called until it is whole."""
    return path.with_suffix(".part")
