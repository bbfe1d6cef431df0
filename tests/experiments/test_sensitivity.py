"""Sensitivity finds the settings that move an outcome, and none that do not."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.points import play_points, read_results
from experiments.ranges import Range, split_ranges
from experiments.sensitivity import CHANCE, POINTS, Method, SensitivityPlan, draw_design, index_table
from sandbox.cli.main import main
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.runner import untracked

WORLD = ["world=lever", "population.size=8", "steps=1", "seeds=[0]"]
RANGES = ["world.strong=0.0..1.0", "world.weak=0.0..1.0", "world.idle=0.0..1.0", "world.twin=0.0..1.0"]


@pytest.fixture(autouse=True)
def _lever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder whose own settings name the world."""
    (tmp_path / "conf" / "world").mkdir(parents=True)
    text = "_target_: tests.experiments.lever.Lever\n"
    (tmp_path / "conf" / "world" / "lever.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("one", "values"),
    [
        (Range("a", 0.0, 1.0), ["0", "0.25", "0.5", "0.99", "1"]),
        (Range("a", 1.0, 3.0, is_whole=True), ["1", "1", "2", "3", "3"]),
        (Range("a", 0.0, 1.0, ("x", "y")), ["x", "x", "y", "y", "y"]),
    ],
)
def test_a_share_of_a_range_is_a_value(one: Range, values: Sequence[str]) -> None:
    assert [one.at(share) for share in (0.0, 0.25, 0.5, 0.99, 1.0)] == values


