"""Pictures of a comparison or audit: differences with their intervals, and the scorecard."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.frames import column, rows_where, to_records
from experiments.statistics import describe_intervals
from sandbox.figures.style import COLORS, FAINT, HUMAN, Pens, assign_pens, project_style
from sandbox.output.plot import add_note, make_sheet, save_sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet
    from matplotlib.lines import Line2D

ROW_HEIGHT = 0.34
"""Height in inches of one arm's line."""
LOWEST_SCORE = -1.0
"""Lower scores are drawn at the edge, with an arrow: how much worse than the baselines an arm is matters little."""
MARKERS = ("o", "s", "^", "D", "v", "P")
"""Markers of the arms that share a colour, when there are more arms than colours."""
NORM_MARK = "*"
"""Behind the name of an item that is compared with a norm, not with people."""
NORM_NOTE = (
    f"\n{NORM_MARK} compared with a norm from the literature, or with rule agents, not with people: 1 = equal to these"
)
PREDICTOR_MARK = "†"
"""Behind the name of an item whose score of 1 is the best simple predictor, not people."""
PREDICTOR_NOTE = f"\n{PREDICTOR_MARK} held-out choices: 0 = a uniform guess, 1 = the best simple predictor, not people"
MARKS = {"people": "", "norm": NORM_MARK, "rule": NORM_MARK, "predictor": PREDICTOR_MARK}
CONTRAST_TITLES = {
    "mind": "Differences between minds",
    "treatment": "Effects of the treatments",
    "interaction": "Differences between the treatments' effects on two minds",
}


def draw_contrasts(contrasts: pd.DataFrame, labels: Mapping[str, str], folder: Path, origin: str = "") -> list[Path]:
    """Draw every declared outcome's contrasts with their intervals, a picture for each kind of contrast.

    Args:
        contrasts: As `contrast_table` returns them.
        labels: What to call the outcomes.
        folder: Where to write.
        origin: What the pictures say they are of, see `describe_origin`.
    """
    pictures: list[Path] = []
    for kind, title in CONTRAST_TITLES.items():
        is_shown = (
            (column(contrasts, "kind") == kind) & column(contrasts, "declared") & column(contrasts, "low").notna()
        )
        rows = rows_where(contrasts, is_shown)
        if not rows.empty:
            with project_style():
                pictures += save_sheet(_draw_forest(rows, labels, title, origin), folder / f"contrasts_{kind}")
    return pictures


def draw_scorecard(card: pd.DataFrame, titles: Mapping[str, str], folder: Path, origin: str = "") -> list[Path]:
    """Draw all scores: 0 is as far from people as the simple baselines, 1 as near as other people, or as a norm.

    Args:
        card: As `scorecard` returns it.
        titles: What to call the items.
        folder: Where to write.
        origin: What the picture says it is of, see `describe_origin`.
    """
    scored = rows_where(card, column(card, "score").notna())
    if scored.empty:
        return []
    with project_style():
        return save_sheet(_draw_scores(scored, titles, origin), folder / "scorecard")


def draw_sensitivities(table: pd.DataFrame, labels: Mapping[str, str], folder: Path, origin: str = "") -> list[Path]:
    """Draw how far every variant of an audit moves every outcome: a panel per outcome, a line per variant.

    Args:
        table: As `sensitivity_table` returns it.
        labels: What to call the outcomes.
        folder: Where to write.
        origin: What the picture says it is of, see `describe_origin`.
    """
    with project_style():
        return save_sheet(_draw_moves(table, labels, origin), folder / "sensitivities")


def colour_scale(low: float, high: float) -> dict[str, Any]:
    """Return colours of numbers as `sandbox.figures.network_map` has them.

    Dark means much; values on both sides of 0 get two hues that meet at 0.
    """
    if low < 0 < high:
        return {"cmap": "PuOr", "vmin": -max(-low, high), "vmax": max(-low, high)}
    return {"cmap": "viridis_r", "vmin": low, "vmax": max(high, low + 1e-9)}


