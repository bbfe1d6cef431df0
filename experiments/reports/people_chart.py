"""Picture of people as an arm: a panel for each outcome, with people's interval behind the effects of the minds."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.frames import column, rows_where, to_records
from experiments.reports.charts import ROW_HEIGHT
from experiments.statistics import describe_intervals
from sandbox.figures.style import FAINT, HUMAN, Pens, assign_pens, project_style
from sandbox.output.plot import add_note, make_sheet, save_sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

BAND_ALPHA = 0.3
GAP = 0.6
"""Room between two effects, in lines."""


def draw_people(table: pd.DataFrame, labels: Mapping[str, str], folder: Path, origin: str) -> list[Path]:
    """Draw the effects of people and of every mind; nothing if people's table has no effects.

    Args:
        table: See `experiments.people_arm.COLUMNS`.
        labels: What outcomes are called, by name.
        folder: Where the picture goes, as `people.png` and `people.svg`.
        origin: What the picture says it is of.
    """
    effects = rows_where(table, column(table, "control") != "")
    if effects.empty:
        return []
    with project_style():
        return save_sheet(_draw_panels(effects, labels, origin), folder / "people")


def _draw_panels(effects: pd.DataFrame, labels: Mapping[str, str], origin: str) -> "Sheet":
    outcomes = list(dict.fromkeys(effects["outcome"]))
    pens = assign_pens([str(mind) for mind in effects["mind"]])
    num_effects = max(len(_list_effects(effects, outcome)) for outcome in outcomes)
    num_columns = min(2, len(outcomes))
    num_rows = -(-len(outcomes) // num_columns)
    sheet = make_sheet(5.2 * num_columns, num_rows * (0.75 + ROW_HEIGHT * (len(pens) + GAP) * num_effects) + 0.6)
    for index, outcome in enumerate(outcomes):
        ax = sheet.add_subplot(num_rows, num_columns, index + 1)
        _draw_outcome(ax, rows_where(effects, column(effects, "outcome") == outcome), pens)
        ax.set_title(fill(labels.get(outcome, outcome), 34))
    sheet.suptitle("Effects of the treatments, beside people's", x=0.012, ha="left")
    first = effects.iloc[0]
    intervals = describe_intervals(int(column(effects, "num_seeds").max()))
    people = f"Grey: people's effect with its 95 % interval over {first['unit']}s. Points: means over seeds."
    add_note(sheet, [people, f"{intervals}.", origin], 2)
    return sheet


def _draw_outcome(ax: "Axes", rows: pd.DataFrame, pens: Pens) -> None:
    ax.locator_params(axis="x", nbins=5)
    ax.axvline(0, color=FAINT, linewidth=1)
    ticks: dict[float, str] = {}
    top = 0.0
    for treatment, control in _list_effects(rows, rows["outcome"].iloc[0]):
        is_effect = (column(rows, "treatment") == treatment) & (column(rows, "control") == control)
        records = to_records(rows_where(rows, is_effect))
        bottom = top + len(records) - 1
        _draw_people(ax, records[0], top - 0.45, bottom + 0.45)
        for line, row in enumerate(records):
            _draw_mind(ax, row, top + line, pens)
            ticks[top + line] = f"{row['mind']}: {treatment} − {control}"
        top = bottom + 1 + GAP
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.set_ylim(top - GAP - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _list_effects(effects: pd.DataFrame, outcome: str) -> list[tuple[str, str]]:
    """Return treatment and control of every effect on an outcome."""
    rows = rows_where(effects, column(effects, "outcome") == outcome)
    return list(dict.fromkeys(zip(rows["treatment"], rows["control"], strict=True)))


def _draw_people(ax: "Axes", row: Mapping[str, Any], top: float, bottom: float) -> None:
    ends = [row["people_low"], row["people_high"]]
    ax.fill_betweenx([top, bottom], [ends[0]] * 2, [ends[1]] * 2, color=HUMAN, alpha=BAND_ALPHA, linewidth=0)
    ax.plot([row["people"]] * 2, [top, bottom], color=HUMAN, linewidth=2)


def _draw_mind(ax: "Axes", row: Mapping[str, Any], height: float, pens: Pens) -> None:
    color = pens[row["mind"]].color
    ax.plot([row["low"], row["high"]], [height, height], color=color, linewidth=1.6)
    ax.plot([row["value"]], [height], "o", color=color, markersize=5)
