"""Maps over time, communities and phase diagrams."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from PIL import Image

from experiments import phase
from experiments.dynamics import animate, communities, draw_steps, frames_of
from sandbox.errors import ConfigError
from sandbox.run import Run
from sandbox.runner import Progress

RUMOR = ["world=rumor", "mind=random", "population.size=24", "steps=4"]


@pytest.fixture
def run(run_dir: Path) -> Run:
    made = Run.start([*RUMOR, f"run_dir={run_dir}"])
    made.go_on(Progress(), lambda _: None)
    return made


def test_a_map_shows_the_world_as_it_was(run: Run) -> None:
    frames = frames_of(run, [0, 2, 4])
    assert frames.steps == [0, 2, 4]
    shares = run.results().metrics["believer_share"].to_list()
    drawn = [float(np.mean(frames.values["main"][step])) for step in (2, 4)]
    assert drawn == pytest.approx([shares[1], shares[3]])


def test_maps_and_an_animation_are_drawn(run: Run, tmp_path: Path) -> None:
    files = draw_steps(frames_of(run, [0, 4]), tmp_path / "steps")
    assert [path.suffix for path in files] == [".png", ".svg"]
    gif = animate(frames_of(run), tmp_path / "network")[0]
    with Image.open(gif) as image:
        assert getattr(image, "n_frames", 1) == 5


def test_a_step_beyond_the_run_is_refused(run: Run) -> None:
    with pytest.raises(ConfigError, match="from 0 to 4 steps"):
        frames_of(run, [7])


def test_communities_are_found_and_always_the_same() -> None:
    graph = nx.planted_partition_graph(3, 12, 0.8, 0.02, seed=1)
    found = communities(graph)
    assert sorted(map(len, found)) == [12, 12, 12]
    assert found == communities(graph)


def test_a_phase_diagram_holds_every_combination(run_dir: Path) -> None:
    swept = [
        "world=marketplace",
        "mind=rule",
        "population.size=20",
        "steps=3",
        "world.rent=2,5,10",
        "world.entry=0.1,0.5",
    ]
    run = phase.start([*swept, f"run_dir={run_dir}"])
    results = run.go_on(Progress(), lambda _: None)
    across, up = phase.axes_of(run.manifest.segments[-1].config)
    assert (across, up) == (phase.Axis("rent", (2, 5, 10)), phase.Axis("entry", (0.1, 0.5)))
    assert [path.name for path in phase.draw_phase(run, results, "sellers@last")] == [
        "phase_sellers_last.png", "phase_sellers_last.svg",
    ]  # fmt: skip


@pytest.mark.parametrize("swept", [["world.rent=2,5"], ["world.rent=2,5", "world.entry=0,1", "world.tax=0,0.1"]])
def test_a_phase_diagram_has_two_axes(swept: list[str]) -> None:
    with pytest.raises(ConfigError, match="two parameters"):
        phase.start(["world=marketplace", "mind=rule", *swept])
