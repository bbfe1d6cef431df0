"""Observations of people become means and effects over units, as SciPy computes them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.people.effects import HumanEffect, write_effects
from experiments.people.observations import read_people
from sandbox.errors import DataError

HEADER = "arm,unit,time,person,outcome,value"


def write(path: Path, rows: Sequence[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def draw_rows() -> list[str]:
    """Return what two people of each of 13 groups did at three times."""
    rng = np.random.default_rng(0)
    rows: list[str] = []
    for group in range(13):
        arm = "talk" if group % 3 else "plain"
        level = rng.normal(0.6 if arm == "talk" else 0.4, 0.1)
        for time in (10, 2, 1):  # not in order, and as numbers: 10 is the last
            rows += [f"{arm},g{group},{time},p{person},gift,{level + time / 100 + person / 50}" for person in (0, 1)]
    return rows


def unit_values(rows: Sequence[str], arm: str, time: float | None = None) -> list[float]:
    """Return the mean of each group, at one time or over all."""
    values: dict[str, list[float]] = {}
    for treatment, unit, at, _, _, value in (row.split(",") for row in rows):
        if treatment == arm and time in (None, float(at)):
            values.setdefault(unit, []).append(float(value))
    return [float(np.mean(values[unit])) for unit in sorted(values)]


@pytest.mark.parametrize(("outcome", "time"), [("gift", None), ("gift@last", 10.0)])
def test_effects_are_differences_between_units(outcome: str, time: float | None, tmp_path: Path) -> None:
    rows = draw_rows()
    effects = {effect[:3]: effect for effect in read_people(write(tmp_path / "o.csv", rows))}
    plain, talk = (unit_values(rows, arm, time) for arm in ("plain", "talk"))
    mean = effects["talk", "", outcome]
    assert mean.value == pytest.approx(np.mean(talk))
    assert (mean.low, mean.high) == pytest.approx(
        stats.t.interval(0.95, len(talk) - 1, np.mean(talk), stats.sem(talk)), abs=1e-9
    )
    assert mean.num_units == 8
    difference = effects["talk", "plain", outcome]
    welch = stats.ttest_ind(talk, plain, equal_var=False).confidence_interval(0.95)
    assert (difference.low, difference.high) == pytest.approx((welch.low, welch.high), abs=1e-9)
    assert difference.num_units == 13


def test_a_parquet_file_gives_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv", [*draw_rows(), "plain,g0,3,p0,gift,"])
    pd.read_csv(path).to_parquet(tmp_path / "o.parquet")
    assert read_people(tmp_path / "o.parquet") == read_people(path)


def test_without_times_an_outcome_has_one_form(tmp_path: Path) -> None:
    rows = ["a,1,x,1", "a,2,x,2", "b,3,x,4", "b,4,x,6"]
    effects = read_people(write(tmp_path / "o.csv", rows, "treatment,unit,outcome,value"))
    assert [effect[:4] for effect in effects] == [("a", "", "x", 1.5), ("b", "", "x", 5.0), ("b", "a", "x", 3.5)]


def test_a_table_of_effects_is_still_one(tmp_path: Path) -> None:
    effects = [HumanEffect("a", "", "x", 1.0, 0.5, 1.5, 9, "game")]
    write_effects(tmp_path / "e.csv", effects)
    assert read_people(tmp_path / "e.csv") == effects


@pytest.mark.parametrize(
    ("header", "rows", "complaint"),
    [
        ("treatment,unit,value", ["a,1,2"], "line 1 names no column 'outcome', found treatment, unit, value; add it"),
        ("treatment,unit,outcome,value", ["a,1,x,much"], "line 2 has 'much' as its value, which is no finite number"),
        ("treatment,unit,outcome,value", ["a,,x,1"], "line 2 has no unit; fill it in"),
        ("treatment,unit,outcome,value", ["a,1,x,"], "has no value; its column `value` is empty in every row"),
        ("treatment,unit,outcome,value", ["a,1,x,1", "b,1,x,2"], "the unit '1' has the treatments a and b"),
        ("treatment,unit,time,outcome,value", ["a,1,soon,x,1"], "line 2 has 'soon' as its time"),
        ("treatment,control,outcome", ["a,b,x"], "line 1 must name the columns"),
        ("Arm,unit,group,outcome,value", ["a,1,2,x,3"], "the columns unit and group both mean unit"),
    ],
)
def test_a_bad_file_gets_one_sentence(header: str, rows: Sequence[str], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=complaint):
        read_people(write(tmp_path / "o.csv", rows, header))
