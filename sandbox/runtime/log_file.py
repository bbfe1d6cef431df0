"""The file of a decision log: who may open it, how it is read where nobody can write, and whether it is intact."""

import fcntl
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from sandbox.errors import DataError, SandboxError
from sandbox.runtime.log_chain import DamagedLogError, check_damage, count_intact, has_tables
from sandbox.runtime.log_rows import APPLICATION_ID, EARLIER_IDS

WAL, SHARED_MEMORY = "-wal", "-shm"
"""What SQLite appends to the name of a file for its write-ahead log and for the memory that processes share."""


def side_file(path: Path, suffix: str) -> Path:
    """Return the file that SQLite keeps beside a log; `suffix` is `WAL` or `SHARED_MEMORY`."""
    return path.with_name(path.name + suffix)


def lock_log(path: Path) -> IO[str]:
    """Return a file that keeps other processes from writing a log until it is closed.

    Raises:
        SandboxError: Another process writes the log.
    """
    lock = path.with_suffix(".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise SandboxError(f"another process is writing {path}; wait for it or stop it") from error
    return lock


def remove_log(path: Path) -> None:
    """Remove a log, if there is one, with what SQLite keeps beside it."""
    for file in (path, side_file(path, WAL), side_file(path, SHARED_MEMORY)):
        file.unlink(missing_ok=True)


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open a log for reading, also on a disk on which nothing can be written, such as a full or read-only one.

    A log is read together with its write-ahead log, for which SQLite must create a file beside it. Where it cannot, a
    log without a write-ahead log is read alone, and one with it is merged in memory.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    db = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        db.execute("PRAGMA application_id")
    except sqlite3.OperationalError:
        db.close()
        wal = side_file(path, WAL)
        if wal.is_file() and wal.stat().st_size:
            return _merge_in_memory(path)
        return sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None)
    except sqlite3.DatabaseError:  # what is wrong with the file is for `check_log` to say
        return db
    return db


def check_log(path: Path, db: sqlite3.Connection) -> None:
    """Raise `DataError` unless a file is a decision log of this version and holds what was written to it."""
    try:
        check_identity(path, db)
        check_damage(db)
    except DamagedLogError as error:
        raise explain_damage(path, error) from error


def explain_damage(path: Path, error: DamagedLogError) -> DamagedLogError:
    """Return the error as a sentence that says where the log is and what to do."""
    command = f"`python -m sandbox resume {path.parent} --drop-damaged`"
    advice = (
        f"its first {error.num_intact} batches are intact: {command} continues after them and keeps the damaged file"
        if error.num_intact
        else f"none of its batches is intact: {command} begins again and keeps the damaged file"
    )
    sentence = f"{path} is damaged: {error.reason}; restore it from a copy, or, since {advice}"
    return DamagedLogError(error.num_intact, error.reason, sentence)


def check_identity(path: Path, db: sqlite3.Connection) -> None:
    """Check that a file is a decision log of this version.

    Raises:
        DamagedLogError: It is, or it was one; the error has no path yet.
        DataError: It is another file.
    """
    try:
        layout = db.execute("PRAGMA application_id").fetchone()[0]
        is_empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error as error:
        raise DamagedLogError(0, f"SQLite cannot read it ({error})") from error
    if layout in EARLIER_IDS:
        raise DataError(
            f"{path} is not a decision log of this version (id {layout:#x}) but of an earlier one; read it with the "
            "commit in its manifest.json, or run it again"
        )
    is_ours = has_tables(db)
    if is_ours != (layout == APPLICATION_ID) or is_empty:
        raise DamagedLogError(count_intact(db), "its header or its tables are not those of a decision log")
    if not is_ours:
        raise DataError(f"{path} is an SQLite file but not a decision log of this version (id {layout:#x})")


def _merge_in_memory(path: Path) -> sqlite3.Connection:
    """Return a copy in memory of a log and its write-ahead log."""
    merged = sqlite3.connect(":memory:", isolation_level=None)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        for suffix in ("", WAL):
            shutil.copyfile(side_file(path, suffix), side_file(copy, suffix))
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            db.backup(merged)
    return merged
