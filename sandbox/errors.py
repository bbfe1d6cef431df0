"""Errors that a user can fix: one sentence, no traceback unless asked for, exit code 1.

Anything that is not a `SandboxError` is a bug of ours and keeps its traceback. A message says what is wrong, where,
what was found, and what to do.
"""

import errno
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from difflib import get_close_matches
from types import FrameType
from typing import NoReturn

from sandbox.characters import remove_control_characters

STOP_SIGNALS = ("SIGTERM", "SIGHUP")
"""How schedulers and closed terminals ask a process to end; handled as Ctrl-C is."""

MAX_PATH_CHARS = 200
"""Characters of a path that an error quotes."""
_LONG_WORD = re.compile(rf"(\S{{{MAX_PATH_CHARS}}})\S{{100,}}")
"""A path or a value far longer than that: nobody can read a sentence around it."""


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


class StopSignal(KeyboardInterrupt):
    """A signal asked the process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def exit_code(command: Callable[[], int], interruption: str, is_debug: bool = False) -> int:
    """Run a command and return its exit code.

    Args:
        command: Returns its own exit code. An error that the user can fix becomes one sentence on stderr and exit code
            1, with a line of code below it where the user's own code failed.
        interruption: What to say after Ctrl-C, which becomes exit code 130, or after one of `STOP_SIGNALS`, which
            becomes 128 + its number.
        is_debug: Print the traceback of such an error too.
    """
    try:
        with _stop_on_signals():
            code = command()
            sys.stdout.flush()
            return code
    except BrokenPipeError:  # whoever reads our output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that Python's own flush at exit succeeds
        return 128 + signal.SIGPIPE
    except (SandboxError, OSError) as error:
        text = format_error(error) if isinstance(error, SandboxError) else explain_write_error(error)
        if is_debug:
            traceback.print_exception(error)
            text = text.partition("\n")[0]
        print(f"error: {shorten_words(remove_control_characters(text))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(f"\nstopped; {interruption}", file=sys.stderr)
        return 128 + (stop.number if isinstance(stop, StopSignal) else signal.SIGINT)


@contextmanager
def _stop_on_signals() -> Generator[None]:
    """Raise `StopSignal` at each of `STOP_SIGNALS`, except those that somebody else handles or ignores (`nohup`)."""
    process = os.getpid()

    def stop(number: int, _: FrameType | None) -> NoReturn:
        if os.getpid() != process:  # a child that was forked from this process ends as it would without us
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        raise StopSignal(number)

    numbers = [getattr(signal, name) for name in STOP_SIGNALS if hasattr(signal, name)]
    is_main = threading.current_thread() is threading.main_thread()  # no other thread may set handlers
    caught = [number for number in numbers if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in caught:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, signal.SIG_DFL)


def leave(code: int) -> NoReturn:
    """End the process of a command that is over; a signal meanwhile, such as while an engine closes, gets words.

    Args:
        code: What `exit_code` returned.
    """

    def stop(number: int, _: FrameType | None) -> NoReturn:
        name, state = signal.Signals(number).name, "finished" if code == 0 else f"over, with exit code {code},"
        os.write(2, f"\nstopped by {name} while the process ended; the command was {state} before\n".encode())
        os._exit(128 + number)

    for name in (*STOP_SIGNALS, "SIGINT"):
        if signal.getsignal(number := getattr(signal, name)) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, stop)
    sys.exit(code)


def format_error(error: SandboxError) -> str:
    """Return the sentence of an error, and below it the notes that say where a user's own code failed."""
    return "\n".join((str(error), *getattr(error, "__notes__", ())))


_OS_ERROR = re.compile(r"\(os error (\d+)\)")


def explain_write_error(error: OSError) -> str:
    """Return one sentence on an unusable path or a disk that is full, over its quota or read-only.

    Any other error is raised again.
    """
    # Polars and other libraries in Rust give the number in the text only.
    in_text = _OS_ERROR.search(str(error)) if error.errno is None else None
    if in_text:
        error = OSError(int(in_text[1]), os.strerror(int(in_text[1])))
    where = f" {str(error.filename)[:MAX_PATH_CHARS]}" if error.filename else ""
    if error.errno in (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP):
        return f"cannot use the path{where}: {error.strerror}; name another one"
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES):
        raise error
    return f"cannot write{where}: {error.strerror}; what was finished is intact: fix the cause and continue"


def shorten_words(text: str) -> str:
    """Return a text with what is far longer than `MAX_PATH_CHARS` without a blank cut to that length."""
    return _LONG_WORD.sub(r"\1...", text)


def quote_value(value: object, max_chars: int = 120) -> str:
    """Return a value as Python writes it, cut to `max_chars` characters, as an error shows it."""
    text = repr(value)
    return text if len(text) <= max_chars else f"{text[: max_chars - 3]}..."


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """Say that there is no `kind` called `name`, list what there is, and suggest the nearest name."""
    names = sorted(names)
    nearest = get_close_matches(name, names, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return f"unknown {kind} {quote_value(name)}; there is {', '.join(names) or 'none'}.{hint}"
