"""The funnel report: how much entered and left every stage, and why; a page and a table."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment

from training.funnel import Count, added_up, as_rows

SIDES = ("train", "val", "test", "seen")
NOT_LOSSES = ("in", "out", *SIDES)
TEMPLATE = Path(__file__).parent / "funnel.html"


def write_funnel(folder: Path, counts: Sequence[Count]) -> None:
    """Write `funnel.csv` and `funnel.html`, figures inline."""
    rows = added_up(counts)
    pl.DataFrame(as_rows(rows), schema_overrides={"number": pl.Int64}).write_csv(folder / "funnel.csv")
    page = Environment(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    sources = sorted({one.source for one in rows if one.source != "all"})
    shown = page.render(
        sources=[{"name": name, "figure": figure(rows, name), "table": table(rows, name)} for name in sources],
        overall=table(rows, "all"),
    )
    (folder / "funnel.html").write_text(shown, encoding="utf-8")


def table(rows: Sequence[Count], source: str) -> list[dict[str, Any]]:
    """Stages of one source, each with its counts in order."""
    stages: dict[str, list[Count]] = {}
    for one in rows:
        if one.source == source and one.number:
            stages.setdefault(one.stage, []).append(one)
    return [{"stage": stage, "counts": counts} for stage, counts in stages.items()]


def waterfall(rows: Sequence[Count], source: str) -> list[tuple[str, int, bool]]:
    """(label, records, whether they were lost) from what was read to what was split, largest losses named."""
    mine = [one for one in rows if one.source == source and one.what == "records" and one.number]
    read = [one.number for one in mine if one.stage == "read" and one.reason == "out"]
    bars = [("read", sum(read), False)]
    for one in mine:
        if one.reason not in NOT_LOSSES and not one.reason.startswith("context"):
            bars.append((f"{one.stage}: {one.reason}", one.number, True))
    left = sum(one.number for one in mine if one.stage == "split" and one.reason in SIDES)
    return [*bars, ("left", left, False)]


def figure(rows: Sequence[Count], source: str) -> str:
    """The waterfall as an inline PNG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    bars = waterfall(rows, source)
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        drawn = Figure(figsize=(7.5, 0.8 + 0.3 * len(bars)), layout="constrained")
        axes = drawn.subplots()
        level = 0
        for place, (_, number, lost) in enumerate(bars):
            start = level - number if lost else 0
            axes.barh(place, number, left=start, color="#D55E00" if lost else "#0072B2", height=0.7)
            axes.text(start + number, place, f" {number:,}", va="center", fontsize=8)
            level = start if lost else number
        axes.set_yticks(range(len(bars)), [label for label, _, _ in bars])
        axes.invert_yaxis()
        axes.set_xlabel("records")
        axes.margins(x=0.12)
        drawn.savefig(out := io.BytesIO(), format="png", dpi=150)
    return base64.b64encode(out.getvalue()).decode()
