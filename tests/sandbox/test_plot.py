"""Figures: what is drawn is what is in the data, and drawn twice it is the same file."""

from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import matplotlib as mpl
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Sheet
from PIL import Image

from sandbox.figures import Bars, Lorenz, NetworkMap, TimeSeries
from sandbox.intervals import Mean
from sandbox.maps import MAX_NODES, positions, sample
from sandbox.mind import RandomMind
from sandbox.panels import draw_bars, draw_lorenz, draw_series, gini, pens
from sandbox.plot import draw_figures, most_telling
from sandbox.results import Results
from sandbox.world import World
from tests.conftest import people
from worlds.marketplace import Marketplace
from worlds.marketplace.measures import gini as gini_of_the_world

STARS = Bars("stars", "Stars", "stars", "stars", "count", "stars", {"1": 0.4, "3": 0.6}, "real people")
SALES = Lorenz("lorenz", "Inequality", "sellers", "units", "seller")


def market(seed: int = 0, arm: str = "main", random: bool = False) -> Marketplace:
    shelf = {"prices": [5.0, 8.0, 10.0, 15.0, 30.0], "products": ["game", "puzzle", "doll"]}
    params = Marketplace.Params.model_validate(MARKET | {"categories": {"Toys and Games": shelf, "Electronics": shelf}})
    graph = nx.watts_strogatz_graph(16, 4, 0.1, seed=1)
    mind = RandomMind() if random else None
    world = Marketplace(params, people=people(20), graph=graph, rng=seed, replicate=f"{arm}/{seed}", mind=mind)
    for _ in range(4):
        world.step()
    return world


MARKET: dict[str, Any] = {
    "num_sellers": 4, "listings_per_seller": 2, "num_shown": 4, "ranking": "relevance", "sponsored_slots": 0,
    "goods": None, "reviews": "on", "word_of_mouth": True, "show_prices": True, "entry": 0.2, "demand": 1.0,
    "income": 1.5, "start_cash": 5.0, "seller_cash": 0.5, "rent": 5.0, "stock": 4, "margin": 0.35,
    "quality_noise": 0.5, "tax": 0.0,
}  # fmt: skip


class Few(Marketplace):
    """A market with one figure of each kind."""

    figures = tuple({type(figure): figure for figure in Marketplace.figures}.values())


def draw(results: Results, folder: Path, kind: type[World] = Marketplace, graph: nx.Graph | None = None) -> list[Path]:
    return draw_figures(results, kind, lambda: graph or nx.watts_strogatz_graph(16, 4, 0.1, seed=1), folder)


def axes() -> Any:
    return Sheet().add_subplot()


@pytest.mark.parametrize("arms", [["main/0"], ["main/0", "main/1", "main/2"], ["rule/0", "rule/1", "zero/0", "zero/1"]])
def test_every_declared_figure_becomes_a_picture_and_a_drawing(arms: list[str], tmp_path: Path) -> None:
    worlds = [market(int(seed), arm, arm == "zero") for arm, seed in (name.split("/") for name in arms)]
    files = draw(Results.of(worlds), tmp_path)
    names = ["overview", *(figure.name for figure in Marketplace.figures)]
    assert files == [tmp_path / "figures" / f"{name}.{kind}" for name in names for kind in ("png", "svg")]
    for path in files:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                picture.verify()
                assert min(picture.size) > 400
        else:
            assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_figures_drawn_twice_are_equal_byte_for_byte(tmp_path: Path) -> None:
    results = Results.of([market(0), market(1)])
    first, second = draw(results, tmp_path / "a", Few), draw(results, tmp_path / "b", Few)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_figures_of_results_that_were_written_and_read_are_the_same(tmp_path: Path) -> None:
    results = Results.of([market(0), market(1)])
    (tmp_path / "run").mkdir()
    results.write(tmp_path / "run")
    again = Results.read(tmp_path / "run")
    assert again is not None
    first, second = draw(results, tmp_path / "a", Few), draw(again, tmp_path / "b", Few)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path: Path) -> None:
    before = {name: value for name, value in mpl.rcParams.items() if name != "backend"}
    draw(Results.of([market()]), tmp_path, Few)
    assert {name: value for name, value in mpl.rcParams.items() if name != "backend"} == before


def test_a_line_is_the_mean_over_seeds_and_its_band_the_interval() -> None:
    rows = [("main", seed, step, 10.0 * step + seed) for seed in range(3) for step in range(4)]
    metrics = pd.DataFrame(rows, columns=["arm", "seed", "step", "x"])
    ax = axes()
    draw_series(ax, metrics, "x", pens(["main"]))
    assert ax.lines[0].get_ydata().tolist() == [1.0, 11.0, 21.0, 31.0]
    band = ax.collections[0].get_paths()[0].vertices
    half = Mean.of([0.0, 1.0, 2.0]).half_width
    assert band[:, 1].min() == pytest.approx(1 - half)
    assert band[:, 1].max() == pytest.approx(31 + half)


