"""Sheets: every declared figure becomes a file, and drawn twice it is the same file."""

from itertools import product
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest
from PIL import Image

from sandbox.core.world import World
from sandbox.figures import Bars, Lorenz, NetworkMap, TimeSeries
from sandbox.output.plot import draw_figures, select_overview
from sandbox.runtime.results import Results
from tests.sandbox.figures.conftest import make_null
from tests.sandbox.output.conftest import make_graph, play_market
from worlds.marketplace import Marketplace


class MarketWithFewFigures(Marketplace):
    """A market with one figure of each kind."""

    figures = tuple({type(figure): figure for figure in Marketplace.figures}.values())


class WorldWithoutResults(World[Any]):
    """A world that has nothing to show yet."""

    metric_labels: ClassVar[Any] = {"x": "a number"}
    figures: ClassVar[Any] = (
        TimeSeries("series", "Series", ("x",), "number"),
        Bars("stars", "Stars", "stars", "stars", "count", "stars", {"1": 0.4, "3": 0.6}, "real people"),
        Lorenz("lorenz", "Inequality", "sellers", "units", "seller"),
        NetworkMap("map", "Map", "people", "node", "x", "x"),
    )


def draw(results: Results, folder: Path, kind: type[World[Any]] = MarketWithFewFigures) -> list[Path]:
    return draw_figures(results, kind, make_graph, folder)


def read_files(paths: list[Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths]


@pytest.mark.parametrize(("arms", "seeds"), [(["main"], [0]), (["main"], [0, 1, 2]), (["rule", "zero"], [0, 1])])
def test_every_declared_figure_becomes_a_picture_and_a_drawing(
    arms: list[str], seeds: list[int], tmp_path: Path
) -> None:
    worlds = [play_market(seed, arm, arm == "zero") for arm, seed in product(arms, seeds)]
    files = draw(Results.of(worlds), tmp_path, Marketplace)
    names = ["overview", *(figure.name for figure in Marketplace.figures)]
    assert files == [tmp_path / "figures" / f"{name}.{suffix}" for name in names for suffix in ("png", "svg")]
    for path in files:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                picture.verify()
                assert min(picture.size) > 400
        else:
            assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_figures_drawn_twice_are_equal_byte_for_byte(tmp_path: Path) -> None:
    results = Results.of([play_market(0), play_market(1)])
    assert read_files(draw(results, tmp_path / "a")) == read_files(draw(results, tmp_path / "b"))


def test_figures_of_results_that_were_written_and_read_are_the_same(tmp_path: Path) -> None:
    results = Results.of([play_market(0), play_market(1)])
    (tmp_path / "run").mkdir()
    results.write(tmp_path / "run")
    reread = Results.read(tmp_path / "run")
    assert reread is not None
    assert read_files(draw(results, tmp_path / "a")) == read_files(draw(reread, tmp_path / "b"))


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path: Path) -> None:
    before = {name: value for name, value in mpl.rcParams.items() if name != "backend"}
    draw(Results.of([play_market()]), tmp_path)
    assert {name: value for name, value in mpl.rcParams.items() if name != "backend"} == before


def test_empty_tables_are_said_to_be_empty(tmp_path: Path) -> None:
    nobody = pd.DataFrame({"arm": [], "seed": []})
    results = Results(nobody.assign(step=[], x=[]), {"stars": nobody, "people": nobody})
    for path in draw(results, tmp_path, WorldWithoutResults):
        if path.suffix == ".svg":
            assert "no observations" in path.read_text(encoding="utf-8")


def test_zero_counts_are_no_observations(tmp_path: Path) -> None:
    zero = pd.DataFrame({"arm": "main", "seed": 0, "stars": ["1", "2"], "count": [0, 0]})
    results = Results(pd.DataFrame({"arm": "main", "seed": 0, "step": [0], "x": [1.0]}), {"stars": zero})
    draw(results, tmp_path, WorldWithoutResults)
    assert "no observations" in (tmp_path / "figures" / "stars.svg").read_text(encoding="utf-8")
    assert "no observations" not in (tmp_path / "figures" / "series.svg").read_text(encoding="utf-8")


def test_a_map_is_drawn_on_its_sheet(tmp_path: Path) -> None:
    table = pd.DataFrame({"arm": "main", "seed": 0, "node": [0, 1, 2], "x": ["red", "blue", None]})
    results = Results(pd.DataFrame({"arm": "main", "seed": 0, "step": [0], "x": [1.0]}), {"people": table})
    draw(results, tmp_path, WorldWithoutResults)
    text = (tmp_path / "figures" / "map.svg").read_text(encoding="utf-8")
    assert "Map" in text
    assert "no observations" not in text


def test_the_overview_has_at_most_six_figures_one_of_each_kind_but_several_series() -> None:
    names = [figure.name for figure in select_overview(Marketplace.figures)]
    assert names == ["concentration", "tips_followed", "prices", "stars", "reaction_stars_by_experience", "network"]


def test_another_kind_of_figure_takes_no_place_from_the_dynamics() -> None:
    class OtherBars(Bars):
        """A kind of its own."""

    world_figures = (OtherBars("other", "Other", "stars", "stars", "count", "stars"), *Marketplace.figures)
    names = [figure.name for figure in select_overview(world_figures)]
    assert names == ["concentration", "tips_followed", "prices", "other", "stars", "reaction_stars_by_experience"]


def test_a_sheet_says_n_and_what_chance_is_once_in_lines_that_fit(tmp_path: Path) -> None:
    metrics = pd.DataFrame({"arm": "main", "seed": 0, "step": [0, 1], "x": [1.0, 2.0]})
    zero = pd.DataFrame({"arm": "main", "seed": 0, "stars": ["1", "2"], "count": [4, 2]})
    draw_figures(
        Results(metrics, {"stars": zero}),
        WorldWithoutResults,
        make_graph,
        tmp_path,
        make_null({"main": "main"}, [1.0, 1.0]),
    )
    for name in ("overview", "series"):
        text = (tmp_path / "figures" / f"{name}.svg").read_text(encoding="utf-8")
        assert text.count("n = 1 world.") == 1
        assert text.count("Grey bands") == 1
