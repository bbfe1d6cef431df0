"""Phase diagrams: cells over any settings, with intervals and contrasts to a reference cell and to the null."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import phase
from experiments.frames import column, to_records
from experiments.reports.phase_map import PhaseLabels, describe_phase, draw_phase
from experiments.statistics import paired_contrast
from sandbox.errors import ConfigError, DataError
from sandbox.intervals import Mean
from sandbox.output.provenance import describe_origin
from sandbox.runtime.manifest import Manifest
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from worlds.rumor import Rumor

RUMOR = ["world=rumor", "mind=rule", "population.size=20", "steps=4"]
METRIC = "ignorant_share@last"
LABELS = PhaseLabels(("world.first", "graph"), "share who have not heard", Rumor)


def play(run: Run) -> None:
    """Bring a run to its end."""
    run.resume(Progress(), lambda _: None)


def make_diagram(folder: Path, *overrides: str) -> Path:
    """Begin a phase diagram and run all its cells."""
    diagram = phase.create([*RUMOR, *overrides, f"run_dir={folder}"], METRIC)
    phase.run_all(diagram, play)
    return diagram


def last_shares(folder: Path, arm: str) -> dict[int, float]:
    """Return a run's metric at the last step, by seed."""
    metrics: Any = pd.read_csv(folder / "metrics.csv").query("arm == @arm and step == 3")
    return dict(zip(metrics["seed"], metrics["ignorant_share"], strict=True))


def test_a_cell_is_a_mean_over_seeds_with_contrasts_to_the_reference_and_the_null(run_dir: Path) -> None:
    folder = make_diagram(run_dir, "world.first=1,6", "graph=small_world,scale_free")
    table = phase.cell_table(folder, METRIC)
    assert list(table.columns) == ["world.first", "graph", *phase.CELL_COLUMNS]
    assert table[["world.first", "graph"]].to_numpy().tolist() == [
        list(cell) for cell in product(("1", "6"), ("small_world", "scale_free"))
    ]
    here, reference = last_shares(run_dir / "cells" / "1", "first=6"), last_shares(run_dir / "cells" / "0", "first=1")
    null = last_shares(run_dir / "cells" / "1", "random:first=6")
    row = to_records(table)[3]
    mean = Mean.of(list(here.values()))
    assert (row["arm"], row["num_seeds"]) == ("rule", len(phase.SEEDS))
    assert row["mean"] == pytest.approx(mean.value)
    assert row["high"] - row["mean"] == pytest.approx(mean.half_width)
    assert row["from_reference"] == pytest.approx(paired_contrast(here, reference).difference)
    assert row["from_null"] == pytest.approx(paired_contrast(here, null).difference)
    assert row["from_null_p_holm"] >= paired_contrast(here, null).p
    assert np.isnan(to_records(table)[0]["from_reference"])


def test_an_effect_that_is_there_is_found(run_dir: Path) -> None:
    folder = make_diagram(run_dir, "world.first=1,12", "seeds=[0,1,2,3,4,5]")
    _, row = to_records(phase.cell_table(folder, METRIC))
    assert row["from_reference"] < 0
    assert row["from_reference_p_holm"] < 0.05


def test_cells_that_are_equal_are_said_to_be(run_dir: Path) -> None:
    folder = make_diagram(run_dir, "world.text=It rains.,It snows.", "memory.kinds=4,6")
    files, sentences = phase.write(folder, METRIC)
    assert sentences[0].startswith("rule: all 4 cells are equal in every seed")
    assert [path.name for path in files] == [
        f"phase_ignorant_share_last.{suffix}" for suffix in ("csv", "parquet", "png", "svg")
    ]
    assert "1e-" not in files[-1].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ("population.size", ["10", "20"]),
        ("mind", ["rule", "random"]),
        ("presentation.shuffle", ["0", "1"]),
        ("steps", ["2", "5"]),
    ],
)
def test_any_setting_can_be_an_axis(run_dir: Path, axis: str, values: list[str]) -> None:
    settings = [text for text in RUMOR if not text.startswith(f"{axis}=")]
    folder = phase.create([*settings, f"{axis}={','.join(values)}", f"run_dir={run_dir}"], METRIC)
    phase.run_all(folder, play)
    files, sentences = phase.write(folder, METRIC)
    table = pd.read_csv(run_dir / "phase_ignorant_share_last.csv")
    assert [str(value) for value in table[axis]] == values
    assert column(table, "num_seeds").to_list() == [5, 5]
    assert all(path.is_file() for path in files)
    assert sentences


