"""The funnel report: how much entered and left every stage, and why; a page and a table."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment

from sandbox.files import replace_file, replace_text
from training.pipeline.funnel import Count, sum_counts, to_rows

SIDES = ("train", "val", "test", "seen")
NOT_LOSSES = ("in", "out", *SIDES)
TEMPLATE = Path(__file__).parent / "funnel.html"
LOST, REMAINING = "#D55E00", "#0072B2"
"""Colours of the bars (Okabe and Ito's palette)."""


def write_funnel(folder: Path, counts: Sequence[Count]) -> None:
    """Write `funnel.csv` and `funnel.html`, figures inline."""
    rows = sum_counts(counts)
    with replace_file(folder / "funnel.csv") as draft:
        pl.DataFrame(to_rows(rows), schema_overrides={"number": pl.Int64}).write_csv(draft)
    page = Environment(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8"))
    names = sorted({count.source for count in rows if count.source != "all"})
    text = page.render(
        sources=[
            {"name": name, "figure": plot_waterfall(rows, name), "table": list_stage_counts(rows, name)}
            for name in names
        ],
        overall=list_stage_counts(rows, "all"),
    )
    replace_text(folder / "funnel.html", text)


def list_stage_counts(rows: Sequence[Count], source: str) -> list[dict[str, Any]]:
    """Return the stages of one source, each with its counts in order."""
    stages: dict[str, list[Count]] = {}
    for count in rows:
        if count.source == source and count.number:
            stages.setdefault(count.stage, []).append(count)
    return [{"stage": stage, "counts": counts} for stage, counts in stages.items()]


def list_bars(rows: Sequence[Count], source: str) -> list[tuple[str, int, bool]]:
    """Return (label, records, whether they were lost), from the records that were read to those that were split."""
    counts = [count for count in rows if count.source == source and count.entity == "records" and count.number]
    num_read = sum(count.number for count in counts if count.stage == "read" and count.reason == "out")
    losses = [
        (f"{count.stage}: {count.reason}", count.number, True)
        for count in counts
        if count.reason not in NOT_LOSSES and not count.reason.startswith("context")
    ]
    num_remaining = sum(count.number for count in counts if count.stage == "split" and count.reason in SIDES)
    return [("read", num_read, False), *losses, ("remaining", num_remaining, False)]


def plot_waterfall(rows: Sequence[Count], source: str) -> str:
    """Return the bars as an inline PNG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    bars = list_bars(rows, source)
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7.5, 0.8 + 0.3 * len(bars)), layout="constrained")
        axes = figure.subplots()
        level = 0
        for position, (_, number, is_loss) in enumerate(bars):
            start = level - number if is_loss else 0
            axes.barh(position, number, left=start, color=LOST if is_loss else REMAINING, height=0.7)
            axes.text(start + number, position, f" {number:,}", va="center", fontsize=8)
            level = start if is_loss else number
        axes.set_yticks(range(len(bars)), [label for label, _, _ in bars])
        axes.invert_yaxis()
        axes.set_xlabel("records")
        axes.margins(x=0.12)
        figure.savefig(buffer := io.BytesIO(), format="png", dpi=150)
    return base64.b64encode(buffer.getvalue()).decode()
