"""Going back to what is intact of a damaged decision log."""

import shutil
import sqlite3
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

from sandbox.runtime.log_chain import DamagedLogError, read_batches, write_ending
from sandbox.runtime.log_file import (
    SHARED_MEMORY,
    WAL,
    check_identity,
    connect_for_reading,
    lock_log,
    remove_log,
    side_file,
)
from sandbox.runtime.log_rows import INSERT, SCHEMA


def drop_damaged(path: Path) -> Path:
    """Replace a log by its batches before any damage, and keep the damaged file; return where it is.

    A kill on the way leaves a log that can be repaired again.

    Raises:
        DataError: It is a decision log of another version, or none.
        SandboxError: Another process writes the log.
    """
    draft = path.with_name(f"{path.stem}.repair{path.suffix}")
    with lock_log(path):
        remove_log(draft)
        _copy_intact(path, draft)
        kept_file = _free_name(path)
        shutil.copy2(path, kept_file)
        # SQLite would read a write-ahead log of the damaged file into the new one.
        if (wal := side_file(path, WAL)).exists():
            wal.replace(side_file(kept_file, WAL))
        side_file(path, SHARED_MEMORY).unlink(missing_ok=True)
        draft.replace(path)
    return kept_file


def _copy_intact(path: Path, draft: Path) -> None:
    with closing(connect_for_reading(path)) as db, closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        with suppress(DamagedLogError):
            check_identity(path, db)
        copy.executescript(SCHEMA)
        with suppress(DamagedLogError), copy:
            copy.execute("BEGIN")
            for stored in read_batches(db):
                copy.executemany(INSERT["decision"], stored.decisions)
                copy.executemany(INSERT["intervention"], stored.interventions)
                copy.execute(INSERT["batch"], stored.batch)
        write_ending(copy)


def _free_name(path: Path) -> Path:
    """Return the name under which a damaged file is kept; earlier ones stay."""
    names = (f"{path.stem}.damaged{number or ''}{path.suffix}" for number in count())
    return next(path.with_name(name) for name in names if not path.with_name(name).exists())
