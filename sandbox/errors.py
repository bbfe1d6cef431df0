"""Errors that a user can fix: one sentence, no traceback unless asked for, exit code 1.

Anything that is not a `SandboxError` is a bug of ours and keeps its traceback. A message says what is wrong, where,
what was found, and what to do.
"""

import errno
import sys
import traceback
from collections.abc import Callable, Iterable
from difflib import get_close_matches


class SandboxError(Exception):
    """Base of all errors that are printed as one message."""


class ConfigError(SandboxError):
    """A setting is unknown, of the wrong type or out of bounds."""


class ContractError(SandboxError):
    """A world or a mind broke its contract, or a log does not belong to the code that reads it."""


class UserCodeError(ContractError):
    """A world, rule, figure or mind of the user's own raised an error; see `sandbox.user_code`."""


class BackendError(SandboxError):
    """A model, engine or server is missing or has failed."""


class DataError(SandboxError):
    """A file that the user named cannot be used as it is."""


def exit_code(command: Callable[[], int], interruption: str, is_debug: bool = False) -> int:
    """Run a command and return its exit code.

    Args:
        command: Returns its own exit code. An error that the user can fix becomes one sentence on stderr and exit code
            1, with a line of code below it where the user's own code failed.
        interruption: What to say after Ctrl-C, which becomes exit code 130.
        is_debug: Print the traceback of such an error too.
    """
    try:
        return command()
    except (SandboxError, OSError) as error:
        text = format_error(error) if isinstance(error, SandboxError) else explain_write_error(error)
        if is_debug:
            traceback.print_exception(error)
            text = text.partition("\n")[0]
        print(f"error: {text}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nstopped; {interruption}", file=sys.stderr)
        return 130


def format_error(error: SandboxError) -> str:
    """Return the sentence of an error, and below it the notes that say where a user's own code failed."""
    return "\n".join((str(error), *getattr(error, "__notes__", ())))


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
    return f"unknown {kind} {name!r}; there is {', '.join(names)}.{hint}"
