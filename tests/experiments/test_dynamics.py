"""Maps over time, and communities."""

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.dynamics import Frames, animate, communities, draw_steps, frames_of
from experiments.reports.charts import colour_scale
from sandbox.errors import ConfigError
from sandbox.figures import NetworkMap
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress

RUMOR = ["world=rumor", "mind=random", "population.size=24", "steps=4"]


@pytest.fixture
def rumor_run(run_dir: Path) -> Run:
    run = Run.start([*RUMOR, f"run_dir={run_dir}"])
    run.resume(Progress(), lambda _: None)
    return run


def test_a_map_shows_the_world_as_it_was(rumor_run: Run) -> None:
    frames = frames_of(rumor_run, [0, 2, 4])
    assert frames.steps == [0, 2, 4]
    shares = rumor_run.results().metrics["ignorant_share"].to_list()
    on_maps = [float((frames.values["main"][step] == "ignorant").mean()) for step in (2, 4)]
    assert on_maps == pytest.approx([shares[1], shares[3]])


def test_maps_and_an_animation_are_drawn(rumor_run: Run, tmp_path: Path) -> None:
    files = draw_steps(frames_of(rumor_run, [0, 4]), tmp_path / "steps")
    assert [path.suffix for path in files] == [".png", ".svg"]
    gif = animate(frames_of(rumor_run), tmp_path / "network")[0]
    with Image.open(gif) as image:
        assert getattr(image, "n_frames", 1) == 5


def ring_frames(*steps: pd.Series) -> Frames:
    """Return maps of a ring of agents, one per step."""
    figure = NetworkMap("map", "Who is what", "people", "node", "color", "what")
    return Frames(figure, nx.cycle_graph(6), {"main": dict(enumerate(steps))})


def test_words_are_drawn_in_the_same_colours_on_all_maps(tmp_path: Path) -> None:
    frames = ring_frames(pd.Series(["red", None, "blue"]), pd.Series(["blue", "green", "blue"]))
    assert frames.words() == ["blue", "green", "red"]
    assert all(path.is_file() for path in draw_steps(frames, tmp_path / "steps"))
    assert animate(frames, tmp_path / "network")[0].is_file()


def test_yes_and_no_are_words_and_numbers_are_not() -> None:
    assert ring_frames(pd.Series([True, False])).words() == ["no", "yes"]
    assert ring_frames(pd.Series([None, None], dtype=object), pd.Series([1.0, 2.5])).words() == []


def test_values_on_both_sides_of_zero_have_two_hues_that_meet_at_zero(tmp_path: Path) -> None:
    signed = ring_frames(pd.Series([-1.0, 3.0, np.nan]))
    style = signed.color_style()
    assert style | {"edgecolors": ""} == {**colour_scale(-1, 3), "edgecolors": ""}
    assert (style["cmap"], style["vmin"], style["vmax"]) == ("PuOr", -3, 3)
    assert colour_scale(0, 3)["cmap"] == colour_scale(-3, -1)["cmap"] == "viridis_r"
    assert all(path.is_file() for path in draw_steps(signed, tmp_path / "steps"))


@pytest.mark.parametrize("step", [7, -3])
def test_a_step_outside_the_run_is_refused(rumor_run: Run, step: int) -> None:
    with pytest.raises(ConfigError, match=f"--at {step} .* from 0 to 4 steps"):
        frames_of(rumor_run, [step])


def test_communities_are_found_and_always_the_same() -> None:
    graph = nx.planted_partition_graph(3, 12, 0.8, 0.02, seed=1)
    groups = communities(graph)
    assert sorted(map(len, groups)) == [12, 12, 12]
    assert groups == communities(graph)
