"""The Gini coefficient of a figure is that of the world."""

import pytest

from sandbox.figures import Lorenz
from sandbox.figures.lorenz import gini
from sandbox.runtime.results import Results
from tests.sandbox.figures.conftest import legend_texts, make_axes, make_data
from tests.sandbox.output.conftest import play_market
from worlds.marketplace.metrics import gini as gini_of_the_world

SALES = Lorenz("lorenz", "Inequality", "sellers", "units", "seller")


def test_the_gini_in_the_legend_is_the_worlds() -> None:
    world = play_market()
    ax = make_axes()
    results = Results.of([world])
    SALES.draw(ax, make_data(results.metrics, results.tables))
    assert legend_texts(ax)[0] == f"Gini {world.latest_metrics['gini_sales']:.2f}"


@pytest.mark.parametrize("values", [[1, 1, 1], [0, 0, 7], [3, 1, 4, 1, 5]])
def test_the_gini_is_twice_the_area_beside_the_lorenz_curve(values: list[float]) -> None:
    assert gini(values) == pytest.approx(gini_of_the_world(values))
