"""Errors that a user can mend: one sentence, no traceback, exit code 1.

Anything that is not a `SandboxError` is a bug of ours and keeps its traceback. A message says what is wrong,
where, what was found, and what to do.
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


def exit_code(command: Callable[[], int], stopped: str) -> int:
    """Run a command; what its user can mend becomes one line on stderr and 1, an interruption `stopped` and 130."""
    try:
        return command()
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {cannot_write(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nstopped; {stopped}", file=sys.stderr)
        return 130


def cannot_write(error: OSError) -> str:
    """One sentence on a disk that is full, over its quota or read-only; any other `error` is raised again."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        raise error
    where = f" {error.filename}" if error.filename else ""
    return f"cannot write{where}: {error.strerror}; what was finished is intact: mend it and go on"


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that `name` is no `kind`, list what there is, and suggest the nearest name."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown {kind} {name!r}; there is {', '.join(names)}.{hint}"
