"""Portions hold whole users and say who is asked about what."""

from pathlib import Path

import polars as pl
import pytest

from tests.training.synthesis.scripted import portion, written
from training.funnel import Tally
from training.persons.extractive import PERSON
from training.synthesis.portions import portion_unit


def portions(folder: Path, size: int, without: str = "") -> list[pl.DataFrame]:
    """Portions of three users with seven records each; the last user has an early self."""
    records = portion(users=3, history=5, later=2)
    place = pl.int_range(pl.len()).over("user")
    part = pl.when(place < 5).then(pl.lit("history")).otherwise(pl.lit("target"))
    decided = records.select("source", "user", "id", "split", part=part, early=place < 2)
    people = [
        {"source": "diary", "platform": "forum", "user": user, "split": "train", "self": which, "profile": ""}
        for user, which in (("u0", "latest"), ("u1", "latest"), ("u2", "latest"), ("u2", "early"))
        if user != without
    ]
    files = [
        written(folder, "person", pl.DataFrame(people, schema=PERSON)),
        written(folder, "record", records.drop("asked", "early").sort("time", descending=True)),
        written(folder, "split", decided),
    ]
    tables = dict(portion_unit(files, {"records_per_unit": size}, Tally("portions")))
    assert sorted(tables) == list(tables)
    return list(tables.values())


@pytest.mark.parametrize(("size", "users"), [(1, [1, 1, 1]), (7, [1, 1, 1]), (8, [2, 1]), (100, [3])])
def test_a_users_records_stay_together(tmp_path: Path, size: int, users: list[int]) -> None:
    made = portions(tmp_path, size)
    assert [one["user"].n_unique() for one in made] == users
    assert all(one.height == 7 * one["user"].n_unique() for one in made)
    assert pl.concat(made)["time"].to_list() == [1_400_000_000 + 3600 * place for _ in range(3) for place in range(7)]


def test_every_record_says_who_is_asked_about_it(tmp_path: Path) -> None:
    (made,) = portions(tmp_path, 100)
    asked = {user: mine["asked"].to_list() for (user,), mine in made.group_by("user", maintain_order=True)}
    assert asked == {
        "u0": [*[""] * 5, "latest", "latest"],
        "u1": [*[""] * 5, "latest", "latest"],
        "u2": ["", "", *["early"] * 3, "latest", "latest"],
    }
    assert made.filter("early")["id"].to_list() == ["2-0", "2-1"]


def test_who_is_no_person_is_left_out(tmp_path: Path) -> None:
    (made,) = portions(tmp_path, 100, without="u1")
    assert set(made["user"]) == {"u0", "u2"}
