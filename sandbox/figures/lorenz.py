"""Lorenz curves and Gini coefficients: how unequally something is distributed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sandbox.descriptive import gini
from sandbox.figures.figure import Figure, FigureData, format_range
from sandbox.figures.style import FAINT, SQUARE
from sandbox.intervals import Mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Lorenz(Figure):
    """Lorenz curve of a column: cumulative share against share of units, poorest first (Lorenz 1905)."""

    table: str
    value: str
    """Column with what each unit has."""
    unit: str
    """What one unit is, such as `seller`."""

    size: ClassVar[tuple[float, float]] = SQUARE

    def is_empty(self, data: FigureData) -> bool:
        """Return whether no unit has anything."""
        return not data.total(self.table, self.value) > 0

    def draw(self, ax: "Axes", data: FigureData) -> None:
        """Draw the line of equality, every seed's curve lightly, and the mean over seeds."""
        ax.plot([0, 100], [0, 100], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        ax.text(35, 37, "equality", color=FAINT, rotation=45, ha="center", rotation_mode="anchor", fontsize=8)
        for arm, rows in data.tables[self.table].groupby("arm", sort=False):
            pen = data.pens[str(arm)]
            seeds = [units.dropna().to_list() for _, units in rows.groupby("seed")[self.value]]
            samples = [units for units in seeds if sum(units) > 0]
            if len(samples) > 1:
                for units in samples:
                    ax.plot(*lorenz_curve(units), color=pen.color, linewidth=0.6, alpha=0.35)
            if samples:
                label = _gini_label(Mean.of([gini(units) for units in samples]))
                ax.plot(*_mean_curve(samples), color=pen.color, linestyle=pen.dash, label=label)
        ax.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
        ax.set_xticks(range(0, 101, 25))
        ax.set_yticks(range(0, 101, 25))
        ax.set_xlabel(f"{self.unit}s, smallest first (cumulative %)")
        ax.set_ylabel(f"{self.value} (cumulative %)")
        ax.legend(loc="upper left")

    def note(self, data: FigureData) -> str:
        """Say how many units a curve stands for."""
        rows = data.tables[self.table]
        numbers = rows.groupby(["arm", "seed"])[self.value].count()
        each = " in each world" if len(numbers) > 1 else ""
        number = format_range(numbers.to_list())
        return f"{data.sample_note()}\nLorenz curves: n = {number} {self.unit}{'s' * (number != '1')}{each}."


def lorenz_curve(values: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the cumulative share of units, smallest first, and the share of the total that they have; both in %."""
    cumulative = np.concatenate([[0.0], np.sort(np.asarray(values, float)).cumsum()])
    return np.linspace(0, 100, len(cumulative)), 100 * cumulative / cumulative[-1]


def _mean_curve(samples: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of the curves of several seeds, or the exact curve of one."""
    if len(samples) == 1:
        return lorenz_curve(samples[0])
    grid = np.linspace(0, 100, 201)
    return grid, np.mean([np.interp(grid, *lorenz_curve(units)) for units in samples], axis=0)


def _gini_label(mean: Mean) -> str:
    return f"Gini {mean.value:.2f}" + (f" ± {mean.half_width:.2f}" if mean.num > 1 else "")
