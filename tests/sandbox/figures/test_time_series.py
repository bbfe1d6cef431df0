"""A line is the mean over seeds, its band the interval."""

import numpy as np
import pandas as pd
import pytest

from sandbox.figures import TimeSeries
from sandbox.intervals import Mean
from tests.sandbox.figures.conftest import make_axes, make_data

SERIES = TimeSeries("series", "Series", ("x",), "number")


def test_a_line_is_the_mean_over_seeds_and_its_band_the_interval() -> None:
    rows = [("main", seed, step, 10.0 * step + seed) for seed in range(3) for step in range(4)]
    ax = make_axes()
    SERIES.draw(ax, make_data(pd.DataFrame(rows, columns=["arm", "seed", "step", "x"])))
    assert np.asarray(ax.lines[0].get_ydata()).tolist() == [1.0, 11.0, 21.0, 31.0]
    band = np.asarray(ax.collections[0].get_paths()[0].vertices)
    half_width = Mean.of([0.0, 1.0, 2.0]).half_width
    assert band[:, 1].min() == pytest.approx(1 - half_width)
    assert band[:, 1].max() == pytest.approx(31 + half_width)


def test_one_seed_is_a_line_without_a_band() -> None:
    ax = make_axes()
    SERIES.draw(ax, make_data(pd.DataFrame({"arm": "main", "seed": 0, "step": [0, 1], "x": [1.0, 2.0]})))
    assert len(ax.lines) == 1
    assert not ax.collections


def test_steps_without_a_case_are_a_gap_and_a_metric_without_any_says_so() -> None:
    rows = pd.DataFrame({"arm": "main", "seed": 0, "step": [0, 1, 2], "x": [1.0, np.nan, 3.0]})
    ax, empty = make_axes(), make_axes()
    SERIES.draw(ax, make_data(rows))
    assert np.asarray(ax.lines[0].get_ydata()).tolist() == pytest.approx([1.0, np.nan, 3.0], nan_ok=True)
    SERIES.draw(empty, make_data(rows.assign(x=np.nan)))
    assert [text.get_text() for text in empty.texts] == ["no case in any step"]


def test_every_metric_has_a_panel_with_its_label() -> None:
    series = TimeSeries("series", "Series", ("x", "y"), "number")
    panels = series.panels(make_data())
    assert [(panel.title, panel.metrics) for panel in panels] == [("a number", ("x",)), ("y", ("y",))]
