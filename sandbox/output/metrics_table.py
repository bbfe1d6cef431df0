"""The metrics of a run as a table for the terminal; too narrow for all columns, it becomes several tables."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sandbox.counting import count_of
from sandbox.intervals import Mean
from sandbox.output.formatting import format_mean
from sandbox.runtime.results import Results

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

MAX_ARMS = 4
"""Arms that the summary shows."""
UNBOUNDED = 10_000
"""Columns if the output is not a terminal, so that nothing is cut off."""
MIN_LABEL_WIDTH = 20
"""Columns of the terminal that the name of a metric has at least."""


def print_metrics(console: "Console", results: Results, labels: Mapping[str, str]) -> None:
    """Print all metrics: first step, last step and mean over steps; with several arms only the mean over steps.

    No number is ever cut: what does not fit side by side is printed in tables below each other.
    """
    columns = _metric_columns(results.metrics, labels)
    names = list(columns)
    title = _title(results.metrics)
    while names:
        number = next((n for n in range(len(names), 1, -1) if _fits(console, title, labels, columns, names[:n])), 1)
        console.print(_make_table(title, labels, {name: columns[name] for name in names[:number]}))
        names = names[number:]
    if (num_hidden := len(results.metrics["arm"].unique()) - MAX_ARMS) > 0:
        console.print(f"metrics.csv has {count_of(num_hidden, 'more arm')}.", style="dim")


def over_steps(metrics: "pd.DataFrame", metric: str) -> tuple[Mean, Mean, Mean]:
    """Return a metric at the first step, at the last step and on average over steps; means over seeds."""
    by_seed = metrics.groupby("seed")[metric]
    # pandas' own `first` and `last` would skip steps without a value
    first, last = (Mean.of([steps.iloc[end] for _, steps in by_seed]) for end in (0, -1))
    means: Any = by_seed.mean()
    return first, last, Mean.of(means.to_list())


def _metric_columns(metrics: "pd.DataFrame", labels: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the cells of every column by its heading, a cell for each metric."""
    arms = [str(arm) for arm in metrics["arm"].unique()]
    if len(arms) == 1:
        rows = [over_steps(metrics, metric) for metric in labels]
        names: Sequence[str] = ("first step", "last step", "mean")
    else:
        rows = [means_by_arm(metrics, metric, arms[:MAX_ARMS]) for metric in labels]
        names = arms[:MAX_ARMS]
    return {name: [format_mean(row[place]) for row in rows] for place, name in enumerate(names)}


def means_by_arm(metrics: "pd.DataFrame", metric: str, arms: Sequence[str]) -> list[Mean]:
    """Return the mean over seeds of a metric's mean over steps, for each arm."""
    return [over_steps(cast("pd.DataFrame", metrics[metrics["arm"] == arm]), metric)[2] for arm in arms]


def _title(metrics: "pd.DataFrame") -> str:
    num_arms, num_seeds = (len(metrics[name].unique()) for name in ("arm", "seed"))
    return f"metric{', mean over steps' * (num_arms > 1)}{' (± 95 % interval over seeds)' * (num_seeds > 1)}"


def _fits(
    console: "Console", title: str, labels: Mapping[str, str], columns: Mapping[str, list[str]], names: Sequence[str]
) -> bool:
    table = _make_table(title, labels, {name: columns[name] for name in names})
    unbounded = console.options.update(max_width=UNBOUNDED)  # else it reports at most the width that there is
    return console.measure(table, options=unbounded).minimum <= console.width


def _make_table(title: str, labels: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(Text(title), min_width=MIN_LABEL_WIDTH if len(columns) > 1 else None, overflow="fold")
    for name, cells in columns.items():
        # a single column that does not fit is wrapped at its spaces
        width = max(map(len, (name, *cells))) if len(columns) > 1 else None
        table.add_column(Text(name), justify="right", min_width=width, overflow="fold")
    for label, *cells in zip(labels.values(), *columns.values(), strict=True):
        table.add_row(Text(label), *cells)
    return table
