"""Shared parts of the tests of figures: empty axes, and results to draw."""

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet

from sandbox.figures import FigureData
from sandbox.figures.null_model import NullModel

ONE_STEP = pd.DataFrame({"arm": "main", "seed": 0, "step": [0], "x": [1.0]})
"""Metrics of one replicate after one step."""


def make_axes() -> Axes:
    """Return empty axes."""
    return Sheet().add_subplot()


def make_data(
    metrics: pd.DataFrame = ONE_STEP,
    tables: Mapping[str, pd.DataFrame] | None = None,
    graph: "nx.Graph[Any] | None" = None,
    null: NullModel | None = None,
) -> FigureData:
    """Return results to draw."""
    return FigureData(metrics, tables or {}, {"x": "a number"}, lambda: graph or nx.path_graph(3), null)


def make_null(treatments: Mapping[str, str], means: Sequence[float], sd: float = 1.0) -> NullModel:
    """Return a null model of the metric `x` from 20 worlds of one seed.

    Args:
        treatments: The treatment of each arm.
        means: Its mean at each step, in all treatments.
        sd: Its standard deviation.
    """
    rows = [
        (treatment, step, "x", mean, sd, 19, 20)
        for treatment in dict.fromkeys(treatments.values())
        for step, mean in enumerate(means)
    ]
    columns = ["treatment", "step", "metric", "mean", "sd", "df", "num_worlds"]
    return NullModel(pd.DataFrame(rows, columns=columns), treatments)


def legend_texts(ax: Axes) -> list[str]:
    """Return what the legend says, line by line."""
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def bar_heights(ax: Axes) -> list[float]:
    """Return the heights of all bars, group by group."""
    return [getattr(bar, "get_height")() for bar in ax.patches]  # noqa: B009  # only bars have one
