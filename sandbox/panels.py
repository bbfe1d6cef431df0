"""One panel of a figure, drawn on given axes: lines over steps, shares, Lorenz curves.

Knows data frames and axes; `sandbox.plot` arranges panels on sheets and writes files. Colours are those of Okabe &
Ito (2008, https://jfly.uni-koeln.de/color/), which people with any colour vision can tell apart.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from sandbox.figures import Bars, Lorenz, NetworkMap
from sandbox.intervals import Mean

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
"""Dashes tell arms apart in print, and show lines that lie on each other."""
HUMAN = "#9A9A9A"
INK = "#222222"
FAINT = "#6B6B6B"
SOLO = "simulated people"
"""What a figure calls the people where there is only one arm to tell apart."""


class Pen(NamedTuple):
    """How an arm is named and drawn."""

    label: str
    color: str
    dash: Any


Pens: TypeAlias = dict[str, Pen]
Frame: TypeAlias = Any
"""A pandas DataFrame, or a Series of it: pandas' annotations cannot say which of the two an index yields."""


def pens(arms: Sequence[str]) -> Pens:
    """A pen for every arm, in the order in which arms appear."""
    names = list(dict.fromkeys(arms))
    looks = zip(cycle(COLORS), cycle(DASHES), strict=False)
    return {name: Pen(name if len(names) > 1 else SOLO, *look) for name, look in zip(names, looks, strict=False)}


def draw_series(ax: Any, metrics: Frame, measure: str, arms: Pens) -> None:
    """Draw the mean over seeds by step, one line per arm, with its 95 % t-interval."""
    from matplotlib.ticker import MaxNLocator

    low, high = float(metrics[measure].min()), float(metrics[measure].max())
    ends = [low, high]
    for arm, rows in metrics.groupby("arm", sort=False):
        pen = arms[str(arm)]
        means = {int(str(step)): Mean.of(part.to_list()) for step, part in rows.groupby("step")[measure]}
        steps = list(means)
        middle, half = (np.array([mean[field] for mean in means.values()]) for field in (0, 1))
        marker = {"marker": "o", "markersize": 3} if len(steps) <= 12 else {}
        ax.plot(steps, middle, color=pen.color, linestyle=pen.dash, label=pen.label, **marker)
        if not np.isnan(half).all():
            alpha = 0.18 if len(arms) < 3 else 0.1
            ax.fill_between(steps, middle - half, middle + half, color=pen.color, alpha=alpha, linewidth=0)
            ends += [float(np.nanmin(middle - half)), float(np.nanmax(middle + half))]
    ax.set_ylim(*_view(low, high, ends))
    ax.set_xlabel("step")
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    if max(abs(low), abs(high)) > 1000 and high - low > 10:
        ax.yaxis.set_major_formatter("{x:,.0f}")
    else:
        ax.ticklabel_format(axis="y", useOffset=False, style="plain")