def test_ranges_are_told_from_other_settings() -> None:
    fixed, ranges = split_ranges(["world=rumor", "graph=ring,star", "world.first=1..5", "a.b=-1.5..1e3", "seeds=[0,1]"])
    assert fixed == ["world=rumor", "seeds=[0,1]"]
    assert ranges == [
        Range("graph", 0.0, 1.0, ("ring", "star")),
        Range("world.first", 1.0, 5.0, is_whole=True),
        Range("a.b", -1.5, 1000.0),
    ]


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        (["a=3..3"], "'a=3..3' is no range; its first number"),
        (["a=1..2", "a=3..4"], "a varies twice; give it one range"),
    ],
)
def test_a_bad_range_is_named(overrides: Sequence[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        split_ranges(overrides)


def study(folder: Path, method: Method, samples: int, *overrides: str) -> pd.DataFrame:
    """Return the indices of a study of the lever, by setting."""
    words = [*WORLD, *RANGES, *overrides, f"run_dir={folder}", "--method", method, "--samples", str(samples)]
    assert main(["sensitivity", "height", *words]) == 0
    return pd.read_csv(folder / "sensitivity_height.csv").set_index("setting")


def test_elementary_effects_are_those_of_the_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = study(tmp_path / "s", "morris", 20)
    assert list(table.index[:2]) == ["world.strong", "world.twin"]
    assert table.loc["world.weak", "mu_star"] == pytest.approx(1)
    assert table.loc["world.weak", "sigma"] == pytest.approx(0, abs=1e-9)
    assert table.loc["world.strong", "sigma"] > 0.5
    assert list(table.loc[["world.idle", CHANCE], "mu_star"]) == [0, 0]
    out = capsys.readouterr().out
    assert "height of the lever, morris: moved by world.strong" in out
    assert "Not shown to move it: world.idle." in out


def test_shares_of_the_variance_are_those_of_the_function(tmp_path: Path) -> None:
    table = study(tmp_path / "s", "sobol", 32)
    # Uniform settings: the variance is (5.5² + 1 + 1.5²) / 12 + 9 / 144.
    total = (5.5**2 + 1 + 1.5**2) / 12 + 9 / 144
    assert table.loc["world.strong", "first"] == pytest.approx(5.5**2 / 12 / total, abs=0.15)
    assert table.loc["world.twin", "total"] == pytest.approx((1.5**2 / 12 + 9 / 144) / total, abs=0.05)
    assert table.loc["world.idle", "total"] == 0


def test_a_distribution_is_moved_by_what_moves_it(tmp_path: Path) -> None:
    table = study(tmp_path / "s", "pawn", 120)
    assert table.index[0] == "world.strong"
    assert table.loc["world.strong", "median"] > 2 * table.loc[CHANCE, "median"]
    assert table.loc["world.idle", "median"] < 1.5 * table.loc[CHANCE, "median"]


@pytest.mark.parametrize(("method", "samples"), [("morris", 12), ("sobol", 16), ("pawn", 100)])
def test_what_seeds_do_is_chance_and_moved_by_nothing(
    method: Method, samples: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*WORLD, "world.static=0.0..1.0", "world.idle=0.0..1.0", f"run_dir={tmp_path / 's'}"]
    assert main(["sensitivity", "height", *words, "--method", method, "--samples", str(samples)]) == 0
    out = capsys.readouterr().out
    assert "no setting is shown to move it" in out
    assert "Not shown to move it: world." in out


def test_a_killed_study_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = study(tmp_path / "s", "morris", 3)
    points = tmp_path / "s" / POINTS
    content = points.read_bytes()
    lines = content.splitlines(keepends=True)
    points.write_bytes(b"".join(lines[:5]) + lines[5][:9])
    assert main(["sensitivity", "height", "--run", str(tmp_path / "s")]) == 0
    assert points.read_bytes() == content
    assert pd.read_csv(tmp_path / "s" / "sensitivity_height.csv").set_index("setting").equals(whole)


def test_points_can_be_run_again_and_equal_points_are_played_once(tmp_path: Path) -> None:
    study(tmp_path / "s", "morris", 3, "world.noise=0.5", "seeds=[0,1]")
    plan = SensitivityPlan.read(tmp_path / "s")
    design, results = draw_design(plan), read_results(tmp_path / "s" / POINTS)
    assert len(results) == len({json.dumps(point) for point in design.points})
    repeated = [*design.points[:3], *design.points[:3]]
    again = play_points(plan.overrides, repeated, tmp_path / "again.jsonl", untracked, lambda _: None)
    assert len(again) == len(read_results(tmp_path / "again.jsonl")) == 3
    assert all(result in results for result in again.values())
    first = results[0].values[""]["height"]
    assert len(first) == 2
    assert first[0] != first[1]


def test_an_outcome_that_never_changes_is_said(tmp_path: Path) -> None:
    study(tmp_path / "s", "morris", 2)
    plan = SensitivityPlan.read(tmp_path / "s")
    design = draw_design(plan)
    results = play_points(plan.overrides, design.points, tmp_path / "s" / POINTS, untracked, lambda _: None)
    with pytest.raises(ConfigError, match="nothing is 1 at all points, so no setting moves it"):
        index_table(plan, design, results, "nothing")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["sales", *WORLD, *RANGES], "unknown metric 'sales'"),
        (["height", *WORLD], "sensitivity needs settings that vary"),
        (["height", *WORLD, "population.size=-3..4"], "population.size"),
        (["height", *WORLD, *RANGES, "minds=[rule,random]"], "a study of this kind has one mind"),
        (["height", "--run", "nowhere"], "nowhere holds no study of sensitivity"),
        (["height", *WORLD, *RANGES, "--run", "s"], "not both"),
    ],
)
def test_a_mistake_gets_a_sentence_before_anything_is_played(
    words: Sequence[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sensitivity", *words]) == 1
    assert complaint in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["conf"]


def test_a_damaged_file_of_points_is_refused(tmp_path: Path) -> None:
    (tmp_path / POINTS).write_text('{"settings": 3}\n', encoding="utf-8")
    with pytest.raises(DataError, match="is damaged"):
        read_results(tmp_path / POINTS)


def test_the_folder_of_another_study_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[Any]) -> None:
    study(tmp_path / "s", "morris", 2)
    assert main(["sensitivity", "height", *WORLD, *RANGES, f"run_dir={tmp_path / 's'}"]) == 1
    assert "holds a run already; continue with `sensitivity height --run" in capsys.readouterr().err
