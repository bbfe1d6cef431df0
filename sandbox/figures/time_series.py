"""Metrics over steps: one line per arm, the mean over seeds, with a band for its 95 % interval.

A grey band behind them shows what chance alone gives. Where a metric is missing, a line has a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import fill
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sandbox.figures.figure import Figure, FigureData, Mark
from sandbox.figures.null_model import NullBand
from sandbox.figures.style import FAINT, HUMAN, Pen
from sandbox.intervals import Mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_MARKED_STEPS = 12
"""Lines of at most this many steps have a dot at each step."""


@dataclass(frozen=True)
class TimeSeries(Figure):
    """Metrics over steps, a panel for each."""

    metrics: tuple[str, ...]
    """Names of the metrics; the overview shows the first."""
    ylabel: str | tuple[str, ...]
    """What the axis says, unit included; several, one for each metric, if their units differ."""

    repeats_in_overview: ClassVar[bool] = True

    def is_empty(self, data: FigureData) -> bool:
        """Return whether no step has a value of any of the metrics."""
        return data.metrics.empty or bool(data.metrics[list(self.metrics)].isna().to_numpy().all())

    def panels(self, data: FigureData) -> Sequence["TimeSeries"]:
        """Return one time series per metric, with the metric's label for a title."""
        ylabels = (self.ylabel,) * len(self.metrics) if isinstance(self.ylabel, str) else self.ylabel
        return [
            replace(self, title=data.metric_labels.get(metric, metric), metrics=(metric,), ylabel=ylabel)
            for metric, ylabel in zip(self.metrics, ylabels, strict=True)
        ]

    def draw(self, ax: "Axes", data: FigureData) -> None:
        """Draw the first metric."""
        metric = self.metrics[0]
        bands = data.null.bands(metric, max(data.num_seeds.values())) if data.null else []
        values = np.concatenate([data.metrics[metric].to_numpy(float), *(band.middle for band in bands)])
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        for band in bands:
            low, high = _widen_range(low, high, _draw_null_band(ax, band, data.pens.get(band.arm)))
        ends = [low, high]
        for arm, rows in data.metrics.groupby("arm", sort=False):
            pen = data.pens[str(arm)]
            means = {int(str(step)): Mean.of(part.to_list()) for step, part in rows.groupby("step")[metric]}
            steps = list(means)
            middle = np.array([mean.value for mean in means.values()])
            half = np.array([mean.half_width for mean in means.values()])
            marked = np.full(len(steps), True) if len(steps) <= MAX_MARKED_STEPS else _find_isolated(middle)
            marker: dict[str, Any] = {"marker": "o", "markersize": 3, "markevery": marked}
            ax.plot(steps, middle, color=pen.color, linestyle=pen.dash, label=pen.label, **marker)
            if not np.isnan(half).all():
                alpha = 0.18 if len(data.pens) < 3 else 0.1
                ax.fill_between(steps, middle - half, middle + half, color=pen.color, alpha=alpha, linewidth=0)
                ends += [float(np.nanmin(middle - half)), float(np.nanmax(middle + half))]
        ax.set_xlim(*_step_range(data.metrics["step"].to_numpy()))  # steps without a value are not left out
        ax.set_ylim(*_axis_range(low, high, ends))
        _draw_marks(ax, data.reached_marks)
        _format_axes(ax, low, high)
        ax.set_ylabel(fill(self.ylabel if isinstance(self.ylabel, str) else self.ylabel[0], 34))

    def note(self, data: FigureData) -> str:
        """Say how many worlds were run, and what the grey band and the dotted lines are."""
        marks = "; ".join(f"before step {mark.step}, {mark.description}" for mark in data.reached_marks)
        marks_note = f"Dotted lines: {marks}." if marks else ""
        return "\n".join(filter(None, [data.sample_note(), data.null.note() if data.null else "", marks_note]))


def _draw_marks(ax: "Axes", marks: Sequence[Mark]) -> None:
    """Draw a dotted line between the step before a change and the first that it can affect, with what changed."""
    labels: dict[int, list[str]] = {}
    for mark in marks:
        labels.setdefault(mark.step, []).append(mark.label)
    for step, texts in labels.items():
        ax.axvline(step - 0.5, color=FAINT, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
        text = "\n".join(dict.fromkeys(texts))
        style: dict[str, Any] = {"rotation": 90, "fontsize": 6, "color": FAINT, "va": "top", "ha": "right"}
        ax.annotate(text, (step - 0.5, 0.98), xycoords=("data", "axes fraction"), annotation_clip=False, **style)


def _draw_null_band(ax: "Axes", band: NullBand, pen: Pen | None) -> list[float]:
    """Draw what chance alone gives behind all lines; return the finite ends of the band.

    Args:
        ax: Where to draw.
        band: What to draw.
        pen: Draws the mean; None: a grey line.
    """
    low, high = band.middle - band.half_width, band.middle + band.half_width
    ax.fill_between(band.steps, low, high, color=HUMAN, alpha=0.3, linewidth=0, zorder=0)
    style: dict[str, Any] = {"color": pen.color, "linestyle": pen.dash} if pen else {"color": FAINT}
    ax.plot(band.steps, band.middle, linewidth=0.7, zorder=1, **style)
    return [float(end) for end in (*low, *high) if np.isfinite(end)]


def _widen_range(low: float, high: float, ends: Sequence[float]) -> tuple[float, float]:
    """Return a range of values that holds the ends of a band too, but not beyond a natural zero."""
    bottom = min([low, *ends])
    return (bottom if low < 0 else max(bottom, 0.0)), max([high, *ends])


def _find_isolated(values: np.ndarray) -> np.ndarray:
    """Return which values have a missing one, or none, on both sides: a line alone would not show them."""
    is_missing = np.isnan(np.concatenate([[np.nan], values, [np.nan]]))
    return ~is_missing[1:-1] & is_missing[:-2] & is_missing[2:]


def _step_range(steps: np.ndarray) -> tuple[float, float]:
    """Return the limits of the axis of steps, with a margin of 5 %."""
    first, last = float(steps.min()), float(steps.max())
    margin = 0.05 * (last - first) or 0.05
    return first - margin, last + margin


def _format_axes(ax: "Axes", low: float, high: float) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("step")
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    if max(abs(low), abs(high)) > 1000 and high - low > 10:
        ax.yaxis.set_major_formatter("{x:,.0f}")
    else:
        ax.ticklabel_format(axis="y", useOffset=False, style="plain")


def _axis_range(low: float, high: float, ends: Sequence[float]) -> tuple[float, float]:
    """Return the limits of an axis: all seeds and all bands, except what is far away or below a natural zero.

    Args:
        low: Smallest value of any seed, or of what chance alone gives.
        high: Largest value of these.
        ends: These two, and the ends of all bands.
    """
    room = (high - low) / 2 or abs(high) / 4 or 0.5
    bottom, top = max(min(ends), low - room), min(max(ends), high + room)
    edge = 0.06 * max(top - bottom, room)
    return (bottom - edge if low < 0 else max(bottom - edge, 0.0) - 0.01 * room), top + edge
