"""Figures of a comparison: differences between arms with their intervals, and the scorecard."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from experiments.facts.measures import Frame
from sandbox.panels import FAINT, HUMAN, Pens, pens
from sandbox.plot import save, sheet_of, styled

ROW = 0.34
"""Inches that a line of a chart takes for one arm."""
FARTHEST = -1.0
"""Scores below it are drawn at the edge, with an arrow: how much worse than chance something is matters little."""


def draw_contrasts(contrasts: Frame, labels: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw every declared outcome's contrasts as effect sizes with intervals, a panel for each kind of contrast."""
    drawn: list[Path] = []
    for kind, title in _KINDS.items():
        rows = contrasts[(contrasts["kind"] == kind) & contrasts["declared"] & contrasts["low"].notna()]
        if not rows.empty:
            with styled():
                drawn += save(_forest(rows, labels, title), folder / f"contrasts_{kind}")
    return drawn


def draw_scorecard(card: Frame, folder: Path) -> list[Path]:
    """Draw all scores: 0 is as far from people as simple minds, 1 as near as other people."""
    known = card[card["score"].notna()]
    if known.empty:
        return []
    with styled():
        return save(_scores(known), folder / "scorecard")


def draw_sensitivities(table: Frame, labels: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw how far every variant of an audit moves every outcome: a panel per outcome, a line per variant."""
    with styled():
        return save(_moves(table, labels), folder / "sensitivities")


_KINDS = {
    "mind": "Differences between minds",
    "treatment": "Effects of the treatments",
    "agreement": "Differences between the minds' effects",
}


def _forest(rows: Frame, labels: Mapping[str, str], title: str) -> Any:
    outcomes = list(dict.fromkeys(rows["outcome"]))
    names = [_contrast_name(row) for row in rows.to_dict("records")]
    looks = pens(names)
    columns = 2 if len(outcomes) > 1 else 1
    lines = -(-len(outcomes) // columns)
    sheet = sheet_of(4.4 * columns, lines * (0.75 + ROW * len(looks)) + 0.5)
    for place, outcome in enumerate(outcomes):
        ax = sheet.add_subplot(lines, columns, place + 1)
        mine = rows[rows["outcome"] == outcome]
        _intervals(ax, mine, looks)
        ax.set_title(fill(labels.get(outcome, outcome), 46))
    sheet.suptitle(title, x=0.012, ha="left")
    sheet.supxlabel(
        "Mean of the differences within a seed, with its 95 % bootstrap interval; grey: no difference.",
        x=0.012, ha="left", fontsize=7.5, color=FAINT,
    )  # fmt: skip
    return sheet


def _moves(table: Frame, labels: Mapping[str, str]) -> Any:
    outcomes, variants = sorted(table["outcome"].unique()), list(dict.fromkeys(table.sort_values("what")["variant"]))
    minds = pens(sorted(table["mind"].unique()))
    columns = min(3, len(outcomes))
    lines = -(-len(outcomes) // columns)
    sheet = sheet_of(1.6 + 2.9 * columns, lines * (0.9 + 0.3 * len(variants)))
    for place, outcome in enumerate(outcomes):
        ax = sheet.add_subplot(lines, columns, place + 1)
        mine = table[table["outcome"] == outcome]
        ax.axvline(0, color=HUMAN, linewidth=1)
        ax.axvspan(*sorted((0.0, float(mine["main_effect"].iloc[0]))), color=HUMAN, alpha=0.15, linewidth=0)
        for number, (mind, pen) in enumerate(minds.items()):
            rows = mine[mine["mind"] == mind].set_index("variant").loc[variants]
            at = np.arange(len(variants)) + 0.24 * (number - (len(minds) - 1) / 2)
            ax.hlines(at, rows["low"], rows["high"], color=pen.color, linewidth=1.4)
            ax.plot(rows["difference"], at, "o", color=pen.color, markersize=4)
        ax.set_yticks(range(len(variants)), variants if place % columns == 0 else [""] * len(variants))
        ax.set_ylim(len(variants) - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.set_title(fill(labels.get(outcome, outcome), 36))
    sheet.legend(handles=_handles(minds)[:-1], loc="outside upper right", ncols=len(minds))
    note = "Variant less plain, with 95 % intervals over seeds. Grey area: the effect of the mind itself."
    sheet.supxlabel(note, x=0.012, ha="left", fontsize=7.5, color=FAINT)
    return sheet


def _intervals(ax: Any, rows: Frame, looks: Pens) -> None:
    ax.axvline(0, color=HUMAN, linewidth=1)
    names = [_contrast_name(row) for row in rows.to_dict("records")]
    for place, (name, value, low, high) in enumerate(
        zip(names, rows["difference"], rows["low"], rows["high"], strict=True)
    ):
        ax.plot([low, high], [place, place], color=looks[name].color, linewidth=1.6)
        ax.plot([value], [place], "o", color=looks[name].color, markersize=5)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _contrast_name(row: Mapping[str, Any]) -> str:
    under = f" ({row['treatment']})" if row["treatment"] else ""
    return f"{row['first']} − {row['second']}{under}"


def _scores(card: Frame) -> Any:
    arms = pens([str(arm) for arm in card["arm"]])
    items = list(dict.fromkeys(zip(card["level"], card["item"], strict=True)))
    sheet = sheet_of(7.6, 0.9 + 0.42 * len(items) + 0.25 * len({level for level, _ in items}))
    ax = sheet.add_subplot()
    places = _places([level for level, _ in items])
    ax.axvline(0, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    ax.axvline(1, color=HUMAN, linewidth=3)
    for number, (arm, pen) in enumerate(arms.items()):
        shift = 0.22 * (number - (len(arms) - 1) / 2)
        for (_, item), place in zip(items, places, strict=True):
            for row in card[(card["arm"] == arm) & (card["item"] == item)].to_dict("records"):
                _score(ax, row, place + shift, pen.color)
    high = max(1.6, float(np.nanmax(card["high"].clip(upper=3))))
    ax.set_xlim(FARTHEST - 0.12, high + 0.05)
    ax.set_yticks(places, [str(item).replace("_", " ") for _, item in items])
    for level in dict.fromkeys(level for level, _ in items):
        first = min(place for (one, _), place in zip(items, places, strict=True) if one == level)
        ax.text(
            0.0, first - 0.75, level, transform=ax.get_yaxis_transform(), fontweight="bold", fontsize=8, va="center"
        )
    ax.set_ylim(max(places) + 0.7, -1.2)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("score: 0 as far from people as simple minds, 1 as near as other people")
    ax.legend(handles=_handles(arms), loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(arms) + 1)
    return sheet


def _score(ax: Any, row: Mapping[str, Any], place: float, color: str) -> None:
    value, low, high = row["score"], row["low"], row["high"]
    if value < FARTHEST:
        ax.plot([FARTHEST - 0.04], [place], "<", color=color, markersize=6)
        ax.text(FARTHEST + 0.03, place, f"{value:.1f}", color=color, fontsize=7, va="center")
        return
    if not np.isnan(low):
        ax.plot([max(low, FARTHEST - 0.1), high], [place, place], color=color, linewidth=1.6, solid_capstyle="butt")
    ax.plot([value], [place], "o", color=color, markersize=5, markeredgecolor="white", markeredgewidth=0.5)


def _places(levels: Sequence[str]) -> list[float]:
    """Lines of a chart, with room above the first item of each level."""
    places: list[float] = []
    at = 0.0
    for place, level in enumerate(levels):
        at += 0.0 if place == 0 else 1.0 if level == levels[place - 1] else 1.8
        places.append(at)
    return places


def _handles(arms: Pens) -> list[Any]:
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"marker": "o", "linewidth": 1.6, "markersize": 5}
    people = Line2D([], [], color=HUMAN, linewidth=3, label="people")
    return [*(Line2D([], [], color=pen.color, label=name, **style) for name, pen in arms.items()), people]
