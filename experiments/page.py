"""Pages that hold everything, figures included, readable on a phone and without a network; or the same as Markdown."""

import base64
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape


def write_pages(folder: Path, names: Sequence[str], **facts: Any) -> list[Path]:
    """Fill in the templates of these names, which stand beside this file, and write each into the folder."""
    paths = [folder / name for name in names]
    for path in paths:
        path.write_text(page(path.name, **facts), encoding="utf-8")
    return paths


def page(template: str, **facts: Any) -> str:
    """Fill in one of the templates beside this file."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, p=p_value, pretty=pretty)
    return environment.get_template(template).render(facts)


def number(value: Any) -> str:
    """A number with three figures, or a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}".replace("-", "−")


def p_value(value: float) -> str:
    """A p-value as papers print it."""
    if math.isnan(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def pretty(name: Any) -> str:
    """A name of code as words."""
    return str(name).replace("_", " ")


def inlined(path: Path) -> str:
    """A PNG as the source of an image."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
