"""What the parsers of all commands share: how a command is added, and the types of arguments."""

from math import isfinite
from pathlib import Path
from typing import Any

from sandbox.cli.commands import Command
from sandbox.paths import expand_user


def add(subparsers: Any, command: Command, summary: str, takes_overrides: bool = False, name: str = "") -> Any:
    """Add a command, and return its parser.

    Args:
        subparsers: Where it is added.
        command: What it does.
        summary: One sentence for its help, without a full stop.
        takes_overrides: Whether it takes settings as well.
        name: What it is called; default: as its function.
    """
    name = name or command.__name__
    parser = subparsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.set_defaults(command=command, name=name, takes_overrides=takes_overrides)
    parser.add_argument("--debug", action="store_true", help="print the traceback of an error")
    return parser


def as_path(text: str) -> Path:
    """Return a path, the user's home folder in place of `~`: not every shell expands it."""
    return expand_user(text)


def as_name_list(text: str) -> list[str]:
    """Return names that commas separate."""
    return [name for name in text.split(",") if name]


def as_positive(text: str) -> int:
    """Return a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def as_price(text: str) -> float:
    """Return a finite number of at least 0."""
    number = float(text)
    if not (number >= 0 and isfinite(number)):
        raise ValueError
    return number


def as_amount(text: str) -> float:
    """Return a finite number above 0."""
    number = as_price(text)
    if not number:
        raise ValueError
    return number


def as_step_list(text: str) -> list[int]:
    """Return numbers of steps that commas separate."""
    return [int(step) for step in text.split(",")]
