"""Picture of a calibration: what people tell about each setting, about pairs of them, and what the world then does."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.frames import to_records
from experiments.posterior import Posterior, target_table
from experiments.reports.charts import ROW_HEIGHT
from sandbox.figures.style import COLORS, FAINT, HUMAN, project_style
from sandbox.output.plot import add_note, make_sheet, save_sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 20
NOTE = (
    "Diagonal: posterior (blue) over the uniform prior (dashed). Below: kept points, larger if nearer to people. "
    "Settings whose points form a narrow band are told only together."
)
TARGET_NOTE = "Grey: people's means with 95 % intervals. Blue: what the world does at the points nearest to them, 95 %."
PANEL = 1.9
"""Width and height of a panel in inches."""


def draw_posterior(posterior: Posterior, folder: Path, origin: str) -> list[Path]:
    """Draw the posterior as `posterior`, and people's values beside the world's as `targets`.

    Args:
        posterior: What people tell.
        folder: Where the pictures go.
        origin: What they say they are of.
    """
    with project_style():
        return _draw_settings(posterior, folder / "posterior", origin) + _draw_targets(
            target_table(posterior), folder / "targets", origin
        )


def _draw_settings(posterior: Posterior, path: Path, origin: str) -> list[Path]:
    number = len(posterior.ranges)
    sheet = make_sheet(max(PANEL * number, 3.6), PANEL * number + 1.2)
    columns = zip(posterior.ranges, posterior.samples.T, strict=True)
    values = [one.numbers_at(shares) for one, shares in columns]
    for row, own in enumerate(posterior.ranges):
        for place, other in enumerate(posterior.ranges[: row + 1]):
            ax = sheet.add_subplot(number, number, row * number + place + 1)
            ax.set_xlim(other.low, other.high)
            if place == row:
                _draw_marginal(ax, values[row], posterior, (own.low, own.high))
            else:
                sizes = 4 + 36 * posterior.weights / posterior.weights.max()
                ax.scatter(values[place], values[row], s=sizes, color=COLORS[0], alpha=0.6, linewidths=0)
                ax.set_ylim(own.low, own.high)
            if row == number - 1:
                ax.set_xlabel(other.name)
            if not place and row:
                ax.set_ylabel(own.name)
    add_note(sheet, [NOTE, origin], 3)
    return save_sheet(sheet, path)


def _draw_marginal(ax: "Axes", values: np.ndarray, posterior: Posterior, ends: tuple[float, float]) -> None:
    ax.hist(values, BINS, range=ends, density=True, weights=posterior.weights, color=COLORS[0])
    ax.axhline(1 / (ends[1] - ends[0]), color=FAINT, linewidth=1, linestyle="--")
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)


def _draw_targets(table: pd.DataFrame, path: Path, origin: str) -> list[Path]:
    """Draw targets on one line each, in units of people's standard errors from their value."""
    sheet = make_sheet(6.6, 1.3 + ROW_HEIGHT * len(table))
    ax = sheet.add_subplot()
    names: list[str] = []
    for place, row in enumerate(to_records(table)):
        scale = (row["people_high"] - row["people_low"]) / 2
        ax.plot([-1, 1], [place, place], color=HUMAN, linewidth=7, alpha=0.4, solid_capstyle="butt")
        ends = [(row[end] - row["people"]) / scale for end in ("simulated_low", "simulated", "simulated_high")]
        ax.plot([ends[0], ends[2]], [place, place], color=COLORS[0], linewidth=1.6)
        ax.plot([ends[1]], [place], "o", color=COLORS[0])
        arms = f"{row['treatment']} − {row['control']}" if row["control"] else row["treatment"]
        names.append(f"{row['outcome']}{f' ({arms})' if arms else ''}")
    ax.axvline(0, color=FAINT, linewidth=1)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("distance from people's value, in half-widths of their 95 % interval")
    add_note(sheet, [TARGET_NOTE, origin], 2)
    return save_sheet(sheet, path)
