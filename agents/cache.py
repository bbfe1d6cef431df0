"""The answer cache: answers of language models, kept across runs so that no question is answered twice.

A key covers model, adapter, prompt, form, sampling, seed and replicate. A repeated run therefore costs no model calls,
and replicates never share an entry. The file can be deleted at any time.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from sandbox.core.answer import Answer
from sandbox.errors import DataError

_KEYS_PER_QUERY = 500
"""SQLite limits the number of variables in a statement (999 before version 3.32)."""


class AnswerCache:
    """An SQLite file that maps keys to answers; several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS answer (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
        except sqlite3.Error as error:
            raise DataError(
                f"the answer cache {path} cannot be used ({error}); delete it or set cache=false"
            ) from error

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Answer]:
        """Return the cached answers, without the keys that have none."""
        try:
            return dict(self._rows(keys))
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise DataError(
                f"the answer cache {self.path} cannot be read ({error}); delete it or set cache=false"
            ) from error

    def add(self, answers: Mapping[bytes, Answer]) -> None:
        """Store answers in one transaction; existing entries stay as they are."""
        rows = [(key, _ENCODER.encode(answer)) for key, answer in answers.items()]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR IGNORE INTO answer VALUES (?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise DataError(f"the answer cache {self.path} cannot be written ({error}); set cache=false") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _rows(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, Answer]]:
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            batch = keys[start : start + _KEYS_PER_QUERY]
            marks = ", ".join("?" * len(batch))
            for key, value in self._db.execute(f"SELECT key, value FROM answer WHERE key IN ({marks})", batch):
                yield key, _DECODER.decode(value)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Answer)
