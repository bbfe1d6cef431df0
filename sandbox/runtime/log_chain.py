"""The chain of hashes over a decision log: each batch holds a hash of what it stores and of the batch before it.

A value that was flipped, edited, added or lost is noticed in the first batch that does not fit its hash, and everything
before that batch is known to be intact. One more hash, the ending, covers the interventions after the last batch. The
hash has no key, so it proves nothing against somebody who computes the chain anew.
"""

import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

import msgspec

from sandbox.errors import DataError
from sandbox.runtime.log_rows import TABLES

FIRST_LINK = b""
"""What stands for the hash of the batch before the first one."""
LAST_STEP = 2**63 - 1
"""Largest step that SQLite can store."""

Row: TypeAlias = tuple[Any, ...]


class StoredBatch(NamedTuple):
    """One batch as the log stores it."""

    batch: Row
    """Row of the table `batch`; its hash comes last."""
    interventions: list[Row]
    """What happened after the step of the batch before, up to the step of this one."""
    decisions: list[Row]


class DamagedLogError(DataError):
    """A log does not hold what was written to it."""

    def __init__(self, num_intact: int, reason: str, sentence: str = "") -> None:
        super().__init__(sentence or reason)
        self.num_intact = num_intact
        """Number of batches before the damage."""
        self.reason = reason


def hash_batch(link: bytes, batch: Row, interventions: Iterable[Row], decisions: Iterable[Row]) -> bytes:
    """Return the 16-byte hash of a batch; `link` is that of the batch before, and `batch` has none yet."""
    state = blake2b(link, digest_size=16)
    for row in (batch, *interventions, *decisions):
        state.update(_ENCODER.encode(row))
    return state.digest()


def write_ending(db: sqlite3.Connection) -> None:
    """Store the hash of the last batch with all interventions after it; every transaction ends with this."""
    last = db.execute("SELECT hash, step FROM batch ORDER BY batch DESC LIMIT 1").fetchone()
    link, last_step = last or (FIRST_LINK, -1)
    db.execute("DELETE FROM ending")
    db.execute("INSERT INTO ending VALUES (?)", (_hash_ending(db, link, last_step),))


def _hash_ending(db: sqlite3.Connection, link: bytes, last_step: int) -> bytes:
    interventions = read_interventions(db, last_step, LAST_STEP)
    # their number too, so that none can hide at a step that no batch and no step after the last one can have
    number = db.execute("SELECT count(*) FROM intervention").fetchone()
    return hash_batch(link, number, interventions, ())


def read_interventions(db: sqlite3.Connection, after: int, until: int) -> list[Row]:
    """Return the interventions of the steps after `after`, up to `until`, in a fixed order."""
    if after == until:
        return []
    query = "SELECT * FROM intervention WHERE step > ? AND step <= ? ORDER BY step, arm, seed, number"
    return db.execute(query, (after, until)).fetchall()


def read_batches(db: sqlite3.Connection) -> Iterator[StoredBatch]:
    """Yield the batches of a log in order, each checked against its hash.

    Raises:
        DamagedLogError: A batch cannot be read or does not fit its hash, or there is more than batches in order, or
            other interventions after the last batch than were recorded.
    """
    link, last_step, num_decisions, number = FIRST_LINK, -1, 0, 0
    while (stored := _read_batch(db, number, last_step)) is not None:
        *batch, expected = stored.batch
        if hash_batch(link, tuple(batch), stored.interventions, stored.decisions) != expected:
            raise DamagedLogError(number, f"batch {number} does not fit its hash")
        yield stored
        link, last_step, number = expected, batch[1], number + 1
        num_decisions += len(stored.decisions)
    _refuse_strays(db, number, num_decisions)
    _check_ending(db, number, link, last_step)


def check_damage(db: sqlite3.Connection) -> None:
    """Read a log completely.

    Raises:
        DamagedLogError: It is damaged; the error says how many batches come before the damage.
    """
    num_intact = sum(1 for _ in read_batches(db))
    with _explain_unreadable(num_intact):
        structure = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        db.execute("SELECT * FROM intervention").fetchall()
    if structure != "ok":
        raise DamagedLogError(num_intact, f"its pages do not fit together: {' '.join(structure.split())}")


def count_intact(db: sqlite3.Connection) -> int:
    """Return the number of batches before any damage."""
    number = 0
    with suppress(DamagedLogError):
        for number, _ in enumerate(read_batches(db), 1):  # noqa: B007  # the last number is what is wanted
            pass
    return number


def has_tables(db: sqlite3.Connection) -> bool:
    """Return whether an SQLite file has the tables of a decision log of this version, and no code of its own."""
    with suppress(sqlite3.Error):
        has_triggers = db.execute("SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone()
        return not has_triggers and TABLES.items() <= dict(db.execute("SELECT name, sql FROM sqlite_master")).items()
    return False


def _read_batch(db: sqlite3.Connection, number: int, last_step: int) -> StoredBatch | None:
    """Return a batch as it is stored; None after the last one."""
    with _explain_unreadable(number):
        batch: Row | None = db.execute("SELECT * FROM batch WHERE batch = ?", (number,)).fetchone()
        if batch is None:
            return None
        query = "SELECT * FROM decision WHERE batch = ? ORDER BY position_in_batch"
        return StoredBatch(batch, read_interventions(db, last_step, batch[1]), db.execute(query, (number,)).fetchall())


def _refuse_strays(db: sqlite3.Connection, num_batches: int, num_decisions: int) -> None:
    with _explain_unreadable(num_batches):
        counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("batch", "decision")]
    if counts != [num_batches, num_decisions]:
        raise DamagedLogError(num_batches, f"after batch {num_batches - 1} there are rows that belong to no batch")


def _check_ending(db: sqlite3.Connection, num_batches: int, link: bytes, last_step: int) -> None:
    with _explain_unreadable(num_batches):
        endings = db.execute("SELECT hash FROM ending").fetchall()
        is_intact = endings == [(_hash_ending(db, link, last_step),)]
    if not is_intact:
        raise DamagedLogError(num_batches, f"after batch {num_batches - 1} there are other rows than were written")


@contextmanager
def _explain_unreadable(number: int) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        # SQLite repeats the text that is no UTF-8, which no terminal should get.
        reason = "a text is not UTF-8" if str(error).startswith("Could not decode") else str(error)
        raise DamagedLogError(number, f"batch {number} cannot be read ({reason})") from error


def _to_plain(value: Any) -> Any:
    """Return the plain value of a type that derives from one that SQLite stores, such as NumPy's text."""
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"a decision log cannot store {value!r}")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_to_plain)
