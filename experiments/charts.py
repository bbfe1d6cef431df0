"""Figures of a comparison: differences between arms with their intervals, and the scorecard."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from experiments.facts.measures import Frame
from experiments.statistics import interval_in_words
from sandbox.panels import COLORS, FAINT, HUMAN, Pens, pens
from sandbox.plot import save, sheet_of, styled

ROW = 0.34
"""Inches that a line of a chart takes for one arm."""
FARTHEST = -1.0
"""Scores below it are drawn at the edge, with an arrow: how much worse than chance something is matters little."""
MARKERS = ("o", "s", "^", "D", "v", "P")
"""Shapes of the arms that have to share a colour, since there are more arms than colours."""
NORM = "*"
"""Behind the name of an item that is held against a norm, not against people."""


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
    """Draw all scores: 0 is as far from people as simple minds, 1 as near as other people, or as a norm."""
    known = card[card["score"].notna()]
    if known.empty:
        return []
    with styled():
        return save(_scores(known), folder / "scorecard")


def draw_sensitivities(table: Frame, labels: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw how far every variant of an audit moves every outcome: a panel per outcome, a line per variant."""
    with styled():
        return save(_moves(table, labels), folder / "sensitivities")


def colour_scale(low: float, high: float) -> dict[str, Any]:
    """Colours of numbers, as `sandbox.maps` has them: dark is much; where some lie below 0, two hues part there."""
    if low < 0 < high:
        return {"cmap": "PuOr", "vmin": -max(-low, high), "vmax": max(-low, high)}
    return {"cmap": "viridis_r", "vmin": low, "vmax": max(high, low + 1e-9)}


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
    seeds = interval_in_words(int(rows["num"].max()))
    sheet.supxlabel(
        f"Mean of the differences within a seed, with its 95 % interval; grey: no difference.\n{seeds}.",
        x=0.012, ha="left", fontsize=7.5, color=FAINT,
    )  # fmt: skip
    return sheet


def _moves(table: Frame, labels: Mapping[str, str]) -> Any:
    variants = list(dict.fromkeys(table.sort_values("what", kind="stable")["variant"]))
    panels = list(table.groupby(["outcome", "treatment"]))
    minds = pens(sorted(table["mind"].unique()))
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    sheet = sheet_of(1.6 + 2.9 * columns, lines * (0.9 + 0.3 * len(variants)))
    for place, ((outcome, treatment), mine) in enumerate(panels):
        ax = sheet.add_subplot(lines, columns, place + 1)
        ax.axvline(0, color=HUMAN, linewidth=1)
        ax.axvspan(*sorted((0.0, float(mine["main_effect"].iloc[0]))), color=HUMAN, alpha=0.15, linewidth=0)
        for number, (mind, pen) in enumerate(minds.items()):
            rows = mine[mine["mind"] == mind].set_index("variant").reindex(variants)
            at = np.arange(len(variants)) + 0.24 * (number - (len(minds) - 1) / 2)
            ax.hlines(at, rows["low"], rows["high"], color=pen.color, linewidth=1.4)
            ax.plot(rows["difference"], at, "o", color=pen.color, markersize=4)
        ax.set_yticks(range(len(variants)), variants if place % columns == 0 else [""] * len(variants))
        ax.set_ylim(len(variants) - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.set_title(fill(labels.get(outcome, outcome) + f" ({treatment})" * bool(treatment), 36))
    sheet.legend(handles=_handles(minds)[:-1], loc="outside upper right", ncols=len(minds))
    seeds = interval_in_words(int(table["num_seeds"].max()))
    note = f"Variant less plain, with 95 % intervals. Grey area: the effect of the mind itself.\n{seeds}."
    sheet.supxlabel(note, x=0.012, ha="left", fontsize=7.5, color=FAINT)
    return sheet


def _intervals(ax: Any, rows: Frame, looks: Pens) -> None:
    ax.locator_params(axis="x", nbins=5)
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
    shapes = _shapes(arms)
    items = list(dict.fromkeys(zip(card["level"], card["item"], strict=True)))
    norms = set(card.loc[card["against"] == "norm", "item"])
    line = 0.42 * max(1.0, len(arms) / 4)
    sheet = sheet_of(7.6, 0.9 + line * (len(items) + 0.6 * len({level for level, _ in items})))
    ax = sheet.add_subplot()
    places = _places([level for level, _ in items])
    ax.axvline(0, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    ax.axvline(1, color=HUMAN, linewidth=3)
    for number, (arm, pen) in enumerate(arms.items()):
        shift = min(0.22, 0.8 / len(arms)) * (number - (len(arms) - 1) / 2)
        for (_, item), place in zip(items, places, strict=True):
            for row in card[(card["arm"] == arm) & (card["item"] == item)].to_dict("records"):
                _score(ax, row, place + shift, pen.color, shapes[arm])
    high = max(1.6, float(np.nanmax(card["high"].clip(upper=3))))
    ax.set_xlim(FARTHEST - 0.12, high + 0.05)
    ax.set_yticks(places, [str(item).replace("_", " ") + NORM * (item in norms) for _, item in items])
    for level in dict.fromkeys(level for level, _ in items):
        first = min(place for (one, _), place in zip(items, places, strict=True) if one == level)
        ax.text(
            0.0, first - 0.75, level, transform=ax.get_yaxis_transform(), fontweight="bold", fontsize=8, va="center"
        )
    ax.set_ylim(max(places) + 0.7, -1.2)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("score: 0 as far from people as simple minds, 1 as near as other people" + _NORMED * bool(norms))
    ax.legend(handles=_handles(arms), loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(4, len(arms) + 1))
    return sheet


_NORMED = f"\n{NORM} a norm from the literature, not people: 1 is the norm itself"


def _score(ax: Any, row: Mapping[str, Any], place: float, color: str, shape: str) -> None:
    value, low, high = row["score"], row["low"], row["high"]
    if value < FARTHEST:
        ax.plot([FARTHEST - 0.04], [place], "<", color=color, markersize=6)
        ax.text(FARTHEST + 0.03, place, f"{value:.1f}", color=color, fontsize=7, va="center")
        return
    if not np.isnan(low):
        ax.plot([max(low, FARTHEST - 0.1), high], [place, place], color=color, linewidth=1.6, solid_capstyle="butt")
    ax.plot([value], [place], shape, color=color, markersize=5, markeredgecolor="white", markeredgewidth=0.5)


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

    style: dict[str, Any] = {"linewidth": 1.6, "markersize": 5}
    shapes = _shapes(arms)
    people = Line2D([], [], color=HUMAN, linewidth=3, label="people")
    lines = [Line2D([], [], color=pen.color, marker=shapes[name], label=name, **style) for name, pen in arms.items()]
    return [*lines, people]


def _shapes(arms: Pens) -> dict[str, str]:
    """The shape of every arm's dots: another one for each time that the colours begin anew."""
    return {name: MARKERS[place // len(COLORS) % len(MARKERS)] for place, name in enumerate(arms)}
