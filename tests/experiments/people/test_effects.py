"""Effects on people: intervals cover the truth, and a file comes back as it was written or says what is wrong."""

import math
from pathlib import Path

import numpy as np
import pytest

from experiments.people.effects import HumanEffect, average, measure_effects, read_effects, write_effects
from experiments.people_arm import FOLDER
from sandbox.errors import DataError

HEADER = ",".join(HumanEffect._fields)
EFFECTS = [
    HumanEffect("plain", "", "contribution", 0.575, 0.501, 0.66, 21, "game"),
    HumanEffect("talk", "plain", "gini@last", -1.5e-05, -0.25, 12346.0, 46, "game, or group"),
]


def draw_units(rng: np.random.Generator, mean: float, number: int = 25) -> list[dict[str, float]]:
    return [{"gift": value} for value in rng.normal(mean, 1, number)]


def test_effects_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "world.csv"
    write_effects(path, EFFECTS)
    assert read_effects(path) == [EFFECTS[0], EFFECTS[1]._replace(high=12350.0)]  # four digits
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_interval_stays_unknown(tmp_path: Path) -> None:
    write_effects(tmp_path / "world.csv", [EFFECTS[0]._replace(low=math.nan, high=math.nan)])
    assert (tmp_path / "world.csv").read_text().splitlines()[1] == "plain,,contribution,0.575,,,21,game"
    [effect] = read_effects(tmp_path / "world.csv")
    assert math.isnan(effect.low)
    assert math.isnan(effect.high)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_what_the_project_ships_can_be_read(path: Path) -> None:
    assert read_effects(path)
    path_of_script = path.with_name(f"measure_{path.stem}.py")
    assert path_of_script.is_file(), "errors name it"


def test_an_interval_covers_the_true_effect_in_95_of_100_experiments() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(150):
        arms = {"control": draw_units(rng, 1.0), "treated": draw_units(rng, 1.5)}
        *_, difference = measure_effects(arms, {"gift": average("gift")}, "game")
        assert (difference.treatment, difference.control, difference.num_units) == ("treated", "control", 50)
        covered += difference.low <= 0.5 <= difference.high
    assert 0.88 <= covered / 150 <= 0.99


def test_a_treatment_without_an_outcome_has_no_row_for_it() -> None:
    arms = {"plain": [{"punished": math.nan}], "punishment": [{"punished": 0.5}, {"punished": math.nan}]}
    [effect] = measure_effects(arms, {"punished": average("punished")}, "game")
    assert effect == HumanEffect("punishment", "", "punished", 0.5, 0.5, 0.5, 2, "game")


def test_all_outcomes_share_their_bootstrap_samples() -> None:
    arms = {"plain": draw_units(np.random.default_rng(1), 0.0)}
    alone = measure_effects(arms, {"gift": average("gift")}, "game")
    with_another = measure_effects(arms, {"other": lambda _: 1.0, "gift": average("gift")}, "game")
    assert alone == [effect for effect in with_another if effect.outcome == "gift"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("talk,plain,gift,nan,0,1,46,game", r"line 2 has 'nan' as its value, which is no finite number"),
        ("talk,plain,gift,0.1,,1,46,game", r"line 2 has '' as its low, which is no finite number"),
        ("talk,plain,gift,0.1,1,0,46,game", r"an interval from 1 to 0, which ends before it begins"),
        ("talk,plain,gift,0.1,0,1,4.5,game", r"'4.5' as its num_units, which is no whole number of at least 1"),
        ("talk,plain,gift,0.1,0,1,0,game", r"'0' as its num_units"),
        ("talk,talk,gift,0.1,0,1,46,game", r"compares the treatment 'talk' with itself"),
        (",plain,gift,0.1,0,1,46,game", r"line 2 has no treatment"),
        ("talk,plain,,0.1,0,1,46,game", r"line 2 has no outcome"),
        ("talk,plain,gift,0.1,0,1,46,", r"line 2 has no unit"),
        ("talk,plain,gift,0.1,0,1,46", r"line 2 has 7 cells, but the header has 8"),
        ("a,,gift,0.1,0,1,4,game\na,,gift,0.1,0,1,4,game", r"line 3 says a second time what 'a' does to 'gift'"),
    ],
)
def test_an_impossible_row_is_named(tmp_path: Path, row: str, complaint: str) -> None:
    path = tmp_path / "world.csv"
    path.write_text(f"{HEADER}\n{row}\n")
    with pytest.raises(DataError, match=complaint):
        read_effects(path)


@pytest.mark.parametrize("header", [HEADER.replace("low,", ""), f"{HEADER},seed", "a;b"])
def test_other_columns_are_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "opinion.csv"
    path.write_text(f"{header}\n")
    with pytest.raises(DataError, match=r"line 1 must name the columns .*mend it there"):
        read_effects(path)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as csv"):
        read_effects(tmp_path / "world.csv")
