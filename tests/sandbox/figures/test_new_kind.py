"""A world can declare a kind of figure of its own, and declaring figures loads no plotting library."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import networkx as nx
import pytest
from matplotlib.axes import Axes

from sandbox.core.replicate import Replicate
from sandbox.figures import Figure, FigureData, TimeSeries
from sandbox.output.plot import draw_figures
from sandbox.runtime.results import Results
from tests.conftest import make_rumor
from worlds.rumor import Rumor


@dataclass(frozen=True)
class Histogram(Figure):
    """How often each value of a metric occurs; the sandbox knows no such kind."""

    metric: str

    def is_empty(self, data: FigureData) -> bool:
        return data.metrics.empty

    def draw(self, ax: Axes, data: FigureData) -> None:
        for arm, rows in data.metrics.groupby("arm"):
            ax.hist(rows[self.metric], color=data.pens[str(arm)].color, gid=f"histogram-{arm}")
        ax.set_xlabel(data.metric_labels[self.metric])

    def note(self, data: FigureData) -> str:
        return f"{len(data.metrics)} values."


class RumorWithHistogram(Rumor):
    """A world with a kind of figure of its own."""

    figures = (
        TimeSeries("spread", "Spread of the rumour", ("ignorant_share",), "share of agents"),
        Histogram("shares", "Shares of ignorants", "ignorant_share"),
    )
    metric_labels: ClassVar = {"ignorant_share": "share of agents who have not heard"}


def play(arm: str, steps: int = 3) -> Rumor:
    world = make_rumor(replicate=Replicate(arm, 0))
    for _ in range(steps):
        world.step()
    return world


def test_a_kind_that_a_world_defines_is_drawn_and_on_the_overview(tmp_path: Path) -> None:
    results = Results.of([play("plain"), play("loud")])
    files = draw_figures(results, RumorWithHistogram, lambda: nx.path_graph(2), tmp_path)
    names = [f"{name}.{suffix}" for name in ("overview", "spread", "shares") for suffix in ("png", "svg")]
    assert [path.name for path in files] == names
    for name in ("overview", "shares"):
        root = ElementTree.parse(tmp_path / "figures" / f"{name}.svg").getroot()
        ids = {element.get("id") for element in root.iter()}
        assert {"histogram-plain", "histogram-loud"} <= ids
        text = (tmp_path / "figures" / f"{name}.svg").read_text(encoding="utf-8")
        for phrase in ("Shares of ignorants", "share of agents who have not heard", "6 values.", "plain", "loud"):
            assert phrase in text


def test_a_kind_must_know_when_it_is_empty_and_how_to_draw() -> None:
    incomplete: Any = type("Incomplete", (Figure,), {})
    with pytest.raises(TypeError, match="draw"):
        incomplete("name", "title")


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import sandbox.figures", ["matplotlib", "pandas", "sandbox.core", "sandbox.runtime"]),
        ("import worlds.rumor, worlds.marketplace", ["matplotlib", "sandbox.output"]),  # Mesa itself imports pandas
    ],
)
def test_declaring_figures_imports_no_plotting_library(statement: str, unwanted: list[str]) -> None:
    code = f"{statement}; import sys; print([name for name in {unwanted} if name in sys.modules])"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"
