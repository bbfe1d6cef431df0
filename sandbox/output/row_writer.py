"""Rows as Parquet and CSV, written as they come, so that a table may be larger than memory."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from sandbox.core.question import Question
from sandbox.files import replace_file
from sandbox.prompting.render import render
from sandbox.runtime.log import DecisionLog
from sandbox.tables import table_files

LogRow: TypeAlias = dict[str, Any]

CHUNK = 50_000
"""Rows that are held in memory at once."""


class RowWriter:
    """Two open files, Parquet and CSV, that get the same rows."""

    def __init__(self, columns: Mapping[str, str], path: Path) -> None:
        """Open the files.

        Args:
            columns: Name and Arrow type of every column.
            path: Where to write, without a suffix.
        """
        import pyarrow as pa
        from pyarrow import csv, parquet

        self.files = table_files(path)
        self._schema = pa.schema(list(columns.items()))
        self._rows: list[LogRow] = []
        self._stack = ExitStack()
        drafts = [self._stack.enter_context(replace_file(file)) for file in self.files]
        self._writers: list[Any] = [
            self._stack.enter_context(parquet.ParquetWriter(drafts[1], self._schema)),
            self._stack.enter_context(csv.CSVWriter(drafts[0], self._schema)),
        ]

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write what is left and name the files; after an error, delete them."""
        if error is not None:
            self._stack.__exit__(kind, error, traceback)
            return
        with self._stack:
            self._flush()

    def write(self, row: LogRow) -> None:
        """Write a row, sooner or later."""
        self._rows.append(row)
        if len(self._rows) >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            table: pa.Table = pa.Table.from_pylist(self._rows, self._schema)
            for writer in self._writers:
                writer.write_table(table)
        self._rows.clear()


class PromptedRows:
    """Listens to a replay and writes every decision with the text of its prompt."""

    def __init__(self, log: DecisionLog, writer: RowWriter, decode: Callable[[LogRow], LogRow]) -> None:
        """Take where decisions come from and go to.

        Args:
            log: The run's, open.
            writer: Of rows with the column `prompt`.
            decode: Turns a row of the log into one of the export.
        """
        self._log, self._writer, self._decode = log, writer, decode
        self._num_batches = 0

    def add(self, questions: Sequence[Question[Any]]) -> None:
        """Write a batch of questions with its rows of the log."""
        rows = self._log.decisions("batch = ?", (self._num_batches,))
        for question, row in zip(questions, rows, strict=True):
            self._writer.write({**self._decode(row), "prompt": render(question).as_text()})
        self._num_batches += 1
