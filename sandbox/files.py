"""Write files whole or not at all, and hold a folder for one process at a time.

A file is written beside its place under another name, brought to the disk, and then renamed. So a kill, a full disk or
a power failure leaves the old file or the new one, never an empty one or a part.
"""

import fcntl
import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.folders import make_folder

LOCK = ".lock"
"""File in a folder whose lock stands for the right to write into the folder."""


@contextmanager
def replace_file(path: Path, *, is_private: bool = False) -> Generator[Path]:
    """Yield the path of a draft; when the block ends, the draft has replaced `path`. After an error, it is deleted.

    Args:
        path: The file to write; its folder exists.
        is_private: Whether only the owner may read it. The draft exists, empty, from the start.
    """
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)  # of a killed process, perhaps with other rights
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if is_private else 0o666))
    try:
        yield draft
        publish_file(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def replace_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) whole or not at all."""
    with replace_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def publish_file(draft: Path, path: Path) -> None:
    """Bring a complete draft to the disk and give it its name."""
    _sync(draft)
    draft.replace(path)
    with suppress(OSError):  # some file systems cannot bring a folder to the disk; the file itself is whole anyway
        _sync(path.parent)


@contextmanager
def replace_folder(path: Path) -> Generator[Path]:
    """Yield an empty draft of a folder; when the block ends, it has replaced `path`. After an error, it is deleted."""
    draft, old = (path.with_name(f".{path.name}.{state}") for state in ("part", "old"))
    if old.is_dir() and not path.exists():  # a process was killed between the two renames below
        old.rename(path)
    for leftover in (draft, old):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        sync_folder(draft)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if path.exists():
        path.rename(old)
    draft.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Bring all files of a folder to the disk, before another file says that they are complete."""
    for path in folder.rglob("*"):
        if path.is_file():
            _sync(path)


@contextmanager
def hold_folder(folder: Path, setting: str, *, is_patient: bool = False) -> Generator[None]:
    """Hold the right to write into a folder; make the folder. The system releases it even if the process is killed.

    Args:
        folder: The folder.
        setting: The setting that named it, for an error.
        is_patient: Whether to wait for another process, which writes for a moment only.

    Raises:
        DataError: The folder cannot be made.
        SandboxError: Another process holds it.
    """
    make_folder(folder, setting)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if is_patient else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SandboxError(
                f"another process is writing into {folder} (it holds {folder / LOCK}); wait for it or stop it, or name "
                "another folder"
            ) from error
        except OSError as error:
            print(f"{folder}: its file system has no locks ({error.strerror}); start one process only", file=sys.stderr)
        yield


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