def draw_bars(ax: Any, figure: Bars, table: Frame, arms: Pens) -> None:
    """Draw shares by category: mean over seeds with 95 % t-interval, one colour per arm, people in grey."""
    rows = table.assign(**{figure.x: table[figure.x].map(_category)})
    categories = _ordered([*rows[figure.x], *figure.human])
    groups: list[tuple[str, str, list[Mean]]] = []
    for arm, part in rows.groupby("arm", sort=False):
        number = f"n = {part[figure.weight].sum():,.0f}"
        label = number if len(arms) > 1 else f"{SOLO} ({number})"
        groups.append((label, arms[str(arm)].color, shares(part, figure, categories)))
    if figure.human:
        label = figure.human_label or "real people"
        groups.append((label, HUMAN, [Mean(figure.human.get(name, 0.0), np.nan, 0) for name in categories]))
    width = 0.8 / len(groups)
    for place, (label, color, means) in enumerate(groups):
        x = np.arange(len(categories)) + (place - (len(groups) - 1) / 2) * width
        ax.bar(x, [100 * mean.value for mean in means], width * 0.92, color=color, label=label)
        _whiskers(ax, x, means)
    ax.set_xticks(range(len(categories)), categories, rotation=0 if sum(map(len, categories)) < 50 else 30)
    ax.set_xlabel(figure.xlabel)
    ax.set_ylabel("share (%)")
    num_columns = 1 if len(groups) < 4 else 2
    ax.set_ylim(0, ax.get_ylim()[1] * (1 + 0.12 * -(-len(groups) // num_columns)))
    ax.yaxis.set_major_locator(_no_more_than_all(ax.get_ylim()[1]))
    ax.legend(loc="upper left", ncols=num_columns)


def shares(part: Frame, figure: Bars, categories: Sequence[str]) -> list[Mean]:
    """Share of every category in one arm: mean over the seeds that counted anything."""
    counts = part.pivot_table(index="seed", columns=figure.x, values=figure.weight, aggfunc="sum", fill_value=0)
    counts = counts.reindex(columns=list(categories), fill_value=0)
    counts = counts[counts.sum(axis=1) > 0]
    return [Mean.of(column) for column in counts.div(counts.sum(axis=1), axis=0).to_numpy().T]


def draw_lorenz(ax: Any, figure: Lorenz, table: Frame, arms: Pens) -> None:
    """Draw Lorenz curves with the line of equality: the mean over seeds, and every seed lightly behind it."""
    grid = np.linspace(0, 100, 201)
    ax.plot([0, 100], [0, 100], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    ax.text(35, 37, "equality", color=FAINT, rotation=45, ha="center", rotation_mode="anchor", fontsize=8)
    for arm, rows in table.groupby("arm", sort=False):
        pen = arms[str(arm)]
        seeds = [units.dropna().to_list() for _, units in rows.groupby("seed")[figure.value] if units.sum() > 0]
        if len(seeds) > 1:
            for units in seeds:
                ax.plot(*lorenz_curve(units), color=pen.color, linewidth=0.6, alpha=0.35)
        if seeds:
            x, y = lorenz_curve(seeds[0])
            if len(seeds) > 1:
                x, y = grid, np.mean([np.interp(grid, *lorenz_curve(units)) for units in seeds], axis=0)
            label = _gini_label(Mean.of([gini(units) for units in seeds]))
            ax.plot(x, y, color=pen.color, linestyle=pen.dash, label=label)
    ax.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    ax.set_xticks(range(0, 101, 25))
    ax.set_yticks(range(0, 101, 25))
    ax.set_xlabel(f"{figure.unit}s, smallest first (cumulative %)")
    ax.set_ylabel(f"their {figure.value} (cumulative %)")
    ax.legend(loc="upper left")


def lorenz_curve(values: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative share of units, smallest first, and of what they have; both in %."""
    held = np.concatenate([[0.0], np.sort(np.asarray(values, float)).cumsum()])
    return np.linspace(0, 100, len(held)), 100 * held / held[-1]


def gini(values: Sequence[float]) -> float:
    """Twice the area between the Lorenz curve and the line of equality (Gini 1912)."""
    x, y = lorenz_curve(values)
    return float(1 - ((x[1:] - x[:-1]) * (y[1:] + y[:-1])).sum() / 100**2)


def is_empty(figure: Bars | Lorenz | NetworkMap, tables: Mapping[str, Frame]) -> bool:
    """Whether a figure's table holds nothing to draw."""
    table = tables.get(figure.table)
    if table is None or table.empty:
        return True
    match figure:
        case Bars():
            return not table[figure.weight].sum() > 0
        case Lorenz():
            return not table[figure.value].sum() > 0
        case NetworkMap():
            return figure.color not in table


def _gini_label(gini: Mean) -> str:
    return f"Gini {gini.value:.2f}" + (f" ± {gini.half_width:.2f}" if gini.num > 1 else "")


def _no_more_than_all(top: float) -> Any:
    """Ticks up to `top` %, but none beyond 100 %: the room above is the key's."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    return FixedLocator(
        [tick for tick in MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top) if tick <= min(top, 100)]
    )


def _whiskers(ax: Any, x: np.ndarray, means: Sequence[Mean]) -> None:
    """Draw intervals, cut at 0 and 100 %."""
    if not any(mean.num > 1 for mean in means):
        return
    value, half = np.array([mean.value for mean in means]), np.array([mean.half_width for mean in means])
    ends = 100 * np.array([np.minimum(half, value), np.minimum(half, 1 - value)])
    ax.errorbar(x, 100 * value, yerr=ends, fmt="none", ecolor=INK, elinewidth=1, capsize=2)


def _view(low: float, high: float, ends: Sequence[float]) -> tuple[float, float]:
    """Range of an axis: all seeds and all bands, except what lies far off or below a natural zero."""
    room = (high - low) / 2 or abs(high) / 4 or 0.5
    bottom, top = max(min(ends), low - room), min(max(ends), high + room)
    edge = 0.06 * max(top - bottom, room)
    return (bottom - edge if low < 0 else max(bottom - edge, 0.0) - 0.01 * room), top + edge


def _category(value: Any) -> str:
    """A category's name; a CSV file turns `1` into a number."""
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def _ordered(names: Sequence[str]) -> list[str]:
    """Numbers by size, then words as they come."""
    return sorted(dict.fromkeys(names), key=lambda name: float(name) if _is_number(name) else np.inf)


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).removeprefix("-").isdigit()
