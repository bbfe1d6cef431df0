"""The Gini coefficient of a figure is that of the world."""

import pandas as pd
import pytest

from sandbox.descriptive import gini
from sandbox.figures import Lorenz
from sandbox.figures.lorenz import lorenz_curve
from sandbox.runtime.results import Results
from tests.sandbox.figures.conftest import legend_texts, make_axes, make_data
from tests.sandbox.output.conftest import play_market

SALES = Lorenz("lorenz", "Inequality", "listings", "sold", "good")


def test_the_gini_in_the_legend_is_the_worlds() -> None:
    world = play_market()
    ax = make_axes()
    results = Results.of([world])
    SALES.draw(ax, make_data(results.metrics, results.tables))
    assert legend_texts(ax)[0] == f"Gini {world.latest_metrics['gini_sales'] or 0:.2f}"


@pytest.mark.parametrize("values", [[1, 1, 1], [0, 0, 7], [3, 1, 4, 1, 5]])
def test_the_gini_is_twice_the_area_beside_the_lorenz_curve(values: list[float]) -> None:
    x, y = lorenz_curve(values)
    area = ((x[1:] - x[:-1]) * (y[1:] + y[:-1])).sum() / 2 / 100**2
    assert gini(values) == pytest.approx(1 - 2 * area)


def test_a_note_says_how_many_units_a_curve_stands_for() -> None:
    lorenz = Lorenz("lorenz", "Inequality", "sellers", "units", "seller")
    table = pd.DataFrame({"arm": "main", "seed": [0, 0, 0, 1, 1], "units": [1, 2, 3, 4, 5]})
    metrics = pd.DataFrame({"arm": "main", "seed": [0, 1], "step": 0, "x": 1.0})
    lines = lorenz.note(make_data(metrics, {"sellers": table})).splitlines()
    assert lines[0].startswith("n = 2 worlds (seeds), ")
    assert lines[1] == "Lorenz curves: n = 2 to 3 sellers in each world."
    assert lorenz.note(make_data(tables={"sellers": table.head(3)})) == "n = 1 world.\nLorenz curves: n = 3 sellers."
