"""Errors in a user's own code: one sentence that names file and line, then the line itself, instead of a traceback.

A world, a rule, a figure or a mind can be anybody's code and raise anything. Errors of the project's own packages are
bugs: they pass through and keep their traceback.
"""

import ast
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from traceback import FrameSummary
from typing import Any

from sandbox.errors import ConfigError, ContractError, SandboxError, UserCodeError

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


def explain_import(error: Exception | SystemExit, subject: str) -> SandboxError:
    """Return what a user's module raised when it was imported, with the line that raised it.

    Args:
        error: What it raised; a `SandboxError` keeps its message.
        subject: What was being done, as the subject of "raised".
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(frame.filename, "")]
    place = frames[-1] if frames else None
    if isinstance(error, SyntaxError) and error.filename:
        place = FrameSummary(error.filename, error.lineno, "<module>", line=(error.text or "").strip())
    if isinstance(error, SandboxError):
        if place is not None and not hasattr(error, "__notes__"):
            error.add_note(_quote(place))
        return error
    if place is None:
        return ConfigError(f"{subject} raised {type(error).__name__}: {_shorten(error)}")
    return _explain(error, subject, place)


def note_declaration(error: ContractError, kind: type, attribute: str) -> None:
    """Note where a class, or the one that it inherits from, declares an attribute, and how to get the traceback.

    Args:
        error: What is wrong with it.
        kind: The class.
        attribute: Its name; where no line of the user's assigns it, such as one that a decorator fills, the class
            itself is named.
    """
    owner = next((base for base in kind.__mro__ if attribute in vars(base)), kind)
    file = _source_file(owner)
    place = (_assignment(owner, attribute) if _is_users(file, file) else None) or _definition(kind)
    if place is not None:
        error.add_note(_quote(place))
    error.add_note(DEBUG_HINT)


def _assignment(kind: type, attribute: str) -> FrameSummary | None:
    """Return where the body of a class assigns an attribute or defines a method of that name; None if nowhere."""
    try:
        lines, start = inspect.getsourcelines(kind)
    except (OSError, TypeError):
        return None
    [body] = ast.parse(dedent("".join(lines))).body
    for node in getattr(body, "body", []):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        names = [getattr(target, "id", "") for target in targets] + [getattr(node, "name", "")]
        if attribute in names:
            return FrameSummary(_source_file(kind), start + node.lineno - 1, kind.__qualname__)
    return None


def _add_place(error: SandboxError, code: Any) -> None:
    """Note where the user's code caused an error, unless that is noted already."""
    place = _find_place(error, code)
    if place is None and isinstance(error, ContractError):
        place = _definition(code)
    if place is not None and not hasattr(error, "__notes__"):
        error.add_note(_quote(place))


def _explain(error: Exception | SystemExit, subject: str, place: FrameSummary) -> UserCodeError:
    where = f"{Path(place.filename).name}:{place.lineno} in {place.name}"
    explained = UserCodeError(f"{subject} raised {type(error).__name__}: {_shorten(error)}, at {where}")
    explained.add_note(_quote(place))
    explained.add_note(DEBUG_HINT)
    return explained


def _shorten(error: BaseException) -> str:
    """Return the message of an error on one line that is not too long."""
    reason = " ".join(str(error).split())
    return reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]}…"


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
