"""Errors that a user can fix: one sentence, no traceback, exit code 1.

Anything that is not a `SandboxError` is a bug of ours and keeps its traceback. A message says what is wrong, where,
what was found, and what to do.
"""

import errno
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches


class SandboxError(Exception):
    """Base of all errors that are printed as one message."""


class ConfigError(SandboxError):
    """A setting is unknown, of the wrong type or out of bounds."""


class ContractError(SandboxError):
    """A world or a mind broke its contract, or a log does not belong to the code that reads it."""


class BackendError(SandboxError):
    """A model, engine or server is missing or has failed."""


class DataError(SandboxError):
    """A file that the user named cannot be used as it is."""


def exit_code(command: Callable[[], int], interruption: str) -> int:
    """Run a command and return its exit code.

    Args:
        command: Returns its own exit code. An error that the user can fix becomes one line on stderr and exit code 1.
        interruption: What to say after Ctrl-C, which becomes exit code 130.
    """
    try:
        return command()
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {explain_write_error(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nstopped; {interruption}", file=sys.stderr)
        return 130


def explain_write_error(error: OSError) -> str:
    """Return one sentence on a disk that is full, over its quota or read-only; raise any other error again."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        raise error
    where = f" {error.filename}" if error.filename else ""
    return f"cannot write{where}: {error.strerror}; what was finished is intact: fix the cause and continue"


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """Say that there is no `kind` called `name`, list what there is, and suggest the nearest name."""
    names = sorted(names)
    nearest = get_close_matches(name, names, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return f"unknown {kind} {name!r}; there is {', '.join(names) or 'none'}.{hint}"
