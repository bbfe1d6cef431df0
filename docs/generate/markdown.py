"""Small pieces of Markdown: text that is not markup, and tables."""

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`[^`]*`)")
_MARKUP = re.compile(r"([\\*_|<>\[\]$#{}])")


def escape_text(text: str) -> str:
    """Return prose such as a docstring as Markdown: code spans stay, all other markup is shown as it is typed."""
    pieces = _CODE.split(" ".join(text.split()))
    return "".join(piece.replace("|", "\\|") if piece[:1] == "`" else _MARKUP.sub(r"\\\1", piece) for piece in pieces)


def code(text: str) -> str:
    """Return text as a code span that a table cell can hold."""
    mark = "``" if "`" in text else "`"
    return f"{mark}{text}{mark}".replace("|", "\\|") if text else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose cells are Markdown already, with an empty line after it."""
    lines = [header, ["---"] * len(header), *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]


def anchor(name: str) -> str:
    """Return a target that links from other pages can name."""
    return f"({name})="