def test_one_seed_is_a_line_without_a_band() -> None:
    ax = axes()
    draw_series(ax, pd.DataFrame({"arm": "main", "seed": 0, "step": [0, 1], "x": [1.0, 2.0]}), "x", pens(["main"]))
    assert len(ax.lines) == 1
    assert not ax.collections


def test_arms_differ_in_colour_and_dash_and_a_single_one_is_not_named() -> None:
    many = pens([f"arm {number}" for number in range(20)])
    assert len({(pen.color, str(pen.dash)) for pen in many.values()}) == 20
    assert pens(["main"])["main"].label == "simulated people"


@pytest.mark.parametrize("as_number", [False, True])
def test_bars_are_shares_beside_those_of_real_people(as_number: bool) -> None:
    stars: list[int] | list[str] = [1, 2] if as_number else ["1", "2"]
    ax = axes()
    draw_bars(ax, STARS, pd.DataFrame({"arm": "main", "seed": 0, "stars": stars, "count": [3, 1]}), pens(["main"]))
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == pytest.approx([75, 25, 0, 40, 0, 60])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["simulated people (n = 4)", "real people"]


def test_bars_of_several_seeds_are_the_mean_of_their_shares() -> None:
    table = pd.DataFrame({"arm": "main", "seed": [0, 0, 1, 1], "stars": ["1", "2"] * 2, "count": [1, 3, 3, 1]})
    ax = axes()
    draw_bars(ax, STARS, table, pens(["main"]))
    assert [bar.get_height() for bar in ax.patches][:2] == pytest.approx([50, 50])


def test_the_gini_drawn_is_the_worlds(tmp_path: Path) -> None:
    world = market()
    ax = axes()
    draw_lorenz(ax, SALES, Results.of([world]).tables["sellers"], pens(["main"]))
    assert ax.get_legend().get_texts()[0].get_text() == f"Gini {world.latest['gini_sales']:.2f}"


@pytest.mark.parametrize("values", [[1, 1, 1], [0, 0, 7], [3, 1, 4, 1, 5]])
def test_the_gini_is_twice_the_area_beside_the_lorenz_curve(values: list[float]) -> None:
    assert gini(values) == pytest.approx(gini_of_the_world(values))


class Bare(World):
    """A world that has nothing to show yet."""

    measures: ClassVar[Any] = {"x": "a number"}
    figures: ClassVar[Any] = (
        TimeSeries("series", "Series", ("x",), "number"),
        STARS,
        SALES,
        NetworkMap("map", "Map", "people", "node", "x", "x"),
    )


def test_empty_tables_are_said_to_be_empty(tmp_path: Path) -> None:
    nobody = pd.DataFrame({"arm": [], "seed": []})
    results = Results(nobody.assign(step=[], x=[]), {"stars": nobody, "people": nobody})
    for path in draw(results, tmp_path, Bare):
        if path.suffix == ".svg":
            assert "no observations" in path.read_text(encoding="utf-8")


def test_zero_counts_are_no_observations(tmp_path: Path) -> None:
    zero = pd.DataFrame({"arm": "main", "seed": 0, "stars": ["1", "2"], "count": [0, 0]})
    results = Results(pd.DataFrame({"arm": "main", "seed": 0, "step": [0], "x": [1.0]}), {"stars": zero})
    draw(results, tmp_path, Bare)
    assert "no observations" in (tmp_path / "figures" / "stars.svg").read_text(encoding="utf-8")
    assert "no observations" not in (tmp_path / "figures" / "series.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("color", [[0.5, -1.0, np.nan], [True, False, True], ["red", "blue", None], [1, 2, 3]])
def test_a_map_takes_numbers_truths_and_words(color: list[Any], tmp_path: Path) -> None:
    table = pd.DataFrame({"arm": "main", "seed": 0, "node": [0, 1, 2], "x": color})
    results = Results(pd.DataFrame({"arm": "main", "seed": 0, "step": [0], "x": [1.0]}), {"people": table})
    draw(results, tmp_path, Bare)
    assert "Map" in (tmp_path / "figures" / "map.svg").read_text(encoding="utf-8")


def test_positions_depend_on_the_graph_only() -> None:
    one, other = (positions(nx.path_graph(9)) for _ in range(2))
    assert all((one[node] == other[node]).all() for node in one)


@pytest.mark.parametrize(
    "graph", [nx.barabasi_albert_graph(3000, 3, seed=0), nx.empty_graph(1000), nx.star_graph(5000)]
)
def test_a_large_graph_is_drawn_as_a_sample_with_its_ties(graph: nx.Graph) -> None:
    part = sample(graph)
    assert len(part) == MAX_NODES
    assert max(graph, key=lambda node: graph.degree[node]) in part
    assert set(map(frozenset, part.edges)) == set(map(frozenset, graph.subgraph(list(part)).edges))


def test_the_overview_holds_at_most_six_figures_one_of_each_other_kind() -> None:
    names = [figure.name for figure in most_telling(Marketplace.figures)]
    assert names == ["prices", "sales", "concentration", "stars", "lorenz", "network"]
