"""Response curves show what was measured, how many people it is from, and the references."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sandbox.figures.response_curve import CURVES, ResponseCurve
from tests.sandbox.figures.conftest import legend_texts, make_axes, make_data

FIGURE = ResponseCurve("r", "Stars by weather", "stars_by_weather", "weather", "expected stars", math.nan)
CURVE = pd.DataFrame(
    {
        "arm": "main",
        "reaction": "stars_by_weather",
        "level": ["rain", "cloud", "sun"],
        "position": [0.0, 1.0, 2.0],
        "mean": [2.0, 3.0, 4.0],
        "low": [1.5, 2.5, 3.5],
        "high": [2.5, 3.5, 4.5],
        "rule": [1.0, 3.0, 5.0],
        "num_people": [8, 7, 8],
    }
)


def test_a_reaction_that_was_not_measured_is_empty() -> None:
    assert FIGURE.is_empty(make_data())
    assert FIGURE.is_empty(make_data(tables={CURVES: CURVE.assign(reaction="another")}))
    assert FIGURE.note(make_data()) == ""


def test_a_curve_shows_means_rule_people_and_the_number_of_people() -> None:
    ax = make_axes()
    FIGURE.draw(ax, make_data(tables={CURVES: CURVE}))
    curve, rule = ax.lines
    assert np.asarray(curve.get_ydata()).tolist() == [2.0, 3.0, 4.0]
    assert np.asarray(rule.get_ydata()).tolist() == [1.0, 3.0, 5.0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["rain", "cloud", "sun"]
    assert ax.get_xlabel() == "weather (n = 7 to 8)"
    assert legend_texts(ax) == ["rule agents"]


def test_the_slope_of_real_people_passes_through_the_middle_of_the_curve() -> None:
    ax = make_axes()
    replace(FIGURE, people_slope=0.5).draw(ax, make_data(tables={CURVES: CURVE}))
    assert np.asarray(ax.lines[2].get_ydata()).tolist() == pytest.approx([2.5, 3.0, 3.5])
    assert legend_texts(ax) == ["rule agents", "slope of real people"]
