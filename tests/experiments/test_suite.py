"""The suite: every world beside its human experiment, in one table, and continued where it stopped."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.comparison import default_experiment
from experiments.suite import Suite, effect_error, format_suite, load_suite, main, run_all, suite_table
from sandbox.runtime.config import load_run_config

SUITE = Suite(
    common=["mind=rule", "minds=[rule,random]", "seeds=[0,1,2]", "reactions=4", "null_worlds=0"],
    worlds={"marketplace": ["experiment=forced", "population.size=16", "steps=6"]},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small suite."""
    path = tmp_path_factory.mktemp("suite")
    run_all(SUITE, [], path, print)
    return path


def test_a_mind_is_held_against_people_world_by_world(folder: Path) -> None:
    table: Any = suite_table(folder).set_index("mind")
    assert set(table["world"]) == {"marketplace"}
    assert (table["num_effects"] == 2).all(), "people who must rate give fewer stars, and fewer times five"
    assert table.loc["random", "num_same_sign"] == 0
    assert (table["num_seeds"] == 3).all()
    assert table.loc["rule", "num_reacting"] > 0 == table.loc["random", "num_reacting"]
    header, _, *rows = format_suite(suite_table(folder))
    assert header == "| world | rule | random |"
    assert rows[0].startswith("| marketplace | effects ")


def test_what_is_finished_is_not_run_again(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    run_all(SUITE, [], folder, print)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    (folder / "marketplace" / "report.html").unlink()
    run_all(SUITE, [], folder, print)
    assert (folder / "marketplace" / "report.html").is_file()


def test_what_fails_before_it_began_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--run", str(tmp_path / "suite"), "steps=none"]) == 1
    message = capsys.readouterr().err
    assert "error: invalid configuration: steps: Input should be a valid integer" in message
    assert "continue" not in message


def test_a_comparison_that_fails_says_how_to_continue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun = tmp_path / next(iter(load_suite().worlds))
    begun.mkdir()
    (begun / "manifest.json").write_text("{}", encoding="utf-8")
    assert main(["--run", str(tmp_path)]) == 1
    assert f"continue with `python -m experiments.suite --run {tmp_path}`" in capsys.readouterr().err


def test_the_error_of_effects_is_one_without_any_effect() -> None:
    people = pd.DataFrame({"mind": ["a", "a", "b", "b", "c"], "ratio": [1.0, 1.0, 0.0, 0.0, math.nan]})
    assert [effect_error(people, mind) for mind in "ab"] == [0, 1]
    assert math.isnan(effect_error(people, "c"))


def test_every_world_of_the_suite_can_be_compared() -> None:
    suite = load_suite()
    for world, settings in suite.worlds.items():
        overrides = [f"world={world}", *suite.common, *settings]
        config = load_run_config([*default_experiment(overrides), *overrides])
        assert config.minds == ["base", "humanllm", "rule", "random"]
