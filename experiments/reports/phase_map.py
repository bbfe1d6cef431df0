"""Pictures of a phase diagram: a map over two settings, a line over one, and what they say in words."""

import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.frames import Array, column, rows_where, to_records
from experiments.reports.charts import colour_scale
from experiments.reports.page import format_number
from sandbox.core.world import World
from sandbox.figures.style import FAINT, assign_pens, project_style
from sandbox.output.plot import add_note, make_sheet, save_sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

MAX_LABEL = 48
"""Characters in a line of an axis label."""
LEVEL = 0.05


class PhaseLabels(NamedTuple):
    """What the axes of a phase diagram are called."""

    settings: tuple[str, ...]
    """The swept settings, first that across."""
    metric: str
    """Label of the metric."""
    kind: type[World[Any]]
    """The world; it explains its parameters."""


def draw_phase(table: pd.DataFrame, labels: PhaseLabels, path: Path, origin: str = "") -> list[Path]:
    """Draw a phase diagram as PNG and SVG.

    Args:
        table: What `cell_table` returns.
        labels: What the axes are called.
        path: Where to write, without a suffix.
        origin: What the picture says it is of, see `describe_origin`.
    """
    with project_style():
        sheet = _draw_map(table, labels) if len(labels.settings) == 2 else _draw_line(table, labels)
        add_note(sheet, [*describe_phase(table, labels), origin], 4)
        return save_sheet(sheet, path)


def describe_phase(table: pd.DataFrame, labels: PhaseLabels) -> list[str]:
    """Return sentences for each mind: equal cells, differences from the reference cell and from the null."""
    lines = [
        sentence
        for mind, rows in table.groupby("arm", sort=False)
        for sentence in _describe_mind(str(mind), rows, labels)
    ]
    seeds = column(table, "num_seeds")
    number = f"{seeds.min()}" if seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
    return [
        *lines,
        f"Means over {number} {'seed' if number == '1' else 'seeds'}; ± and bars are 95 % intervals (Student's t). "
        "Marks: paired t-tests by seed at the 5 % level, adjusted over cells (Holm).",
    ]


def _describe_mind(mind: str, rows: pd.DataFrame, labels: PhaseLabels) -> list[str]:
    reference = ", ".join(f"{name} = {rows[name].iloc[0]}" for name in labels.settings)
    num_others, num_equal = len(rows) - 1, int(column(rows, "equals_reference").sum()) - 1
    if num_equal == num_others:
        sentences = [
            f"{mind}: all {len(rows)} cells are equal in every seed; what is varied here does not change this metric."
        ]
    else:
        num = int((column(rows, "from_reference_p_holm") < LEVEL).sum())
        equal = f" {num_equal} equal it in every seed (=)." if num_equal else ""
        sentences = [f"{mind}: {num} of {num_others} cells differ (*) from the reference, {reference}.{equal}"]
    if column(rows, "null_mean").notna().any():
        num = int((column(rows, "from_null_p_holm") < LEVEL).sum())
        sentences.append(
            f"{mind}: {num} of {len(rows)} cells differ (†) from the null, random decisions in the same cell."
        )
    return sentences


def _draw_map(table: pd.DataFrame, labels: PhaseLabels) -> "Sheet":
    across, up = ([str(value) for value in table[name].unique()] for name in labels.settings)
    minds = list(table["arm"].unique())
    grids = {mind: rows_where(table, column(table, "arm") == mind) for mind in minds}
    sheet = make_sheet(1.6 + (1.2 + 0.95 * len(across)) * len(minds), 2.6 + 0.7 * len(up) + 0.14 * len(minds))
    axes = list(sheet.subplots(1, len(minds), squeeze=False)[0])
    means = column(table, "mean").to_numpy(float)
    scale = _scale(means)
    image: Any = None
    for ax, (mind, rows) in zip(axes, grids.items(), strict=True):
        image = ax.imshow(_grid(rows, labels.settings, across, up), origin="lower", aspect="auto", **scale)
        for row in to_records(rows):
            place = across.index(str(row[labels.settings[0]])), up.index(str(row[labels.settings[1]]))
            color = "white" if image.norm(row["mean"]) > 0.55 else "black"
            ax.text(*place, _cell_text(row), ha="center", va="center", fontsize=8, color=color)
        ax.set_xticks(range(len(across)), across)
        ax.set_yticks(range(len(up)), up)
        ax.set(xlabel=_axis_label(labels, 0), title=mind)
    axes[0].set_ylabel(_axis_label(labels, 1))
    _add_colour_bar(sheet, image, axes, means, labels.metric)
    return sheet