def _draw_forest(rows: pd.DataFrame, labels: Mapping[str, str], title: str, origin: str) -> "Sheet":
    outcomes = list(dict.fromkeys(rows["outcome"]))
    pens = assign_pens([_contrast_name(row) for row in to_records(rows)])
    num_columns = 2 if len(outcomes) > 1 else 1
    num_rows = -(-len(outcomes) // num_columns)
    sheet = make_sheet(4.4 * num_columns, num_rows * (0.75 + ROW_HEIGHT * len(pens)) + 0.5)
    for index, outcome in enumerate(outcomes):
        ax = sheet.add_subplot(num_rows, num_columns, index + 1)
        _draw_intervals(ax, rows_where(rows, column(rows, "outcome") == outcome), pens)
        ax.set_title(fill(labels.get(outcome, outcome), 46))
    sheet.suptitle(title, x=0.012, ha="left")
    intervals = describe_intervals(int(column(rows, "num_seeds").max()))
    add_note(
        sheet, ["Points: means of the differences within seeds. Grey line: no difference.", f"{intervals}.", origin], 2
    )
    return sheet


def _draw_intervals(ax: "Axes", rows: pd.DataFrame, pens: Pens) -> None:
    ax.locator_params(axis="x", nbins=5)
    ax.axvline(0, color=HUMAN, linewidth=1)
    names = [_contrast_name(row) for row in to_records(rows)]
    for height, (name, row) in enumerate(zip(names, to_records(rows), strict=True)):
        color = pens[name].color
        ax.plot([row["low"], row["high"]], [height, height], color=color, linewidth=1.6)
        ax.plot([row["difference"]], [height], "o", color=color, markersize=5)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _contrast_name(row: Mapping[str, Any]) -> str:
    treatment = f" ({row['treatment']})" if row["treatment"] else ""
    return f"{row['first']} − {row['second']}{treatment}"


def _draw_moves(table: pd.DataFrame, labels: Mapping[str, str], origin: str) -> "Sheet":
    variants = list(dict.fromkeys(table.sort_values("factor", kind="stable")["variant"]))
    groups: Any = table.groupby(["outcome", "treatment"])
    panels = list(groups)
    minds = assign_pens(sorted(column(table, "mind").unique()))
    num_columns = min(3, len(panels))
    num_rows = -(-len(panels) // num_columns)
    sheet = make_sheet(1.6 + 2.9 * num_columns, num_rows * (0.9 + 0.3 * len(variants)))
    for index, ((outcome, treatment), rows) in enumerate(panels):
        ax = sheet.add_subplot(num_rows, num_columns, index + 1)
        _draw_outcome_moves(ax, rows, minds, variants)
        ax.set_yticks(range(len(variants)), variants if index % num_columns == 0 else [""] * len(variants))
        ax.set_title(fill(labels.get(outcome, outcome) + f" ({treatment})" * bool(treatment), 36))
    sheet.legend(handles=_legend_handles(minds)[:-1], loc="outside upper right", ncols=len(minds))
    intervals = describe_intervals(int(column(table, "num_seeds").max()))
    add_note(
        sheet, ["Variant minus plain run. Grey area: the difference between the minds.", f"{intervals}.", origin], 2
    )
    return sheet


def _draw_outcome_moves(ax: "Axes", rows: pd.DataFrame, minds: Pens, variants: Sequence[str]) -> None:
    ax.axvline(0, color=HUMAN, linewidth=1)
    ax.axvspan(*sorted((0.0, float(rows["main_effect"].iloc[0]))), color=HUMAN, alpha=0.15, linewidth=0)
    for number, (mind, pen) in enumerate(minds.items()):
        moves = rows_where(rows, column(rows, "mind") == mind).set_index("variant").reindex(variants)
        heights = np.arange(len(variants)) + 0.24 * (number - (len(minds) - 1) / 2)
        ax.hlines(heights, column(moves, "low"), column(moves, "high"), color=pen.color, linewidth=1.4)
        ax.plot(column(moves, "difference"), heights, "o", color=pen.color, markersize=4)
    ax.set_ylim(len(variants) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def _draw_scores(card: pd.DataFrame, titles: Mapping[str, str], origin: str) -> "Sheet":
    arms = assign_pens([str(arm) for arm in card["arm"]])
    items = list(dict.fromkeys(zip(card["level"], card["item"], strict=True)))
    levels = [level for level, _ in items]
    against = dict(zip(card["item"], card["against"], strict=True))
    row_height = 0.42 * max(1.0, len(arms) / 4)
    sheet = make_sheet(7.6, 0.9 + row_height * (len(items) + 0.6 * len(set(levels))))
    ax = sheet.add_subplot()
    heights = _item_heights(levels)
    ax.axvline(0, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    ax.axvline(1, color=HUMAN, linewidth=3)
    _draw_arm_scores(ax, card, arms, {item: height for (_, item), height in zip(items, heights, strict=True)})
    highest = max(1.6, float(np.nanmax(card["high"].clip(upper=3))))
    ax.set_xlim(LOWEST_SCORE - 0.12, highest + 0.05)
    names = [titles.get(item, str(item).replace("_", " ")) + MARKS[against[item]] for _, item in items]
    ax.set_yticks(heights, names)
    for level in dict.fromkeys(levels):
        top = heights[levels.index(level)] - 0.75
        ax.text(0.0, top, level, transform=ax.get_yaxis_transform(), fontweight="bold", fontsize=8, va="center")
    ax.set_ylim(max(heights) + 0.7, -1.2)
    ax.tick_params(axis="y", length=0)
    note = NORM_NOTE * bool({"norm", "rule"} & {*against.values()})
    note += PREDICTOR_NOTE * ("predictor" in against.values())
    floor = "as far from people as the worse of the rule and random arms (reactions: none)"
    ax.set_xlabel("score")
    add_note(sheet, [*f"0 = {floor}, 1 = where real people are{note}".split("\n"), origin], 2)
    ax.legend(handles=_legend_handles(arms), loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(4, len(arms) + 1))
    return sheet


def _draw_arm_scores(ax: "Axes", card: pd.DataFrame, arms: Pens, heights: Mapping[str, float]) -> None:
    """Draw the scores of all arms, side by side within an item."""
    markers = _arm_markers(arms)
    for number, (arm, pen) in enumerate(arms.items()):
        shift = min(0.22, 0.8 / len(arms)) * (number - (len(arms) - 1) / 2)
        for row in to_records(rows_where(card, column(card, "arm") == arm)):
            _draw_score(ax, row, heights[row["item"]] + shift, pen.color, markers[arm])


def _draw_score(ax: "Axes", row: Mapping[str, Any], height: float, color: str, marker: str) -> None:
    value, low, high = row["score"], row["low"], row["high"]
    if value < LOWEST_SCORE:
        ax.plot([LOWEST_SCORE - 0.04], [height], "<", color=color, markersize=6)
        ax.text(LOWEST_SCORE + 0.03, height, f"{value:.1f}", color=color, fontsize=7, va="center")
        return
    if not np.isnan(low):
        ends = [max(low, LOWEST_SCORE - 0.1), high]
        ax.plot(ends, [height, height], color=color, linewidth=1.6, solid_capstyle="butt")
    ax.plot([value], [height], marker, color=color, markersize=5, markeredgecolor="white", markeredgewidth=0.5)


def _item_heights(levels: Sequence[str]) -> list[float]:
    """Return the height of each item's line, with room above the first item of each level."""
    heights: list[float] = []
    height = 0.0
    for index, level in enumerate(levels):
        height += 0.0 if index == 0 else 1.0 if level == levels[index - 1] else 1.8
        heights.append(height)
    return heights


def _legend_handles(arms: Pens) -> "list[Line2D]":
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"linewidth": 1.6, "markersize": 5}
    markers = _arm_markers(arms)
    people = Line2D([], [], color=HUMAN, linewidth=3, label="people")
    lines = [Line2D([], [], color=pen.color, marker=markers[name], label=name, **style) for name, pen in arms.items()]
    return [*lines, people]


def _arm_markers(arms: Pens) -> dict[str, str]:
    """Return the marker of every arm; it changes each time the colours start again."""
    return {name: MARKERS[index // len(COLORS) % len(MARKERS)] for index, name in enumerate(arms)}
