"""Folders that a user names for output: made before any work, or one sentence that says why not."""

from pathlib import Path

from sandbox.errors import MAX_PATH_CHARS, DataError


def make_folder(folder: Path, setting: str) -> Path:
    """Make a folder for output, with its parents, if it is not there; return it.

    Args:
        folder: What the user named.
        setting: The setting or argument that named it, for the error.

    Raises:
        DataError: It cannot be made: a file is in its place, its name is too long, or the place is read-only.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # a name with a NUL is a wrong value
        path = str(folder)
        shown = path if len(path) <= MAX_PATH_CHARS else f"{path[: MAX_PATH_CHARS - 3]}..."
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"cannot create the folder {shown} ({reason}); name another {setting}") from error
    return folder
