"""Shares by category: mean over seeds with its 95 % interval, next to the shares of real people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sandbox.figures.figure import Figure, FigureData
from sandbox.figures.style import HUMAN, INK, SOLO_LABEL
from sandbox.intervals import Mean

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.ticker import FixedLocator


class BarGroup(NamedTuple):
    """Bars of one colour: an arm, or real people."""

    label: str
    color: str
    shares: list[Mean]
    """One for each category."""


MAX_LABELS = 14
"""Categories from which on a scale of numbers has not all of its labels, which would overlap."""


@dataclass(frozen=True)
class Bars(Figure):
    """Shares by category, one colour per arm, next to human shares if there are any."""

    table: str
    """Which of the world's tables to read."""
    x: str
    """Column with the categories."""
    weight: str
    """Column with counts; shares are drawn."""
    xlabel: str
    human: Mapping[str, float] = field(default_factory=dict)
    """Human share by category; if they do not sum to 1, a category that is not listed is unknown and has no bar."""
    human_label: str = ""
    """Where the human shares are from."""

    def is_empty(self, data: FigureData) -> bool:
        """Return whether nothing was counted."""
        return not data.total(self.table, self.weight) > 0

    def draw(self, ax: "Axes", data: FigureData) -> None:
        """Draw the bars of all arms, and those of real people in grey."""
        rows = data.tables[self.table]
        rows = rows.assign(**{self.x: rows[self.x].map(_category_name)})
        categories = _sort_categories([*rows[self.x], *self.human])
        groups = self._groups(rows, categories, data)
        width = 0.8 / len(groups)
        for number, group in enumerate(groups):
            x = np.arange(len(categories)) + (number - (len(groups) - 1) / 2) * width
            heights = [100 * share.value for share in group.shares]
            ax.bar(x, heights, width * 0.92, color=group.color, label=group.label)
            _draw_error_bars(ax, x, group.shares)
        places = range(0, len(categories), _label_every(categories))
        labels = [categories[place] for place in places]
        ax.set_xticks(places, labels, rotation=0 if sum(map(len, labels)) < 50 else 30)
        ax.set_xlabel(self.xlabel)
        ax.set_ylabel("share (%)")
        num_columns = 1 if len(groups) < 4 else 2
        num_rows = -(-len(groups) // num_columns)
        ax.set_ylim(0, ax.get_ylim()[1] * (1 + 0.12 * num_rows))  # room for the legend above the bars
        ax.yaxis.set_major_locator(_ticks_up_to_100(ax.get_ylim()[1]))
        ax.legend(loc="upper left", ncols=num_columns)

    def _groups(self, rows: "pd.DataFrame", categories: Sequence[str], data: FigureData) -> list[BarGroup]:
        groups: list[BarGroup] = []
        for arm, part in rows.groupby("arm", sort=False):
            number = f"n = {part[self.weight].sum():,.0f}"
            label = number if len(data.pens) > 1 else f"{SOLO_LABEL} ({number})"
            groups.append(BarGroup(label, data.pens[str(arm)].color, self._mean_shares(part, categories)))
        if self.human:
            # a category that nobody was in has the share 0 only if the shares of the others are complete
            unlisted = 0.0 if np.isclose(sum(self.human.values()), 1, atol=0.001) else np.nan
            shares = [Mean(self.human.get(category, unlisted), np.nan, 0) for category in categories]
            groups.append(BarGroup(self.human_label or "real people", HUMAN, shares))
        return groups

    def _mean_shares(self, rows: "pd.DataFrame", categories: Sequence[str]) -> list[Mean]:
        """Return the share of every category in one arm: the mean over the seeds that counted anything."""
        counts = rows.pivot_table(index="seed", columns=self.x, values=self.weight, aggfunc="sum", fill_value=0)
        counts = counts.reindex(columns=list(categories), fill_value=0)
        counts = counts[counts.sum(axis=1) > 0]
        return [Mean.of(column) for column in counts.div(counts.sum(axis=1), axis=0).to_numpy().T]


def _label_every(categories: Sequence[str]) -> int:
    """Return which of the categories have labels: every one, but of a long scale of numbers every second, or fewer."""
    return 1 + len(categories) // MAX_LABELS if all(map(_is_number, categories)) else 1


def _draw_error_bars(ax: "Axes", x: np.ndarray, shares: Sequence[Mean]) -> None:
    """Draw intervals, cut off at 0 and 100 %."""
    if not any(share.num > 1 for share in shares):
        return
    value, half = np.array([share.value for share in shares]), np.array([share.half_width for share in shares])
    ends = 100 * np.array([np.minimum(half, value), np.minimum(half, 1 - value)])
    ax.errorbar(x, 100 * value, yerr=ends, fmt="none", ecolor=INK, elinewidth=1, capsize=2)


def _ticks_up_to_100(top: float) -> "FixedLocator":
    """Return ticks up to `top` %, but none beyond 100 %: the space above belongs to the legend."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top)
    return FixedLocator([tick for tick in ticks if tick <= min(top, 100)])


def _category_name(value: object) -> str:
    """Return the name of a category: `1` for the number 1, `1.0` or the text."""
    if value is None or value != value:
        return "no value"
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def _sort_categories(names: Sequence[str]) -> list[str]:
    """Sort numbers by size; words follow in the order of the table."""
    return sorted(dict.fromkeys(names), key=lambda name: float(name) if _is_number(name) else np.inf)


def _is_number(name: str) -> bool:
    return name.replace(".", "", 1).removeprefix("-").isdigit()