def test_an_interrupted_diagram_continues_where_it_stopped(run_dir: Path) -> None:
    def stop(run: Run) -> None:
        if run.folder.name == "1":
            raise KeyboardInterrupt
        play(run)

    folder = phase.create([*RUMOR, "graph=small_world,scale_free", f"run_dir={run_dir}"], METRIC)
    with pytest.raises(KeyboardInterrupt):
        phase.run_all(folder, stop)
    resumed: list[str] = []
    phase.run_all(folder, lambda run: (resumed.append(run.folder.name), play(run))[1])
    assert resumed == ["1"]
    assert len(phase.cell_table(folder, "spreader_share")) == 2
    assert json.loads((folder / phase.PhasePlan.file).read_text())["axes"] == [["graph", ["small_world", "scale_free"]]]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "one or two settings with several values each.*found 0"),
        (["world.first=1,2", "steps=2,3", "graph.rewire=0,1"], "found 3"),
        (["world.first=1,2", "treatments={a: {first: 1}}"], "phase defines the treatments itself"),
        (["world.first=0,2"], "greater than or equal to 1"),
        (["world.frist=1,2"], "unknown setting 'frist'.*Did you mean 'first'"),
    ],
)
def test_an_impossible_diagram_is_refused_before_anything_runs(
    run_dir: Path, overrides: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        phase.create([*RUMOR[:3], *overrides, f"run_dir={run_dir}"], METRIC)
    assert not run_dir.exists()


def test_an_unknown_metric_and_a_folder_that_is_none_are_refused(run_dir: Path) -> None:
    with pytest.raises(ConfigError, match="unknown metric 'ingorant_share'"):
        phase.create([*RUMOR, "world.first=1,2", f"run_dir={run_dir}"], "ingorant_share")
    with pytest.raises(DataError, match="holds no phase diagram"):
        phase.run_all(run_dir, play)


def make_table(**changes: Any) -> pd.DataFrame:
    """Return the table of a small diagram."""
    rows = pd.DataFrame(list(product((1, 5), ("ring", "hubs"))), columns=["world.first", "graph"])
    defaults: dict[str, Any] = {
        "arm": "rule", "mean": [0.1, 0.2, 0.3, 0.4], "low": [0.0, 0.1, 0.2, 0.3], "high": [0.2, 0.3, 0.4, 0.5],
        "num_seeds": 5, "from_reference": [np.nan, 0.1, 0.2, 0.3], "from_reference_p_holm": [np.nan, 0.04, 0.06, 0.01],
        "equals_reference": [True, False, False, False], "null_mean": 0.3, "from_null_p_holm": [0.2, 0.01, 0.3, 0.4],
    }  # fmt: skip
    return rows.assign(**defaults, **changes)


def test_sentences_count_the_cells_that_differ() -> None:
    assert describe_phase(make_table(), LABELS)[:2] == [
        "rule: 2 of 3 cells differ (*) from the reference, world.first = 1, graph = ring.",
        "rule: 1 of 4 cells differ (†) from the null, random decisions in the same cell.",
    ]


def test_a_picture_says_what_it_is_of_but_not_what_varies(run_dir: Path) -> None:
    folder = make_diagram(run_dir, "presentation.shuffle=0,1")
    _, svg = sorted(path for path in phase.write(folder, METRIC)[0] if path.suffix in (".png", ".svg"))
    text = " ".join(svg.read_text(encoding="utf-8").split())
    assert "rumor; minds rule, random; " in text
    assert all(setting in text for setting in RUMOR)
    origin = describe_origin(Manifest.read(folder / "cells" / "0"), ["world", "mind"])
    assert origin.startswith(("2 seeds", "3 seeds", "5 seeds", "8 seeds"))


def test_a_map_writes_every_mean_with_its_interval_and_marks(tmp_path: Path) -> None:
    _, svg = draw_phase(make_table(), LABELS, tmp_path / "map")
    text = svg.read_text(encoding="utf-8")
    for phrase in ("0.2*†", "0.4*", "± 0.1", "number of agents who spread the rumour from the"):
        assert phrase in text
