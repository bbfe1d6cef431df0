"""Reactions of a run in words and as a figure: does the answer follow the fact?"""

import sys
from collections.abc import Mapping, Sequence
from math import inf, isfinite
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, cast

from sandbox.core.reaction import Reaction
from sandbox.figures.figure import FigureData
from sandbox.figures.response_curve import CURVES
from sandbox.figures.style import project_style
from sandbox.output.plot import annotate, draw_panel, panel_grid, save_sheet
from sandbox.output.provenance import describe_origin
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.reaction_tables import FAILURES
from sandbox.runtime.reactions import FOLDER, read_reactions

if TYPE_CHECKING:
    import pandas as pd

    from sandbox.runtime.run import Run

NUM_WEAKEST = 3
"""Reactions that the summary of a run spells out."""
DEFAULT_WIDTH = 100
"""Columns if the output is not a terminal."""
PANEL = (3.4, 2.9)
"""Inches, width and height, of a panel."""
CLAIMS: Mapping[str, str] = {
    "reacts": "{cause} moves {effect}",
    "weak": "{cause} moves {effect} too little",
    "flat": "{cause} hardly moves {effect}",
    "wrong": "{cause} moves {effect} the wrong way",
    "unclear": "whether {cause} moves {effect} is unclear",
}
"""A verdict in words."""


def headline(slopes: "pd.DataFrame", arm: str) -> str:
    """Return one sentence on how much of what should move an arm's agents does."""
    verdicts = slopes.loc[slopes["arm"] == arm, "verdict"]
    counts = {verdict: int((verdicts == verdict).sum()) for verdict in CLAIMS}
    listed = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number and verdict != "reacts")
    others = f" ({listed})" if listed else ""
    facts = "the one fact" if len(verdicts) == 1 else f"{counts['reacts']} of the {len(verdicts)} facts"
    verb = "do not react" if len(verdicts) == 1 and not counts["reacts"] else "react"
    return f"{arm}: agents {verb} to {facts} that should move them{others}."


def describe_slope(row: Mapping[str, Any], reaction: Reaction) -> str:
    """Return one sentence on one reaction of one arm, with the slopes of rule agents and, if known, of real people."""
    claim = CLAIMS[row["verdict"]].format(cause=reaction.cause, effect=reaction.effect)
    interval = f" [{row['low']:+.2f}, {row['high']:+.2f}]" if isfinite(row["low"]) else ""
    references = [f"rule agents {row['rule']:+.2f}"]
    if isfinite(row["people"]):
        others = ", ".join(f"{slope.value:+.2f}" for slope in reaction.other_people)
        references.insert(0, f"real people {row['people']:+.2f}" + (f" (in other data {others})" if others else ""))
    claim = claim[0].upper() + claim[1:]
    return f"{claim}: {row['slope']:+.2f}{interval} {reaction.unit}; {', '.join(references)} (n = {row['num_people']})."


def sort_weakest_first(slopes: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return the rows of a table of slopes by their ratio to the reference slope, the smallest first."""
    return sorted(cast("list[dict[str, Any]]", slopes.to_dict("records")), key=reference_ratio)


def reference_ratio(row: Mapping[str, Any]) -> float:
    """Return a slope as a multiple of that of real people or, where it is unknown, of rule agents; infinite if none."""
    reference = row["people"] if isfinite(row["people"]) else row["rule"]
    return row["slope"] / reference if reference * row["direction"] > 0 else inf


def describe_rows(slopes: "pd.DataFrame", reactions: Sequence[Reaction]) -> list[str]:
    """Return a sentence for each row of a table of slopes, the weakest reaction first."""
    by_name = {reaction.name: reaction for reaction in reactions}
    return [describe_slope(row, by_name[row["reaction"]]) for row in sort_weakest_first(slopes)]


def weakest_lines(slopes: "pd.DataFrame", reactions: Sequence[Reaction]) -> list[str]:
    """Return, for each arm, the headline and sentences on its weakest reactions: three, or one where arms are many."""
    arms = list(dict.fromkeys(slopes["arm"]))
    number = NUM_WEAKEST if len(arms) == 1 else 1
    lines: list[str] = []
    for arm in arms:
        rows = cast("pd.DataFrame", slopes[slopes["arm"] == arm])
        lines.append(headline(slopes, arm))
        lines += [f"  {sentence}" for sentence in describe_rows(rows, reactions)[:number]]
    return lines


def failure_note(slopes: "pd.DataFrame") -> str:
    """Return the sentence that a reader must see before any match of averages; empty if no declared reaction fails."""
    failing = slopes[slopes["verdict"].isin(FAILURES)]
    if failing.empty:
        return ""
    return "Where a reaction is flat or wrong, a match with people's averages is no realism."


def print_reactions(run: "Run") -> None:
    """Print every measured reaction of a run."""
    from rich.console import Console

    slopes = read_reactions(run.folder, "slopes")
    console = Console(width=None if sys.stdout.isatty() else DEFAULT_WIDTH, highlight=False)
    if slopes is None or slopes.empty:
        console.print("No question of this run can be varied.")
        return
    kind, _ = resolve_world(run.manifest.segments[-1].config)
    for arm in dict.fromkeys(slopes["arm"]):
        console.print(headline(slopes, arm), style="bold", markup=False)
        for sentence in describe_rows(cast("pd.DataFrame", slopes[slopes["arm"] == arm]), kind.reactions):
            console.print(f"  {sentence}", markup=False)
    console.print(failure_note(slopes), markup=False)


def draw_reactions(run: "Run") -> list[Path]:
    """Draw every measured reaction of a run on one sheet, a panel each; return the files."""
    curves = read_reactions(run.folder, "curves")
    kind, _ = resolve_world(run.manifest.segments[-1].config)
    if curves is None or curves.empty:
        return []
    data = FigureData(
        run.results().metrics,
        {CURVES: curves},
        kind.metric_labels,
        lambda: run.build_worlds()[0].network.G,
        origin=describe_origin(run.manifest),
    )
    figures = [reaction.figure() for reaction in kind.reactions]
    with project_style():
        sheet, axes = panel_grid(len(figures), PANEL, 0.9)
        for ax, figure in zip(axes, figures, strict=True):
            ax.set_title(fill(figure.title, 40))
            draw_panel(ax, figure, data)
        annotate(sheet, "Do agents react?", figures, data)
        return save_sheet(sheet, run.folder / FOLDER / "reactions")
