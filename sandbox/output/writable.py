"""Where results go: the file that was named, or another folder if that of a run cannot be written."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

from sandbox.errors import DataError
from sandbox.files import replace_text

PROBE = bytes(1 << 16)
"""What is written to find out whether there is room for a small table."""


def writable_folder(folder: Path, substitute: Path, notify: Callable[[str], None]) -> Path:
    """Return a folder, or a substitute where nothing can be written into it. Neither is made.

    Args:
        folder: The usual one.
        substitute: The other one.
        notify: Is told that the substitute is used, and why.

    Raises:
        OSError: Neither can be written.
    """
    try:
        _try_to_write(folder)
    except OSError as error:
        _try_to_write(substitute)
        notify(f"{folder} cannot be written ({error.strerror}), so files go to {substitute}.")
        return substitute
    return folder


def write_named(path: Path, text: str) -> None:
    """Write the text file that `--to` names.

    Raises:
        DataError: It cannot be written.
    """
    try:
        replace_text(path, text)
    except OSError as error:
        raise DataError(f"cannot write --to {path} ({error.strerror}); name a file in a folder that exists") from error


def _try_to_write(folder: Path) -> None:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    with TemporaryFile(dir=existing) as file:
        file.write(PROBE)
