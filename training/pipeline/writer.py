"""The background writer: a unit's Parquet files are written by a thread while the next rows are computed."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.files import publish_file

SAMPLE_ROWS = 1000
"""Rows from which it is judged whether a column repeats its values."""


class Writer:
    """Parquet files of one unit, written while the next rows are computed."""

    def __init__(self, folder: Path, name: str) -> None:
        self.rows: dict[str, int] = {}
        """Rows of each table."""
        self._folder, self._name = folder, name
        self._files: dict[str, pq.ParquetWriter] = {}
        self._thread = ThreadPoolExecutor(1)
        self._latest: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files; raise the error of the latest piece, if it had one."""
        self._thread.shutdown()  # the latest piece may still open a file
        with ExitStack() as stack:
            for file in self._files.values():
                stack.enter_context(file)
            self._wait()

    def write(self, table: str, frame: pl.DataFrame) -> None:
        """Add rows to a table once the rows before are written, so that at most two pieces are in memory."""
        self._wait()
        self.rows[table] = self.rows.get(table, 0) + frame.height
        self._latest = self._thread.submit(self._write, table, frame)

    def finish(self, *tables: str) -> None:
        """Give the complete files of these tables their names."""
        for table in tables:
            if table in self._files:
                publish_file(partial_path(self._path(table)), self._path(table))

    def _write(self, table: str, frame: pl.DataFrame) -> None:
        arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if table not in self._files:
            path = self._path(table)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[table] = pq.ParquetWriter(
                partial_path(path),
                arrow.schema,
                compression="zstd",
                use_dictionary=_repetitive_columns(frame),  # pyright: ignore[reportArgumentType]  # a list too
                write_statistics=False,
            )
        self._files[table].write_table(pa.Table.from_batches(arrow.to_batches(), arrow.schema))

    def _wait(self) -> None:
        if self._latest is not None:
            self._latest.result()

    def _path(self, table: str) -> Path:
        return self._folder / table / f"{self._name}.parquet"


def partial_path(path: Path) -> Path:
    """Return the name that a file has until it is complete."""
    return path.with_suffix(".part")


def _repetitive_columns(frame: pl.DataFrame) -> list[str]:
    """Return the text columns that a dictionary makes smaller; for any other it only takes time."""
    sample = frame.select(cs.string()).head(SAMPLE_ROWS)
    return [column.name for column in sample if column.n_unique() < sample.height / 2]
