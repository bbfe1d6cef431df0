"""Response curves: what agents answer as one fact of a question changes and all else stays equal."""

from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, cast

import numpy as np

from sandbox.figures.figure import Figure, FigureData
from sandbox.figures.style import FAINT, HUMAN

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

CURVES = "reactions/curves"
"""Name of the table of curves among the tables that figures are drawn from."""


@dataclass(frozen=True)
class ResponseCurve(Figure):
    """The curve of every arm with its 95 % interval over people, beside those of rule agents and of real people."""

    reaction: str
    """Name of the reaction."""
    xlabel: str
    ylabel: str
    people_slope: float
    """Slope of real people; NaN if no data give one."""

    def is_empty(self, data: FigureData) -> bool:
        """Return whether the reaction was not measured."""
        return self._rows(data) is None

    def draw(self, ax: "Axes", data: FigureData) -> None:
        """Draw levels at equal distances; the line of real people passes through the middle of the first curve."""
        rows = self._rows(data)
        if rows is None:
            return
        for number, (arm, curve) in enumerate(rows.groupby("arm", sort=False)):
            pen = data.pens[str(arm)]
            x, middle = np.arange(len(curve)), curve["mean"].to_numpy(float)
            ax.plot(x, middle, color=pen.color, linestyle=pen.dash, marker="o", markersize=3)
            low, high = curve["low"].to_numpy(float), curve["high"].to_numpy(float)
            ax.fill_between(x, low, high, color=pen.color, alpha=0.15, linewidth=0)
            if number == 0:
                self._draw_references(ax, curve)
        labels = [fill(label, 10, break_long_words=False) for label in dict.fromkeys(rows["level"].astype(str))]
        is_long = sum(map(len, labels)) > 40
        ax.set_xticks(range(len(labels)), labels, rotation=40 if is_long else 0, ha="right" if is_long else "center")
        numbers: list[int] = rows["num_people"].to_list()
        fewest, most = min(numbers), max(numbers)
        ax.set_xlabel(f"{self.xlabel} (n = {most if fewest == most else f'{fewest} to {most}'})")
        ax.set_ylabel(self.ylabel)
        ax.legend(loc="best")

    def note(self, data: FigureData) -> str:
        """Say what the curves are."""
        if self.is_empty(data):
            return ""
        return (
            "Response curves: the same questions asked again with one fact changed and all else equal; n people per "
            "arm; bands are 95 % intervals of the mean over people (Student's t)."
        )

    def _draw_references(self, ax: "Axes", curve: "pd.DataFrame") -> None:
        """Draw rule agents at the questions of this curve, and a line with the slope of real people."""
        x, position = np.arange(len(curve)), curve["position"].to_numpy(float)
        ax.plot(x, curve["rule"], color=FAINT, linestyle=(0, (5, 2)), linewidth=1.2, label="rule agents")
        if np.isfinite(self.people_slope):
            line = curve["mean"].mean() + self.people_slope * (position - position.mean())
            ax.plot(x, line, color=HUMAN, linestyle=(0, (2, 1.5)), linewidth=1.6, label="slope of real people")

    def _rows(self, data: FigureData) -> "pd.DataFrame | None":
        curves = data.tables.get(CURVES)
        if curves is None or curves.empty:
            return None
        rows = cast("pd.DataFrame", curves[(curves["reaction"] == self.reaction) & curves["mean"].notna()])
        return None if rows.empty else rows
