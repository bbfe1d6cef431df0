"""The answer cache."""

import sqlite3
from pathlib import Path

import pytest

from agents.cache import AnswerCache
from sandbox.errors import DataError
from sandbox.question import Answer


def test_answers_come_back_as_they_were_put(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    answers = {bytes([i] * 20): Answer("tea", "model", probs=(0.5, 0.5), position=i) for i in range(250)}
    more = {i.to_bytes(20, "big"): Answer({"x": i}, "model") for i in range(2000, 3000)}
    cache.put({**answers, **more})
    assert cache.get([*answers, *more, b"absent"]) == {**answers, **more}


def test_the_first_answer_stays(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache.put({b"k": Answer("first", "model")})
    cache.put({b"k": Answer("second", "model")})
    assert cache.get([b"k"])[b"k"].value == "first"


def test_two_processes_may_use_it(tmp_path: Path) -> None:
    one, other = (AnswerCache(tmp_path / "answers.sqlite") for _ in range(2))
    one.put({b"a": Answer("x", "model")})
    other.put({b"b": Answer("y", "model")})
    assert set(one.get([b"a", b"b"])) == {b"a", b"b"}


@pytest.mark.parametrize("harm", ["DROP TABLE answer", "UPDATE answer SET value = x'ff'"])
def test_a_cache_that_cannot_be_read_any_more_says_what_to_do(tmp_path: Path, harm: str) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache.put({b"k": Answer("tea", "model")})
    sqlite3.connect(tmp_path / "answers.sqlite", isolation_level=None).execute(harm).connection.close()
    with pytest.raises(DataError, match=r"cannot be read .*; delete it or set cache=false"):
        cache.get([b"k"])


def test_a_damaged_cache_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_text("this is no database " * 100)
    with pytest.raises(DataError, match="delete it or set cache=false"):
        AnswerCache(path)
