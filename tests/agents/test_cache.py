"""The answer cache."""

import sqlite3
from pathlib import Path

import pytest

from agents.cache import AnswerCache
from sandbox.core.answer import Answer
from sandbox.errors import DataError


def test_answers_come_back_as_they_were_added(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    answers = {bytes([i] * 20): Answer("tea", "model", probs=(0.5, 0.5), position=i) for i in range(250)}
    forms = {i.to_bytes(20, "big"): Answer({"x": i}, "model") for i in range(2000, 3000)}
    cache.add({**answers, **forms})
    assert cache.get([*answers, *forms, b"absent"]) == {**answers, **forms}


def test_the_first_answer_stays(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache.add({b"k": Answer("first", "model")})
    cache.add({b"k": Answer("second", "model")})
    assert cache.get([b"k"])[b"k"].value == "first"


def test_two_connections_may_use_it(tmp_path: Path) -> None:
    first, second = (AnswerCache(tmp_path / "answers.sqlite") for _ in range(2))
    first.add({b"a": Answer("x", "model")})
    second.add({b"b": Answer("y", "model")})
    assert set(first.get([b"a", b"b"])) == {b"a", b"b"}


@pytest.mark.parametrize("damage", ["DROP TABLE answer", "UPDATE answer SET value = x'ff'"])
def test_a_cache_that_has_become_unreadable_says_what_to_do(tmp_path: Path, damage: str) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache.add({b"k": Answer("tea", "model")})
    sqlite3.connect(tmp_path / "answers.sqlite", isolation_level=None).execute(damage).connection.close()
    with pytest.raises(DataError, match=r"cannot be read .*; delete it or set cache=false"):
        cache.get([b"k"])


def test_a_damaged_cache_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_text("this is not a database " * 100)
    with pytest.raises(DataError, match="delete it or set cache=false"):
        AnswerCache(path)
