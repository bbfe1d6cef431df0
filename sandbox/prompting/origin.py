"""Where a template was written: the file and line behind a line of its text, for messages."""

import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jinja2 import TemplateSyntaxError

from sandbox.core.base_world import BaseWorld
from sandbox.core.templates import prompt_file


class TemplateLine(NamedTuple):
    """One line of a template."""

    file: str
    """Empty if it is unknown."""
    number: int | None
    """1-based line of the file; None if it cannot be found there."""
    text: str

    def __str__(self) -> str:
        """Return the place as messages show it, below a sentence."""
        number = f", line {self.number}" if self.number else ""
        return f'  File "{self.file}"{number}: {self.text}' if self.file else f"  in its line: {self.text}"


def find_template_line(name: str, text: str, number: int) -> TemplateLine:
    """Return where a line of a template was written.

    Args:
        name: World and template, such as `marketplace/choose`.
        text: The template.
        number: 1-based line of the text.
    """
    lines = text.splitlines() or [""]
    index = min(number, len(lines)) - 1
    file = prompt_file(text) or _world_file(name.partition("/")[0])
    if not file:
        return TemplateLine("", None, lines[index].strip())
    return TemplateLine(file, _find_in_file(Path(file), lines, index), lines[index].strip())


def find_variable(text: str, variable: str) -> int:
    """Return the 1-based line of a template that first uses a variable; 1 if none does."""
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if re.search(rf"\b{re.escape(variable)}\b", line)), 1)


def line_of_error(error: Exception) -> int:
    """Return the 1-based line of a template at which an error happened; 1 if it is unknown.

    Args:
        error: Jinja's, or what an expression of the template raised.
    """
    if isinstance(error, TemplateSyntaxError):
        return error.lineno or 1
    numbers = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return numbers[-1] or 1 if numbers else 1


def _find_in_file(file: Path, lines: list[str], index: int) -> int | None:
    """Return the line of a file that holds a line of a template, which may be part of a Python string."""
    try:
        source = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    if source[: len(lines)] == lines:
        return index + 1
    numbers = [number for number, line in enumerate(source, 1) if lines[index].strip() in line]
    return numbers[0] if numbers and lines[index].strip() else None


def _world_file(name: str) -> str:
    """Return the file of the world of that name; empty if there is none."""
    modules = [kind.__module__ for kind in _subclasses(BaseWorld) if kind.name == name]
    return getattr(sys.modules.get(modules[-1]), "__file__", None) or "" if modules else ""


def _subclasses(kind: type[BaseWorld]) -> Iterator[type[BaseWorld]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
