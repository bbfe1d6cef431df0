"""The null model: the run's own worlds with random answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sandbox.runtime.null import FILE, count_worlds_per_seed, estimate_moments, load_null, play_null_worlds
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress

RUMOR = ("world=rumor", "population.size=20", "steps=6")


def ignore(text: str) -> None:
    """Tell nobody."""


def run_to_end(overrides: Sequence[str], folder: Path) -> Run:
    """Run from start to end."""
    run = Run.start([*overrides, f"run_dir={folder}"])
    run.resume(Progress(), ignore)
    return Run(run.folder)


def metrics_of(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "metrics.csv").drop(["arm", "seed"], axis="columns")


def null_world(null: pd.DataFrame, treatment: str, seed: int, salt: int) -> pd.DataFrame:
    """Return the metrics of one null world."""
    rows = null.set_index(["treatment", "seed", "salt"]).loc[[(treatment, seed, salt)]]
    return rows.reset_index(drop=True)


def test_a_null_world_is_the_run_answered_at_random_with_a_salt(tmp_path: Path) -> None:
    plan = ("treatments={few: {first: 1}, many: {first: 8}}", "interventions=[{step: 3, do: message, text: It rains.}]")
    run = run_to_end([*RUMOR, *plan, "mind=rule", "seeds=[3,4]"], tmp_path / "rule")
    null = play_null_worlds(run.manifest.segments, 2)
    assert len(null) == 2 * 2 * 2 * 6
    random = run_to_end([*RUMOR, plan[1], "world.first=8", "mind=random", "mind.salt=2", "seeds=[4]"], tmp_path / "r")
    pd.testing.assert_frame_equal(null_world(null, "many", 4, 2), metrics_of(random))
    other_draws, few = null_world(null, "many", 4, 1), null_world(null, "few", 4, 2)
    assert not other_draws.equals(metrics_of(random))
    assert float(few["ignorant_share"].iloc[0]) > float(other_draws["ignorant_share"].iloc[0])


def test_the_null_model_of_a_branch_changes_where_the_branch_does(tmp_path: Path) -> None:
    settings = ("world=marketplace", "population.size=20", "steps=6")
    parent = run_to_end([*settings, "mind=rule"], tmp_path / "parent")
    branch = parent.branch(3, ["world.tax=0.4"], tmp_path / "branch")
    branch.resume(Progress(), ignore)
    plain, taxed = (null_world(play_null_worlds(run.manifest.segments, 1), "main", 0, 1) for run in (parent, branch))
    assert taxed[:3].equals(plain[:3])
    assert float(taxed["markup"].iloc[3]) < float(plain["markup"].iloc[3])


def test_the_null_model_is_written_read_again_and_recomputed_when_it_is_lost(tmp_path: Path) -> None:
    run = run_to_end([*RUMOR, "mind=rule", "seeds=[0,1]", "null_worlds=8"], tmp_path / "run")
    notices: list[str] = []
    first = load_null(run, notices.append)
    assert first is not None
    assert set(first["num_worlds"]) == {8}
    written = (run.folder / FILE).read_bytes()
    again = load_null(run, notices.append)
    assert again is not None
    assert again.equals(first)
    assert notices == ["null model: 8 worlds in which everybody answers at random"]
    (run.folder / FILE).unlink()
    assert load_null(run, notices.append) is not None
    assert (run.folder / FILE).read_bytes() == written
    assert not list(run.folder.glob("*.part"))


def test_an_unfinished_run_and_one_that_wants_none_have_no_null_model(tmp_path: Path) -> None:
    assert load_null(Run.start([*RUMOR, "mind=rule", f"run_dir={tmp_path / 'new'}"]), ignore) is None
    run = run_to_end([*RUMOR, "mind=rule", "null_worlds=0"], tmp_path / "none")
    notices: list[str] = []
    assert load_null(run, notices.append) is None
    assert notices == []
    assert not (run.folder / FILE).exists()


def test_a_run_too_large_for_a_null_model_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_to_end([*RUMOR, "mind=rule"], tmp_path / "run")
    monkeypatch.setattr("sandbox.runtime.null.MAX_DECISIONS", 50)
    notices: list[str] = []
    assert load_null(run, notices.append) is None
    assert [notice.startswith("no null model: 8 worlds would take as long as ") for notice in notices] == [True]


@pytest.mark.parametrize(
    ("wanted", "num_seeds", "decisions", "expected"),
    [
        (20, 1, 2_000, 20),
        (20, 8, 2_000, 3),  # equally many for each seed, at least 20
        (20, 20, 2_000, 2),  # at least two for each seed
        (20, 1, 100_000, 10),  # fewer, because worlds are large
        (20, 1, 130_000, 0),  # fewer than 8
        (20, 20, 30_000, 0),  # fewer than 2 for each seed
        (5, 1, 2_000, 5),
        (0, 4, 2_000, 0),
        (20, 1, 0, 20),
    ],
)
def test_the_number_of_null_worlds(wanted: int, num_seeds: int, decisions: float, expected: int) -> None:
    assert count_worlds_per_seed(wanted, num_seeds, decisions) == expected


def test_moments_are_over_seeds_and_within_seeds_and_missing_is_missing() -> None:
    metrics = pd.DataFrame(
        {
            "treatment": "main",
            "seed": [0, 0, 1, 1],
            "salt": [1, 2, 1, 2],
            "step": 0,
            "x": [1.0, 3.0, 10.0, 14.0],
            "y": [np.nan, 2.0, np.nan, np.nan],
            "z": [np.nan] * 4,
        }
    )
    moments = estimate_moments(metrics).set_index("metric")
    assert moments.loc["x", "mean"] == 7.0
    assert moments.loc["x", "sd"] == pytest.approx(np.sqrt((2 + 8) / 2))
    assert moments["df"].to_dict() == {"x": 2, "y": 0, "z": 0}
    assert moments["num_worlds"].to_dict() == {"x": 4, "y": 1, "z": 0}
    assert moments.loc["y", "mean"] == 2.0
    assert moments.loc[["y", "z"], "sd"].isna().all()
    assert np.isnan(moments["mean"]["z"])
