"""Portions hold all records of a user and say which self is asked about what."""

from pathlib import Path

import polars as pl
import pytest

from tests.training.synthesis.scripted_synthesizer import portion, write_table
from training.persons.extractive import PERSON
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.synthesis.portions import portion_unit


def build_portions(folder: Path, size: int, without: str = "") -> list[pl.DataFrame]:
    """Return portions of three users with seven records each; the last user has an early self."""
    records = portion(users=3, history=5, later=2)
    place = pl.int_range(pl.len()).over("user")
    part = pl.when(place < 5).then(pl.lit("history")).otherwise(pl.lit("target"))
    decided = records.select("source", "user", "id", "split", part=part, early=place < 2)
    people = [
        {"source": "diary", "platform": "forum", "user": user, "split": "train", "self": name, "profile": ""}
        for user, name in (("u0", "latest"), ("u1", "latest"), ("u2", "latest"), ("u2", "early"))
        if user != without
    ]
    tables = {
        "person": pl.DataFrame(people, schema=PERSON),
        "record": records.drop("asked_self", "early").sort("time", descending=True),
        "decided": decided,
    }
    unit = Unit("0000", {name: [write_table(folder, name, rows)] for name, rows in tables.items()})
    portions = dict(portion_unit(unit, {"records_per_unit": size}, Tally("portions")))
    assert sorted(portions) == list(portions)
    return list(portions.values())


@pytest.mark.parametrize(("size", "users"), [(1, [1, 1, 1]), (7, [1, 1, 1]), (8, [2, 1]), (100, [3])])
def test_a_users_records_stay_together(tmp_path: Path, size: int, users: list[int]) -> None:
    portions = build_portions(tmp_path, size)
    assert [rows["user"].n_unique() for rows in portions] == users
    assert all(rows.height == 7 * rows["user"].n_unique() for rows in portions)
    times = [1_400_000_000 + 3600 * place for _ in range(3) for place in range(7)]
    assert pl.concat(portions)["time"].to_list() == times


def test_every_record_says_which_self_is_asked_about_it(tmp_path: Path) -> None:
    (rows,) = build_portions(tmp_path, 100)
    groups = rows.group_by("user", maintain_order=True)
    assert {user: group["asked_self"].to_list() for (user,), group in groups} == {
        "u0": [*[""] * 5, "latest", "latest"],
        "u1": [*[""] * 5, "latest", "latest"],
        "u2": ["", "", *["early"] * 3, "latest", "latest"],
    }
    assert rows.filter("early")["id"].to_list() == ["2-0", "2-1"]


def test_a_user_who_is_no_person_is_left_out(tmp_path: Path) -> None:
    (rows,) = build_portions(tmp_path, 100, without="u1")
    assert set(rows["user"]) == {"u0", "u2"}
