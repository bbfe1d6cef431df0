"""Worlds are ordinary Mesa models: DataCollector and SolaraViz accept them."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from mesa import DataCollector

from tests.conftest import make_rumor


def test_step_works_alone_and_counts_as_mesa_does() -> None:
    world = make_rumor()
    for _ in range(4):
        world.step()
    assert world.steps == world.now == 4
    assert len(world.datacollector.get_model_vars_dataframe()) == 4


def test_mesas_own_data_collector_reads_a_world() -> None:
    world = make_rumor()
    collector = DataCollector(
        model_reporters={"spreaders": lambda model: sum(villager.state == "spreader" for villager in model.villagers)},
        agent_reporters={"state": "state"},
    )
    for _ in range(3):
        world.step()
        collector.collect(world)
    spreaders = collector.get_model_vars_dataframe()["spreaders"].tolist()
    is_spreader = collector.get_agent_vars_dataframe()["state"] == "spreader"
    by_step: Any = is_spreader.groupby("Step").sum()
    assert spreaders == by_step.tolist()
    assert len(spreaders) == 3


@pytest.mark.filterwarnings("default")
def test_mesas_browser_interface_renders_the_marketplace() -> None:
    from reacton import render
    from solara.widgets import GridLayout

    app = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "marketplace_app.py"))
    _, page = render(app["page"], handle_error=False)
    try:
        assert len(page.find(GridLayout).widget.items) == 3
        app["MarketplaceApp"](rng=1, tax=0.2).step()
    finally:
        page.close()
