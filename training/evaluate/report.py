"""A comparison to be read: tables by form, and likelihoods drawn."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

Rows = Sequence[Mapping[str, Any]]
MAIN = ("nll", "nll per character")
BETTER = "Differences in negative log-likelihood (below zero: the first is better):"
INTRODUCTION = (
    "Values with 95 % intervals from a bootstrap over users; likelihoods are in nats, of texts per character. Better "
    "and worse are said where the interval of a difference is off zero."
)
BARS = ("#9A9A9A", "#0072B2", "#D55E00", "#009E73", "#CC79A7")


def write_report(
    folder: Path, scores: Rows, contrasts: Rows, contestants: Sequence[str], human: Collection[str]
) -> Path:
    """Write `report.md` and `figures/nll.png`; returns the page's path.

    Args:
        folder: Where to.
        scores: Rows of `scores.csv`.
        contrasts: Rows of `contrasts.csv`.
        contestants: The models, the yardstick first.
        human: Forms that are answered by real people; the figure has only these.
    """
    (folder / "figures").mkdir(exist_ok=True)
    draw([row for row in scores if row["form"] in human], folder / "figures" / "nll.png", contestants)
    parts = ["# Evaluation", "", "![Negative log-likelihood by form](figures/nll.png)", "", INTRODUCTION, ""]
    for name in contestants[1:]:
        parts += [f"## {name} in short", "", *_in_short(contrasts, name, contestants[0]), ""]
    for form in sorted({row["form"] for row in scores}):
        parts += [f"## {form}", "", *_table([row for row in scores if row["form"] == form]), ""]
        mine = [row for row in contrasts if row["form"] == form and row["figure"] in MAIN]
        parts += [BETTER, "", *_differences(mine), ""] if mine else []
    path = folder / "report.md"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _in_short(contrasts: Rows, name: str, first: str) -> list[str]:
    """A line a form: against the first contestant, the best of the guesses, and itself with others' persons."""
    lines = [f"| form | against {first} | against the best guess | against others' persons |", "|---|---|---|---|"]
    mine = [row for row in contrasts if row["contestant"] == name and row["figure"] in MAIN]
    for form in dict.fromkeys(row["form"] for row in mine):
        rows = {row["contrast"].removeprefix(f"{name} - "): row for row in mine if row["form"] == form}
        shuffled = rows.get(f"{name}, shuffled")
        guesses = [row for other, row in rows.items() if other != first and not other.startswith(f"{name},")]
        hardest = max(guesses, key=lambda row: row["value"], default=None)
        cells = (_judged(row) for row in (rows.get(first), hardest, shuffled))
        lines.append(f"| {form} | {' | '.join(cells)} |")
    return lines


def _judged(row: Mapping[str, Any] | None) -> str:
    """A difference in words: better or worse where its interval is off zero."""
    if row is None:
        return ""
    word = "better" if row["high"] < 0 else "worse" if row["low"] > 0 else "cannot tell"
    other = row["contrast"].split(" - ", 1)[1]
    return f"**{word}**, {_told(row)} ({other})"


def _table(rows: Rows) -> list[str]:
    figures = list(dict.fromkeys(row["figure"] for row in rows))
    lines = [f"| who answers | asked | {' | '.join(figures)} |", f"|---|---|{'---|' * len(figures)}"]
    for name, who in dict.fromkeys((row["contestant"], row["who"]) for row in rows):
        mine = {row["figure"]: row for row in rows if (row["contestant"], row["who"]) == (name, who)}
        cells = [_told(mine[figure]) if figure in mine else "" for figure in figures]
        lines.append(f"| {name} | {who} | {' | '.join(cells)} |")
    return [*lines, "", f"{rows[0]['tasks']} tasks of {rows[0]['users']} users."]


def _differences(rows: Rows) -> list[str]:
    return [f"- {row['contrast']}: {_told(row)}" for row in rows]


def _told(row: Mapping[str, Any]) -> str:
    return f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def draw(scores: Rows, path: Path, contestants: Sequence[str]) -> None:
    """Draw the likelihoods of everybody who answers as themselves, a panel a form."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [row for row in scores if row["figure"] in MAIN and row["who"] == "own"]
    forms = sorted({row["form"] for row in shown})
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        drawn = Figure(figsize=(2.6 * min(4, len(forms)), 2.4 * -(-len(forms) // 4)), layout="constrained")
        panels = drawn.subplots(-(-len(forms) // 4), min(4, len(forms)), squeeze=False).flat
        for panel in list(panels)[len(forms) :]:
            panel.set_axis_off()
        for panel, form in zip(panels, forms, strict=False):
            mine = [row for row in shown if row["form"] == form]
            names = [row["contestant"] for row in mine]
            values = [row["value"] for row in mine]
            errors = [[row["value"] - row["low"] for row in mine], [row["high"] - row["value"] for row in mine]]
            colours = [BARS[1 + contestants.index(name) % 4] if name in contestants else BARS[0] for name in names]
            panel.barh(names, values, xerr=errors, color=colours, error_kw={"elinewidth": 1})
            panel.invert_yaxis()
            panel.set_title(form, loc="left", fontweight="bold")
            panel.set_xlabel("nats per choice" if mine[0]["figure"] == "nll" else "nats per character")
        drawn.savefig(path, dpi=160)
