"""The report of an evaluation: a summary for each model, tables by form, and a figure of the likelihoods."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.counting import count_of
from sandbox.files import replace_file, replace_text

Rows = Sequence[Mapping[str, Any]]
MAIN_METRICS = ("nll", "nll per character")
DIFFERENCES = "Differences in negative log-likelihood (below zero: the first is better):"
INTRODUCTION = (
    "Values with 95 % intervals from a bootstrap over users. Likelihoods are in nats, of texts per character. "
    "A difference counts as better or worse if it is significantly different from zero (its interval excludes 0)."
)
REACTIONS = (
    "Each person was asked about one of their decisions again, with one fact changed and all else equal. The slopes "
    "are means over people with Student's t intervals. The domain's own model was fitted to train people and asked the "
    "same."
)
BASELINE_COLOUR = "#9A9A9A"
MODEL_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
MAX_PANELS_PER_ROW = 4


def write_report(
    folder: Path,
    scores: Rows,
    contrasts: Rows,
    reactions: Rows,
    models: Sequence[str],
    human_forms: Collection[str],
) -> Path:
    """Write `report.md` and `figures/nll.png`; return the path of the report.

    Args:
        folder: Output folder.
        scores: Rows of `scores.csv`.
        contrasts: Rows of `contrasts.csv`.
        reactions: Rows of `reactions.csv`.
        models: The models under evaluation, the reference first.
        human_forms: Forms that real people answered; only these are in the figure.
    """
    (folder / "figures").mkdir(exist_ok=True)
    draw_likelihoods([row for row in scores if row["form"] in human_forms], folder / "figures" / "nll.png", models)
    parts = ["# Evaluation", "", "![Negative log-likelihood by form](figures/nll.png)", "", INTRODUCTION, ""]
    for name in models[1:]:
        parts += [f"## Summary for {name}", "", *_summary_lines(contrasts, name, models[0]), ""]
    if reactions:
        parts += ["## Reactions", "", REACTIONS, "", *_reaction_lines(reactions), ""]
    for form in sorted({row["form"] for row in scores}):
        parts += [f"## {form}", "", *_table_lines([row for row in scores if row["form"] == form]), ""]
        main_contrasts = [row for row in contrasts if row["form"] == form and row["metric"] in MAIN_METRICS]
        parts += [DIFFERENCES, "", *_difference_lines(main_contrasts), ""] if main_contrasts else []
    path = folder / "report.md"
    replace_text(path, "\n".join(parts))
    return path


def _summary_lines(contrasts: Rows, name: str, reference: str) -> list[str]:
    """Return a table row per form: the model against the reference, the best baseline, and its shuffled control."""
    lines = [
        f"| form | against {reference} | against the best baseline | against shuffled people |",
        "|---|---|---|---|",
    ]
    rows = [row for row in contrasts if row["model"] == name and row["metric"] in MAIN_METRICS]
    for form in dict.fromkeys(row["form"] for row in rows):
        by_opponent = {row["contrast"].removeprefix(f"{name} - "): row for row in rows if row["form"] == form}
        baseline_rows = [
            row
            for opponent, row in by_opponent.items()
            if opponent != reference and not opponent.startswith(f"{name},")
        ]
        best_baseline = max(baseline_rows, key=lambda row: row["value"], default=None)
        opponents = (by_opponent.get(reference), best_baseline, by_opponent.get(f"{name}, shuffled"))
        lines.append(f"| {form} | {' | '.join(map(_describe_difference, opponents))} |")
    return lines


def _describe_difference(row: Mapping[str, Any] | None) -> str:
    """Return a difference in words."""
    if row is None:
        return ""
    word = "better" if row["high"] < 0 else "worse" if row["low"] > 0 else "no significant difference"
    word = "one user, so no test" if math.isnan(row["low"]) else word
    opponent = row["contrast"].split(" - ", 1)[1]
    return f"**{word}**, {_format_interval(row)} ({opponent})"


def _table_lines(rows: Rows) -> list[str]:
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    lines = [f"| model | control | {' | '.join(metrics)} |", f"|---|---|{'---|' * len(metrics)}"]
    for name, control in dict.fromkeys((row["model"], row["control"]) for row in rows):
        by_metric = {row["metric"]: row for row in rows if (row["model"], row["control"]) == (name, control)}
        cells = [_format_interval(by_metric[metric]) if metric in by_metric else "" for metric in metrics]
        lines.append(f"| {name} | {control} | {' | '.join(cells)} |")
    return [*lines, "", f"{count_of(rows[0]['tasks'], 'task')} of {count_of(rows[0]['users'], 'user')}."]


def _reaction_lines(reactions: Rows) -> list[str]:
    """Return a table row per reaction: the slope of each model, of the domain's own and of people."""
    models = list(dict.fromkeys(row["model"] for row in reactions))
    lines = [
        f"| reaction | people asked | {' | '.join(models)} | domain's own | people |",
        f"|---|---|{'---|' * (len(models) + 2)}",
    ]
    for name in dict.fromkeys(row["reaction"] for row in reactions):
        by_model = {row["model"]: row for row in reactions if row["reaction"] == name}
        row = next(iter(by_model.values()))
        cells = [f"{_format_slope(by_model[model])}, {by_model[model]['verdict']}" for model in models]
        references = [_format_number(row[reference]) for reference in ("domain", "people")]
        lines.append(f"| {' | '.join([name, str(row['num_people']), *cells, *references])} |")
    return lines


def _format_slope(row: Mapping[str, Any]) -> str:
    return _format_interval({**row, "value": row["slope"]})


def _format_number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _difference_lines(rows: Rows) -> list[str]:
    return [f"- {row['contrast']}: {_format_interval(row)}" for row in rows]


def _format_interval(row: Mapping[str, Any]) -> str:
    if math.isnan(row["value"]):
        return "–"
    interval = "" if math.isnan(row["low"]) else f" ({row['low']:.3f} to {row['high']:.3f})"
    return f"{row['value']:.3f}{interval}"


def draw_likelihoods(scores: Rows, path: Path, models: Sequence[str]) -> None:
    """Draw the likelihoods of all models and baselines without a control, one panel per form."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    main_rows = [row for row in scores if row["metric"] in MAIN_METRICS and row["control"] == "own"]
    forms = sorted({row["form"] for row in main_rows})
    num_rows, num_columns = -(-len(forms) // MAX_PANELS_PER_ROW), min(MAX_PANELS_PER_ROW, len(forms))
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(2.6 * num_columns, 2.4 * num_rows), layout="constrained")
        panels = figure.subplots(num_rows, num_columns, squeeze=False).flat
        for panel in list(panels)[len(forms) :]:
            panel.set_axis_off()
        for panel, form in zip(panels, forms, strict=False):
            _draw_panel(panel, [row for row in main_rows if row["form"] == form], models)
            panel.set_title(form, loc="left", fontweight="bold")
        with replace_file(path) as draft:
            figure.savefig(draft, format="png", dpi=160)


def _draw_panel(panel: Any, rows: Rows, models: Sequence[str]) -> None:
    names = [row["model"] for row in rows]
    values = [row["value"] for row in rows]
    errors = [[row["value"] - row["low"] for row in rows], [row["high"] - row["value"] for row in rows]]
    colours = [
        MODEL_COLOURS[models.index(name) % len(MODEL_COLOURS)] if name in models else BASELINE_COLOUR for name in names
    ]
    panel.barh(names, values, xerr=errors, color=colours, error_kw={"elinewidth": 1})
    panel.invert_yaxis()
    panel.set_xlabel("nats per choice" if rows[0]["metric"] == "nll" else "nats per character")
