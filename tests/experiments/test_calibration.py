"""Calibration finds the settings that outcomes were made with, and says what outcomes cannot tell."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.frames import to_records
from experiments.people.effects import HumanEffect, write_effects
from experiments.posterior import MIN_KEPT, describe_posterior, fit_posterior, list_ties, setting_table
from experiments.ranges import Range
from sandbox.cli.main import main
from sandbox.errors import ConfigError

RANGES = [Range("a", 0.0, 1.0), Range("b", 0.0, 10.0)]


def target(outcome: str, value: float, error: float = 0.05, treatment: str = "main", control: str = "") -> HumanEffect:
    """Return what people did, with a standard error."""
    return HumanEffect(treatment, control, outcome, value, value - 1.96 * error, value + 1.96 * error, 9, "group")


def test_settings_that_outcomes_tell_are_found_and_others_keep_their_prior() -> None:
    rng = np.random.default_rng(0)
    shares = rng.random((2000, 2))
    simulated = np.exp(shares[:, :1]) + rng.normal(0, 0.02, (2000, 1))
    posterior = fit_posterior(RANGES, [target("x", np.exp(0.4))], shares, simulated)
    table = setting_table(posterior).set_index("setting")
    assert table.loc["a", "mean"] == pytest.approx(0.4, abs=0.02)
    assert table.loc["a", "low"] < 0.4 < table.loc["a", "high"]
    assert table.loc["a", "sd_ratio"] < 0.25
    assert table.loc["b", "sd_ratio"] == pytest.approx(1, abs=0.12)
    assert table.loc["b", "mean"] == pytest.approx(5, abs=0.6)
    lines = describe_posterior(posterior)
    assert "determined by the data" in lines[0]
    assert "the data say little about it" in lines[1]


def test_settings_that_only_a_sum_tells_are_tied() -> None:
    rng = np.random.default_rng(0)
    shares = rng.random((3000, 2))
    posterior = fit_posterior(RANGES, [target("x", 1.0, 0.01)], shares, shares.sum(axis=1, keepdims=True))
    ((first, second, correlation),) = list_ties(posterior)
    assert (first, second) == ("a", "b")
    assert correlation < -0.9
    assert "a and b are determined only together" in "\n".join(describe_posterior(posterior))


def test_an_outcome_out_of_reach_is_said() -> None:
    shares = np.random.default_rng(0).random((500, 2))
    posterior = fit_posterior(RANGES, [target("x", 3.0)], shares, shares[:, :1])
    lines = describe_posterior(posterior)
    assert "does not reach people within these ranges" in lines[2]
    assert "the world does not do what people did in x" in lines[-1]
    assert "determined" not in "".join(lines)
    row, _ = to_records(setting_table(posterior))
    assert 0.8 < row["mean"] < 1


@pytest.mark.parametrize("error", [0.03, 0.15])
def test_intervals_hold_the_settings_that_people_had_in_95_of_100(error: float) -> None:
    rng = np.random.default_rng(int(1000 * error))
    num_held, widths = 0, []
    for _ in range(150):
        truth = rng.uniform(0.25, 0.75)
        shares = rng.random((600, 2))
        simulated = shares[:, :1] + rng.normal(0, 0.02, (600, 1))
        people = target("x", float(truth + rng.normal(0, error)), error)
        row, _ = to_records(setting_table(fit_posterior(RANGES, [people], shares, simulated)))
        num_held += row["low"] <= truth <= row["high"]
        widths.append(row["high"] - row["low"])
    assert num_held / 150 >= 0.89
    assert np.mean(widths) == pytest.approx(2 * 1.96 * error, rel=0.35)


def test_whole_numbers_are_those_of_the_range() -> None:
    dice = Range("d", 1.0, 6.0, is_whole=True)
    shares = np.random.default_rng(0).random((3000, 1))
    (row,) = to_records(setting_table(fit_posterior([dice], [target("x", 6.0)], shares, dice.numbers_at(shares))))
    assert row["mean"] == pytest.approx(6, abs=0.1)
    assert set(dice.numbers_at(np.linspace(0, 1, 100))) == {1, 2, 3, 4, 5, 6}
    assert [str(int(number)) for number in dice.numbers_at(shares[:50, 0])] == [
        dice.at(share) for share in shares[:50, 0]
    ]


def test_points_without_a_value_do_not_count() -> None:
    shares = np.random.default_rng(0).random((200, 2))
    simulated = np.where(shares[:, :1] < 0.5, np.nan, shares[:, :1])
    row, _ = to_records(setting_table(fit_posterior(RANGES, [target("x", 0.7)], shares, simulated)))
    assert row["mean"] > 0.6
    with pytest.raises(ConfigError, match=f"at 3 of 200 points, but {MIN_KEPT} are needed"):
        fit_posterior(RANGES, [target("x", 0.7)], shares, np.where(np.arange(200)[:, None] < 3, 1.0, np.nan))


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return settings of a study of the lever, in a folder whose own settings name it."""
    (tmp_path / "conf" / "world").mkdir(parents=True)
    text = "_target_: tests.experiments.lever.Lever\n"
    (tmp_path / "conf" / "world" / "lever.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    write_effects(tmp_path / "people.csv", [target("height", 2.4, 0.1)])
    return ["world=lever", "population.size=8", "steps=1", "seeds=[0]", "humans=people.csv"]


def test_a_world_is_calibrated_and_a_killed_study_gives_the_same(words: list[str], tmp_path: Path) -> None:
    study = [*words, "world.strong=0.0..1.0", "world.idle=0.0..1.0", "run_dir=study"]
    assert main(["calibrate", *study, "--points", "64"]) == 0
    settings = pd.read_csv("study/settings.csv").set_index("setting")
    assert settings.loc["world.strong", "mean"] == pytest.approx(0.6, abs=0.05)
    assert settings.loc["world.idle", "sd_ratio"] > 0.7
    (fit,) = to_records(pd.read_csv("study/fit.csv"))
    assert fit["simulated"] == pytest.approx(2.4, abs=0.3)
    assert {path.suffix for path in (tmp_path / "study").iterdir()} >= {".csv", ".parquet", ".png", ".svg", ".jsonl"}
    points = tmp_path / "study" / "points.jsonl"
    content = points.read_bytes()
    points.write_bytes(content[: len(content) // 2])
    assert main(["calibrate", "--run", "study"]) == 0
    assert points.read_bytes() == content
    assert pd.read_csv("study/settings.csv").set_index("setting").equals(settings)


def test_treatments_of_people_are_treatments_of_the_world(words: list[str], tmp_path: Path) -> None:
    effects = [target("height", 1.0, treatment="low"), target("height", 4.0, treatment="high")]
    write_effects(tmp_path / "people.csv", effects)
    treatments = "+treatments={low: {strong: 0.0}, high: {strong: 0.6}}"
    assert main(["calibrate", *words, treatments, "world.weak=0.0..3.0", "run_dir=study", "--points", "32"]) == 0
    (setting,) = to_records(pd.read_csv("study/settings.csv"))
    assert setting["mean"] == pytest.approx(1.3, abs=0.3)
    assert list(pd.read_csv("study/fit.csv")["treatment"]) == ["low", "high"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ([], "calibrate needs settings that vary"),
        (["world.weak=0,1"], "world.weak has named values; calibrate once for each"),
        (["world.weak=0.0..1.0", "humans=null"], "calibrate needs people to come near to"),
        (["world.weak=0.0..1.0", "humans=commons"], "unknown metric"),
        (["world.weak=0.0..1.0", "minds=[rule,random]"], "a study of this kind has one mind"),
    ],
)
def test_a_mistake_gets_a_sentence_before_anything_is_played(
    changes: Sequence[str], complaint: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", *words, *changes, "run_dir=study"]) == 1
    assert complaint in capsys.readouterr().err
    assert not Path("study").exists()


def test_people_without_an_interval_are_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_effects(tmp_path / "people.csv", [target("height", 1.0)._replace(low=float("nan"), high=float("nan"))])
    assert main(["calibrate", *words, "world.weak=0.0..1.0", "run_dir=study"]) == 1
    assert "height has no interval, so nobody knows how near is near" in capsys.readouterr().err


def test_people_who_changed_since_a_study_began_are_not_mixed_in(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", *words, "world.strong=0.0..1.0", "run_dir=study", "--points", "32"]) == 0
    write_effects(tmp_path / "people.csv", [target("height", 1.0, 0.1)])
    assert main(["calibrate", "--run", "study"]) == 1
    assert "people.csv" in capsys.readouterr().err
