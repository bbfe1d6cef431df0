"""Errors in a user's own code: one sentence that names file and line, then the line itself, instead of a traceback.

A world, a rule, a figure or a mind can be anybody's code and raise anything. Errors of the project's own packages are
bugs: they pass through and keep their traceback.
"""

import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from traceback import FrameSummary
from typing import Any

from sandbox.errors import ContractError, SandboxError, UserCodeError

DEBUG_HINT = "  --debug prints the traceback"
_ROOT = Path(__file__).resolve().parents[1]
_OWN_FOLDERS = tuple(f"{_ROOT / package}/" for package in ("sandbox", "agents", "training", "experiments"))
"""Packages whose errors are bugs; a world in `worlds/` is somebody's own, like any other."""
_LIBRARY_FOLDERS = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))
_MAX_REASON = 300
"""Characters of an error's message that are shown."""


@contextmanager
def explain_user_code(describe: Callable[[], str], code: Callable[[], Any]) -> Generator[None]:
    """Turn an error in a user's own code into a `UserCodeError` that says where it happened.

    A `SandboxError` that a user's code caused keeps its message and gets the place.

    Args:
        describe: Says what was being done, as the subject of "raised"; called only if there is an error.
        code: Returns the class or function that was called; of help where it has returned something unusable.

    Raises:
        UserCodeError: Something else than a `SandboxError` was raised, by that code or by what it returned.
    """
    try:
        yield
    except SandboxError as error:
        _add_place(error, code())
        raise
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        place = _find_place(error, code()) or _definition(code())
        if place is None:
            raise
        raise _explain(error, describe(), place) from error


def _add_place(error: SandboxError, code: Any) -> None:
    """Note where the user's code caused an error, unless that is noted already."""
    place = _find_place(error, code)
    if place is None and isinstance(error, ContractError):
        place = _definition(code)
    if place is not None and not hasattr(error, "__notes__"):
        error.add_note(_quote(place))


def _explain(error: Exception | SystemExit, subject: str, place: FrameSummary) -> UserCodeError:
    reason = " ".join(str(error).split())
    reason = reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]}…"
    where = f"{Path(place.filename).name}:{place.lineno} in {place.name}"
    explained = UserCodeError(f"{subject} raised {type(error).__name__}: {reason}, at {where}")
    explained.add_note(_quote(place))
    explained.add_note(DEBUG_HINT)
    return explained


def _quote(place: FrameSummary) -> str:
    """Return the file, the line and its text."""
    line = f": {place.line}" if place.line else ""
    return f'  File "{place.filename}", line {place.lineno}{line}'


def _find_place(error: Exception | SystemExit, code: Any) -> FrameSummary | None:
    """Return the innermost place in the user's code that an error passed; None if it passed none."""
    file = _source_file(code)
    passed = traceback.extract_tb(error.__traceback__)[2:]  # after this module and the block that it explains
    frames = [frame for frame in passed if _is_users(frame.filename, file)]
    return frames[-1] if frames else None


def _definition(code: Any) -> FrameSummary | None:
    """Return where a user's class or function begins; None if it is the project's own."""
    file = _source_file(code)
    if not file or not _is_users(file, file):
        return None
    try:
        line = inspect.getsourcelines(code)[1]
    except (OSError, TypeError):
        return None
    return FrameSummary(file, line, getattr(code, "__qualname__", repr(code)))


def _is_users(file: str, users_file: str) -> bool:
    """Return whether a file is the user's own: neither the project's, nor a library's unless it is `users_file`."""
    if file.startswith("<") or file.startswith(_OWN_FOLDERS):
        return False
    return file == users_file or not (file.startswith(_LIBRARY_FOLDERS) or "site-packages" in file)


def _source_file(code: Any) -> str:
    """Return the file of a class or function, or of the class of any other object; empty if there is none."""
    code = code.__func__ if inspect.ismethod(code) else code
    kind = code if inspect.isfunction(code) or isinstance(code, type) else type(code)
    if inspect.isfunction(kind):
        return kind.__code__.co_filename
    return getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
