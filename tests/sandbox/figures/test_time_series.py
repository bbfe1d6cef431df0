"""A line is the mean over seeds, its band the interval."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sandbox.figures import TimeSeries
from sandbox.figures.figure import Mark
from sandbox.intervals import Mean
from tests.sandbox.figures.conftest import make_axes, make_data, make_null

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


def test_steps_without_a_case_are_a_gap() -> None:
    rows = pd.DataFrame({"arm": "main", "seed": 0, "step": [0, 1, 2], "x": [1.0, np.nan, 3.0]})
    ax = make_axes()
    SERIES.draw(ax, make_data(rows))
    assert np.asarray(ax.lines[0].get_ydata()).tolist() == pytest.approx([1.0, np.nan, 3.0], nan_ok=True)


def test_every_metric_has_a_panel_with_its_label() -> None:
    series = TimeSeries("series", "Series", ("x", "y"), "number")
    panels = series.panels(make_data())
    assert [(panel.title, panel.metrics) for panel in panels] == [("a number", ("x",)), ("y", ("y",))]


def series_of(values: list[float]) -> pd.DataFrame:
    """Return the metric `x` of one replicate, step by step."""
    return pd.DataFrame({"arm": "main", "seed": 0, "step": range(len(values)), "x": values})


def test_changes_of_the_world_are_marked_before_the_first_step_that_they_affect() -> None:
    marks = [Mark(2, "set tax", "set tax=0.2"), Mark(2, "message", "message text=Hi"), Mark(4, "branch", "branch")]
    data = replace(make_data(series_of([1.0, 2.0, 3.0, 4.0, 5.0])), marks=marks)
    ax = make_axes()
    SERIES.draw(ax, data)
    lines = [np.asarray(line.get_xdata(), float).tolist() for line in ax.lines[1:]]
    assert lines == [[1.5, 1.5], [3.5, 3.5]]
    assert [text.get_text() for text in ax.texts] == ["set tax\nmessage", "branch"]
    assert SERIES.note(data).splitlines()[-1] == (
        "Dotted lines: before step 2, set tax=0.2; before step 2, message text=Hi; before step 4, branch."
    )
    assert "Dotted" not in SERIES.note(replace(data, marks=()))
    unfinished = replace(data, metrics=series_of([1.0, 2.0, 3.0]))
    assert "before step 4" not in SERIES.note(unfinished)
    ax = make_axes()
    SERIES.draw(ax, unfinished)
    assert len(ax.lines) == 2


def test_a_metric_that_is_always_missing_has_no_observations() -> None:
    assert SERIES.is_empty(make_data(series_of([np.nan, np.nan])))
    assert not SERIES.is_empty(make_data(series_of([np.nan, 0.0])))


def test_a_missing_value_is_a_gap_and_a_value_between_gaps_a_dot() -> None:
    values = [1.0, np.nan, 2.0, np.nan, *range(20)]
    ax = make_axes()
    SERIES.draw(ax, make_data(series_of(values)))
    [line] = ax.lines
    assert np.array_equal(np.asarray(line.get_ydata(), float), values, equal_nan=True)
    assert np.flatnonzero(np.asarray(line.get_markevery())).tolist() == [0, 2]


def test_an_arm_without_values_leaves_the_lines_of_others_alone() -> None:
    metrics = pd.concat([series_of([np.nan, np.nan]), series_of([1.0, 2.0]).assign(arm="other")])
    ax = make_axes()
    SERIES.draw(ax, make_data(metrics))
    assert [np.asarray(line.get_ydata(), float)[-1] for line in ax.lines][1] == 2.0


def test_chance_is_drawn_behind_the_lines_and_the_axis_holds_its_band() -> None:
    ax = make_axes()
    SERIES.draw(ax, make_data(series_of([1.0, 2.0, 3.0]), null=make_null({"main": "main"}, [10.0, np.nan, 12.0])))
    band, mean, line = ax.collections[0], *ax.lines
    assert band.get_zorder() < mean.get_zorder() < line.get_zorder()
    vertices = np.concatenate([np.asarray(path.vertices) for path in band.get_paths()])
    assert not (vertices[:, 0] == 1).any(), "a step at which chance has no value is a gap"
    low, high = ax.get_ylim()
    assert low <= 1.0
    assert high >= np.nanmax(vertices[:, 1]) > 12.0


def test_an_axis_keeps_its_natural_zero_where_the_band_goes_below() -> None:
    ax = make_axes()
    SERIES.draw(ax, make_data(series_of([1.0, 2.0]), null=make_null({"main": "main"}, [0.1, 0.1], sd=5.0)))
    assert -0.2 < ax.get_ylim()[0] <= 0
