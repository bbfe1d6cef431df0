"""Self-contained pages, pictures included, readable on a phone and without a network; the same content as Markdown."""

import base64
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from sandbox.counting import count_of
from sandbox.files import replace_text


def write_pages(folder: Path, names: Sequence[str], **variables: Any) -> list[Path]:
    """Fill in the templates of these names, which are in this file's folder, and write each into `folder`."""
    paths = [folder / name for name in names]
    for path in paths:
        replace_text(path, render_page(path.name, **variables))
    return paths


def render_page(template: str, **variables: Any) -> str:
    """Fill in one of the templates in this file's folder."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(FILTERS)
    return environment.get_template(template).render(variables)


def format_number(value: Any) -> str:
    """Return a number with three significant digits, or a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, int) or abs(value) >= 999.5:  # `g` would write 1e+03
        return f"{value:,.0f}"
    return f"{value:.3g}".replace("-", "−")


def format_interval(ends: tuple[float, float]) -> str:
    """Return an interval as `low to high`, or a dash if there is none."""
    low, high = map(format_number, ends)
    return low if low == high == format_number(None) else f"{low} to {high}"


def format_rate(value: float) -> str:
    """Return a rate in %, or a dash if there was no case."""
    return "–" if math.isnan(value) else f"{100 * value:.2f} %"


def format_p_value(value: float) -> str:
    """Return a p-value as papers print it."""
    if math.isnan(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def name_in_words(name: Any) -> str:
    """Return an identifier as words."""
    return str(name).replace("_", " ")


def inline_image(path: Path) -> str:
    """Return a PNG as the source of an HTML image."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def mark_reference(against: str) -> str:
    """Return what follows the name of an item that is not compared with a sample of people."""
    return {"norm": " (norm, not people)", "rule": " (rule agents, not people)", "predictor": PREDICTOR}.get(
        against, ""
    )


PREDICTOR = " (1 = best simple predictor, not people)"
FILTERS: dict[str, Any] = {
    "number": format_number,
    "interval": format_interval,
    "p": format_p_value,
    "words": name_in_words,
    "mark": mark_reference,
    "percent": format_rate,
    "count": count_of,
}
"""Filters of the templates."""
