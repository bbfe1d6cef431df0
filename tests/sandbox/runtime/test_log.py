"""The decision log on its own."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.core.form import Choose, Option
from sandbox.core.memory import Event, Memory
from sandbox.core.mind import RandomMind
from sandbox.core.question import Question, Template
from sandbox.core.replicate import Replicate
from sandbox.errors import ContractError, DataError, SandboxError
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.log_rows import APPLICATION_ID
from tests.conftest import make_question, profiles


def make_questions(num: int = 3) -> list[Question[Any]]:
    return [make_question(agent=agent, seed=agent * 2**61 % 2**64) for agent in range(num)]


def write_log(path: Path, number: int = 3) -> list[Question[Any]]:
    questions = make_questions(number)
    log = DecisionLog.create(path)
    log.append(questions, RandomMind().answer(questions), 0.1, 0.0)
    log.close()
    return questions


def test_what_is_appended_is_replayed(tmp_path: Path) -> None:
    questions = write_log(tmp_path / "log.sqlite")
    log = DecisionLog.open(tmp_path / "log.sqlite")
    assert log.num_batches == 1
    assert log.replay(0, questions) == RandomMind().answer(questions)
    assert log.totals()["decisions"] == 3
    assert log.count_by("source") == {"random": 3}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"facts": {"time": "one"}}, r"question\[1\].time is 'one', but the log has 'noon'"),
        ({"form": Choose((Option("tea"), Option("coffee"), Option("wine")))}, "'wine', but the log has 'water'"),
        ({"agent": 9}, "agent is 9, but the log has 0"),
        ({"seed": 9}, "the seed of the question differs"),
        ({"profile": profiles(3)[2]}, "the profile or the text of the prompt"),
        ({"template": Template("test/drink", "Other rules.", "What?")}, "the text of the prompt test/drink"),
    ],
)
def test_a_question_that_differs_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    write_log(tmp_path / "log.sqlite")
    log = DecisionLog.open(tmp_path / "log.sqlite")
    parts: dict[str, Any] = {"agent": 0, "seed": 0, **change}
    changed = make_question(**parts)
    with pytest.raises(ContractError, match=says):
        log.replay(0, [changed, *make_questions()[1:]])


def test_another_memory_and_another_number_of_questions_are_named(tmp_path: Path) -> None:
    questions = write_log(tmp_path / "log.sqlite")
    log = DecisionLog.open(tmp_path / "log.sqlite")
    memory = Memory()
    memory.add(Event(0, "tip", "Tea is good."))
    with pytest.raises(ContractError, match="the memory differs"):
        log.replay(0, [make_question(agent=0, seed=0, memory=memory.view()), *questions[1:]])
    with pytest.raises(ContractError, match="holds 3 decisions but the world now asks 2"):
        log.replay(0, questions[:2])


@pytest.mark.parametrize("name", ["a#b", "what?", "%41", "two words", "ä"])
def test_a_log_is_read_in_a_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).mkdir()
    questions = write_log(tmp_path / name / "log.sqlite")
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / name / "log.sqlite", Path(name, "log.sqlite")):
        log = DecisionLog.open(path)
        assert log.replay(0, questions) == RandomMind().answer(questions)
        log.close()


def test_a_second_writer_is_turned_away(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = DecisionLog.create(path)
    code = f"import pathlib, sandbox.runtime.log as log; log.DecisionLog.open(pathlib.Path({str(path)!r}), write=True)"
    second_writer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another process is writing" in second_writer.stderr
    log.close()
    DecisionLog.open(path, write=True).close()


def test_damaged_foreign_and_missing_files_get_messages_of_their_own(tmp_path: Path) -> None:
    complete = tmp_path / "log.sqlite"
    write_log(complete, 400)
    with pytest.raises(DataError, match="no decision log at"):
        DecisionLog.open(tmp_path / "none.sqlite")
    foreign = tmp_path / "foreign.sqlite"
    sqlite3.connect(foreign).execute("CREATE TABLE t (a)").connection.close()
    with pytest.raises(DataError, match="not a decision log of this version"):
        DecisionLog.open(foreign)
    older = tmp_path / "older.sqlite"
    write_log(older)
    sqlite3.connect(older).execute(f"PRAGMA application_id = {APPLICATION_ID - 1}").connection.close()
    with pytest.raises(DataError, match=r"not a decision log of this version \(id 0x50e00006\) but of an earlier one"):
        DecisionLog.open(older)
    text = tmp_path / "text.sqlite"
    text.write_text("not a database at all, but long enough to be read as one" * 20)
    with pytest.raises(DataError, match="damaged: SQLite cannot read it"):
        DecisionLog.open(text)
    truncated = tmp_path / "cut.sqlite"
    sqlite3.connect(complete).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    truncated.write_bytes(complete.read_bytes()[:20000])
    with pytest.raises(DataError, match="damaged"):
        DecisionLog.open(truncated)


def test_a_full_disk_is_one_sentence_for_interventions_too(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    write_log(path)
    log = DecisionLog.open(path, write=True)
    log._db.execute(f"PRAGMA max_page_count = {log._db.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(SandboxError, match=r"could not write an intervention of step 9.*full.*the log is intact"):
        for number in range(10_000):
            log.record_intervention(Replicate("main", 0), 9, number, f"tax {number}")
    assert log.num_batches == 1
    log.close()


def test_a_full_disk_loses_no_batch(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    write_log(path)
    log = DecisionLog.open(path, write=True)
    log._db.execute(f"PRAGMA max_page_count = {log._db.execute('PRAGMA page_count').fetchone()[0] + 1}")
    questions = make_questions(2000)
    with pytest.raises(SandboxError, match=r"could not write 2000 decisions.*full.*the log is intact"):
        log.append(questions, RandomMind().answer(questions), 0.1, 0.0)
    log.close()
    reopened = DecisionLog.open(path)
    assert reopened.num_batches == 1
    assert reopened.replay(0, make_questions()) == RandomMind().answer(make_questions())
