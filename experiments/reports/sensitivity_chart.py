"""Picture of a study of sensitivity: the indices of every setting, and for `morris` how they interact."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from experiments.frames import column, to_records
from experiments.reports.charts import ROW_HEIGHT
from experiments.sensitivity import CHANCE, LEVELS, SLICES, Method
from sandbox.figures.style import COLORS, FAINT, INK, project_style
from sandbox.output.plot import add_note, make_sheet, save_sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES: dict[Method, str] = {
    "morris": "Elementary effects (Morris)",
    "sobol": "Shares of the variance (Sobol)",
    "pawn": "Distance of distributions (PAWN)",
}
NOTES: dict[Method, str] = {
    "morris": f"Mean absolute effect μ* per whole range, from steps of {LEVELS / (2 * (LEVELS - 1)):.2g} of it, with "
    "its 95 % interval. Right: effects that differ between points (high σ) interact or are not linear.",
    "sobol": "Blue: total, with all interactions; hollow: alone. Lines: 95 % intervals.",
    "pawn": f"Median over {SLICES} slices of a range of the Kolmogorov-Smirnov distance; lines: minimum to maximum.",
}
LABELLED = 0.15
"""Share of the largest effect below which points lie too close together to be named; the left panel names them."""
_DUMMY = f"Grey: {CHANCE}, which seeds are used; what is no larger shows nothing but chance."


def draw_indices(table: pd.DataFrame, method: Method, label: str, path: Path, origin: str) -> list[Path]:
    """Draw the indices of every setting.

    Args:
        table: See `experiments.sensitivity.index_table`.
        method: How they were computed.
        label: What the outcome is called.
        path: Where the picture goes, without a suffix.
        origin: What the picture says it is of.
    """
    num_panels = 2 if method == "morris" else 1
    with project_style():
        sheet = make_sheet(4.6 * num_panels + 0.8, max(2.2, 1.2 + ROW_HEIGHT * len(table)) + 0.9)
        ax = sheet.add_subplot(1, num_panels, 1)
        _draw_ranking(ax, table, method)
        if method == "morris":
            _draw_interactions(sheet.add_subplot(1, num_panels, 2), table)
        sheet.suptitle(f"What moves {label}", x=0.012, ha="left")
        add_note(sheet, [NOTES[method], _DUMMY, origin], 3)
        return save_sheet(sheet, path)


def _draw_ranking(ax: "Axes", table: pd.DataFrame, method: Method) -> None:
    for place, row in enumerate(to_records(table)):
        color = FAINT if row["setting"] == CHANCE else COLORS[0]
        if method == "morris":
            _draw_estimate(ax, place, row["mu_star"], row["mu_star_interval"], color)
        elif method == "sobol":
            _draw_estimate(ax, place - 0.15, row["total"], row["total_interval"], color)
            _draw_estimate(ax, place + 0.15, row["first"], row["first_interval"], color, is_hollow=True)
        else:
            ax.plot([row["minimum"], row["maximum"]], [place, place], color=color, linewidth=1.6)
            ax.plot([row["median"]], [place], "o", color=color)
    ax.axvline(0, color=FAINT, linewidth=1)
    ax.set_yticks(range(len(table)), list(table["setting"]))
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_title(TITLES[method])


def _draw_estimate(
    ax: "Axes", height: float, value: float, half_width: float, color: str, is_hollow: bool = False
) -> None:
    ax.plot([value - half_width, value + half_width], [height, height], color=color, linewidth=1.6)
    ax.plot([value], [height], "o", color=color, markerfacecolor="white" if is_hollow else color)


def _draw_interactions(ax: "Axes", table: pd.DataFrame) -> None:
    highest = float(column(table, "mu_star").max())
    for row in to_records(table):
        color = FAINT if row["setting"] == CHANCE else COLORS[0]
        ax.plot([row["mu_star"]], [row["sigma"]], "o", color=color)
        if row["mu_star"] > LABELLED * highest:
            place = (row["mu_star"], row["sigma"])
            ax.annotate(row["setting"], place, (4, 3), textcoords="offset points", fontsize=7.5)
    ax.plot([0, highest], [0, highest], color=INK, linewidth=0.8, linestyle=":")
    ax.margins(0.15)
    ax.set_xlabel("μ*")
    ax.set_ylabel("σ")
    ax.set_title("Interactions: above the line, σ > μ*")
