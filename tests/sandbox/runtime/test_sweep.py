"""A sweep leaves one tidy table, and says which of its jobs have no results."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sandbox.composition import allow_new_keys, split_sweeps
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.config import load_run_config
from sandbox.runtime.manifest import DRAFT, FILE, Manifest
from sandbox.runtime.run import LOG, Run
from sandbox.runtime.runner import Progress
from sandbox.runtime.sweep import JOB_FILE, check_names, sweep, write_tables

ROOT = Path(__file__).parents[3]
SETTINGS = ["world=rumor", "mind=rule", "population.size=20", "steps=3"]


def make_job(folder: Path, overrides: Sequence[str], is_finished: bool = True) -> None:
    """Leave what a job leaves: its own file and its run."""
    folder.mkdir(parents=True)
    (folder / JOB_FILE).write_text(json.dumps([*SETTINGS, *overrides]))
    run = Run.start([*SETTINGS, *overrides, f"run_dir={folder}"])
    if is_finished:
        run.resume(Progress(), lambda _: None)


def test_the_table_has_the_swept_values_and_every_metric_of_every_replicate(tmp_path: Path) -> None:
    for number, first in enumerate((1, 10)):
        make_job(tmp_path / str(number), [f"world.first={first}", "seeds=[0,1]"])
    lines = write_tables(tmp_path, {"world.first": ["1", "10"]})
    assert lines[0] == "\nsweep: 2 of 2 jobs finished, 0 never began"
    table = pd.read_parquet(tmp_path / "sweep.parquet")
    assert list(table.columns) == ["world.first", "arm", "seed", "metric", "summary", "value"]
    assert len(table) == 2 * 2 * 3 * 2, "values x seeds x metrics x summaries"
    pd.testing.assert_frame_equal(table, pd.read_csv(tmp_path / "sweep.csv"), check_dtype=False)
    metrics: Any = pd.read_csv(tmp_path / "1" / "metrics.csv").query("seed == 1")["spreader_share"]
    cell: Any = table.query("`world.first` == 10 and seed == 1 and metric == 'spreader_share'").set_index("summary")[
        "value"
    ]
    assert cell["last"] == pytest.approx(metrics.iloc[-1])
    assert cell["mean"] == pytest.approx(metrics.mean())


def test_jobs_without_results_are_named(tmp_path: Path) -> None:
    make_job(tmp_path / "0", ["world.first=1"])
    make_job(tmp_path / "1", ["world.first=2"], is_finished=False)
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / JOB_FILE).write_text(json.dumps([*SETTINGS, "world.first=0"]))
    lines = write_tables(tmp_path, {"world.first": ["1", "2", "0", "5"]})
    assert lines[0] == "\nsweep: 1 of 4 jobs finished, 1 never began"
    assert lines[1] == f"unfinished: world.first=2; continue with `python -m sandbox resume {tmp_path / '1'}`"
    assert lines[2] == "failed: world.first=0"
    assert pd.read_csv(tmp_path / "jobs.csv")["status"].to_list() == ["finished", "unfinished", "failed"]


def test_a_second_sweep_does_not_write_over_the_first(tmp_path: Path) -> None:
    make_job(tmp_path / "0", ["world.first=1"])
    with pytest.raises(DataError, match="already holds a sweep; choose another run_dir"):
        sweep([*SETTINGS, "world.first=1,2", f"run_dir={tmp_path}"], lambda overrides, folder: 0)


def test_the_same_command_continues_a_sweep(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    command = [sys.executable, "-m", "sandbox", "run", *SETTINGS, "null_worlds=0", "reactions=0", "-m"]

    def run_sweep(*overrides: str) -> "subprocess.CompletedProcess[str]":
        arguments = [*command, *overrides, f"run_dir={folder}"]
        return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run_sweep("world.first=1,2").returncode == 0
    table, finished = (folder / "sweep.csv").read_bytes(), (folder / "0" / FILE).stat().st_mtime_ns
    manifest = Manifest.read(folder / "1")
    for name in (LOG, "metrics.csv", FILE, JOB_FILE):
        (folder / "1" / name).unlink()
    (folder / "1" / DRAFT).touch()  # as a kill leaves it
    assert "already holds a sweep; choose another run_dir" in run_sweep("world.first=1,3").stderr
    process = run_sweep("world.first=1,2", "hydra/launcher=joblib")
    assert process.returncode == 0, process.stderr
    assert (folder / "sweep.csv").read_bytes() == table
    assert (folder / "0" / FILE).stat().st_mtime_ns == finished
    assert Manifest.read(folder / "1").segments == manifest.segments


RUMOR = ("world=rumor", "mind=rule", "population.size=20")


@pytest.mark.parametrize("target", ["stranger_package.Callback", "shutil.rmtree", "sandbox.files.replace_text"])
def test_hydra_calls_nothing_for_a_file_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "stranger_package.py").write_text("open('trace', 'w')\nclass Callback: ...\n")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    text = f"# @package _global_\n# X\nhydra: {{callbacks: {{x: {{_target_: {target}}}}}}}\n"
    (tmp_path / "conf" / "experiment" / "strange.yaml").write_text(text)
    overrides = [*SETTINGS, "experiment=strange", "seeds=[0],[1]", f"run_dir={tmp_path / 'sweep'}"]
    with pytest.raises(ConfigError, match=rf"hydra\.callbacks\.x\._target_ is '{target}'.*SANDBOX_TRUSTED_PACKAGES="):
        sweep(overrides, lambda combination, folder: 0)
    assert not Path("trace").exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("wrld=rumor,marketplace", "unknown setting 'wrld'.*Did you mean 'world'"),
        ("stepz=1,2", "unknown setting 'stepz'.*Did you mean 'steps'"),
        ("world=rumor,rumour", "unknown world 'rumour'.*Did you mean 'rumor'"),
        ("world.firzt=1,2", r"world\.firzt: unknown setting 'firzt'.*Did you mean 'first'"),
        ("population.splitz=[test]", r"population\.splitz: unknown setting 'splitz'.*Did you mean 'splits'"),
        ("graph.degreee=2,4", r"graph\.degreee: unknown setting 'degreee'.*Did you mean 'degree'"),
        ("memory.recnt=96,128", "unknown setting 'recnt'.*Did you mean 'recent'"),
        ("voices.x=rule,random", "the setting `voices` is now called `extra_minds`"),
    ],
)
def test_a_sweep_over_a_setting_that_does_not_exist_names_it(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_names([*RUMOR, override])


@pytest.mark.parametrize(
    "overrides",
    [
        ["steps=0,1"],  # a value is left to its job
        ["world=rumor,marketplace"],
        ["population.splits=[test],[val]"],
        ["assignment.villager=rule,random"],
        ["hydra/launcher=basic", "steps=1,2"],
        ["world.first=range(1,3)"],
    ],
)
def test_a_sweep_over_what_exists_is_let_through(overrides: list[str]) -> None:
    check_names([*RUMOR, *overrides])


def test_a_setting_that_a_file_leaves_out_can_be_swept() -> None:
    _, sweeps = split_sweeps(allow_new_keys(["assignment.buyer=rule,random", "population.splits=[test],[val]"]))
    assert set(sweeps) == {"assignment.buyer", "population.splits"}


def test_a_population_file_may_leave_the_splits_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "conf" / "population"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "_target_: agents.population.load_profiles\nfile: genome.parquet\nsize: 20\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    config = load_run_config(["world=rumor", "mind=rule", "population=mine", "population.splits=[test]"])
    assert config.population["splits"] == ["test"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["mind=glob(*)"], r"invalid override 'mind=glob\(\*\)': list the names"),
        (["hydra=inf"], "invalid override 'hydra=inf': it names no setting"),
    ],
)
def test_what_only_hydra_knows_is_one_sentence(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_names(["world=rumor", "mind=rule", *overrides])
