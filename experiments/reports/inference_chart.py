"""Picture of an inference: each quantity as real answers, simulated answers and both together estimate it."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.frames import to_records
from experiments.reports.charts import ROW_HEIGHT
from sandbox.figures.style import COLORS, FAINT, INK, project_style
from sandbox.output.plot import add_note, make_sheet, save_sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ESTIMATES = (
    ("human", "people who answered", INK),
    ("rectified", "rectified", COLORS[0]),
    ("simulated", "simulation only", FAINT),
)
"""Columns of the table, what they are called, and their colours."""
NOTE = (
    "Lines: 95 % intervals, of the simulation only over simulated people, so that its bias is not in it. Hollow: no "
    "estimate of people."
)
LABEL_WIDTH = 40
"""Characters of a line of a quantity's name."""


def draw_inference(table: pd.DataFrame, path: Path, origin: str) -> list[Path]:
    """Draw all quantities, means in one panel and shares in another.

    Args:
        table: See `experiments.inference.COLUMNS`.
        path: Where the picture goes, without a suffix.
        origin: What the picture says it is of.
    """
    rows = to_records(table)
    panels = [
        (title, part)
        for title, part in (
            ("Means", [row for row in rows if not row["option"]]),
            ("Shares", [row for row in rows if row["option"]]),
        )
        if part
    ]
    heights = [0.6 + ROW_HEIGHT * (len(ESTIMATES) + 1) * len(part) for _, part in panels]
    with project_style():
        sheet = make_sheet(6.6, sum(heights) + 0.8)
        axes: Any = sheet.subplots(len(panels), 1, height_ratios=heights, squeeze=False)
        for ax, (title, part) in zip(axes[:, 0], panels, strict=True):
            _draw_panel(ax, part)
            ax.set_title(title)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        sheet.legend(handles, labels, loc="outside upper left", ncols=len(ESTIMATES))
        add_note(sheet, [NOTE, origin], 2)
        return save_sheet(sheet, path)


def _draw_panel(ax: "Axes", rows: list[dict[str, Any]]) -> None:
    ticks: dict[float, str] = {}
    for place, row in enumerate(rows):
        top = place * (len(ESTIMATES) + 1)
        ticks[top + 1] = fill(_name(row), LABEL_WIDTH)
        for line, (name, label, color) in enumerate(ESTIMATES):
            ends, is_estimate = [row[f"{name}_low"], row[f"{name}_high"]], name != "simulated"
            ax.plot(ends, [top + line] * 2, color=color, linewidth=1.6)
            face = color if is_estimate else "white"
            ax.plot([row[name]], [top + line], "o", color=color, markerfacecolor=face, label="" if place else label)
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.set_ylim(len(rows) * (len(ESTIMATES) + 1) - 1.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _name(row: Mapping[str, Any]) -> str:
    quantity = f"{row['item']}: {row['option']}" if row["option"] else str(row["item"])
    return f"{quantity} ({row['arm']})"