def _draw_line(table: pd.DataFrame, labels: PhaseLabels) -> "Sheet":
    sheet = make_sheet(6.4, 4.4)
    ax = sheet.add_subplot()
    [setting] = labels.settings
    ticks = [str(value) for value in table[setting].unique()]
    places = _places(ticks)
    pens = assign_pens([str(mind) for mind in table["arm"].unique()])
    for mind, pen in pens.items():
        rows = rows_where(table, column(table, "arm") == mind)
        means, low, high = (column(rows, name).to_numpy(float) for name in ("mean", "low", "high"))
        ax.errorbar(places, means, yerr=[means - low, high - means], color=pen.color, marker="o", capsize=3, label=mind)
        for place, row in zip(places, to_records(rows), strict=True):
            if mark := _marks(row):
                ax.annotate(mark, (place, row["mean"]), (5, 5), textcoords="offset points", color=pen.color)
        ax.plot(places, column(rows, "null_mean"), color=FAINT, linestyle=":")
    if column(table, "null_mean").notna().any():
        ax.plot([], [], color=FAINT, linestyle=":", label="null: random decisions")
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.set_xticks(places, ticks)
    ax.set(xlabel=_axis_label(labels, 0), ylabel="\n".join(wrap(labels.metric, MAX_LABEL)))
    ax.legend(loc="best")
    return sheet


def _places(ticks: Sequence[str]) -> list[float]:
    """Return where values stand on an axis: numbers at their value, anything else in the order given."""
    try:
        return [float(tick) for tick in ticks]
    except ValueError:
        return [float(index) for index in range(len(ticks))]


def _grid(rows: pd.DataFrame, settings: Sequence[str], across: Sequence[str], up: Sequence[str]) -> Array:
    """Return means: a row per value of the second setting, a column per value of the first."""
    grid = np.full((len(up), len(across)), np.nan)
    for row in to_records(rows):
        grid[up.index(str(row[settings[1]])), across.index(str(row[settings[0]]))] = row["mean"]
    return grid


def _scale(means: Array) -> dict[str, Any]:
    """Return the colours; a light one where all means are equal."""
    if _are_equal(means):
        middle = float(np.nanmean(means)) if np.isfinite(means).any() else 0.0
        return {"cmap": "Greys", "vmin": middle - 1, "vmax": middle + 9}
    return colour_scale(float(np.nanmin(means)), float(np.nanmax(means)))


def _are_equal(means: Array) -> bool:
    """Return whether means differ by rounding at most."""
    finite = means[np.isfinite(means)]
    return not len(finite) or float(np.ptp(finite)) <= 1e-9 * max(1.0, float(np.abs(finite).max()))


def _add_colour_bar(sheet: "Sheet", image: Any, axes: "list[Axes]", means: Array, label: str) -> None:
    """Add the scale of the colours, with plain numbers; only the metric's name where there is nothing to scale."""
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    if _are_equal(means):
        sheet.suptitle(f"{label}: the same in all cells", x=0.012, ha="left")
        return
    text = "\n".join(wrap(label, 32))
    bar = sheet.colorbar(image, ax=axes, label=text, pad=0.02, ticks=MaxNLocator(5), format=ScalarFormatter(False))
    bar.ax.ticklabel_format(useOffset=False, style="plain")


def _cell_text(row: dict[str, Any]) -> str:
    half = (row["high"] - row["low"]) / 2
    text = "–" if np.isnan(row["mean"]) else f"{format_number(row['mean'])}{_marks(row)}"
    return text if np.isnan(half) else f"{text}\n± {format_number(half)}"


def _marks(row: dict[str, Any]) -> str:
    """Return how a cell differs: `*` from the reference, `†` from the null; `=` if it equals the reference."""
    is_reference = np.isnan(row["from_reference"])
    change = "=" if row["equals_reference"] and not is_reference else "*" * (row["from_reference_p_holm"] < LEVEL)
    return change + "†" * (row["from_null_p_holm"] < LEVEL)


def _axis_label(labels: PhaseLabels, number: int) -> str:
    """Return a setting's name and, for a parameter of the world, its meaning; in shorter lines on the vertical axis."""
    name = labels.settings[number]
    section, _, parameter = name.rpartition(".")
    field = labels.kind.Params.model_fields.get(parameter) if section == "world" else None
    meaning = (field.description or "") if field else ""
    sentence = re.split(r"[.;]\s|\.$", meaning)[0]
    shown = parameter if section == "world" else name
    return "\n".join([shown.replace("_", " "), *wrap(sentence[:1].lower() + sentence[1:], MAX_LABEL - 16 * number)])
