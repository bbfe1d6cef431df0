"""Fallbacks from end to end: a real server that fails, and every command that asks it."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zlib import crc32

import pandas as pd
import pytest

from experiments.frames import to_records
from sandbox.cli.main import main
from sandbox.runtime.run import LOG
from tests.agents.minds.faulty_server import PROBABILITIES, FaultyServer, Response, make_completion

CONTROL = "\x1b[2J"


class Switch:
    """A server whose failures can be switched while commands run."""

    def __init__(self) -> None:
        self.failing_share = 0.0
        """Share of prompts that fail."""
        self.status = 500

    def reply(self, body: Any) -> Response:
        number = crc32(json.dumps(body["messages"]).encode())
        if number % 100 < 100 * self.failing_share:
            return self.status, {"error": f"out of {CONTROL}memory"}
        shift = number % 7 / 10  # every prompt has probabilities of its own
        return make_completion(f"Fine{CONTROL} tea.", {token: value - shift for token, value in PROBABILITIES.items()})


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def overrides(switch: Switch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.chdir(tmp_path)
    with FaultyServer(switch.reply) as server:
        yield [
            "world=rumor", "population.size=20", "steps=6", "null_worlds=0", "mind=server", f"mind.urls=[{server.url}]",
            "mind.retries=2", "mind.backoff_s=0.01", "cache=false",
        ]  # fmt: skip


def logged(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / LOG)) as db:
        return db.execute("SELECT batch, arm, agent, value, source, probs FROM decision ORDER BY 1, 2, 3").fetchall()


def test_a_server_that_dies_at_first_leaves_nothing_behind(
    switch: Switch, overrides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *overrides, f"run_dir={tmp_path / 'whole'}"]) == 0
    switch.failing_share = 1.0
    assert main(["run", *overrides, f"run_dir={tmp_path / 'broken'}"]) == 1
    error = capsys.readouterr().err
    assert "are fallbacks, max_fallback_rate is 5%" in error and "Traceback" not in error and CONTROL not in error
    assert not logged(tmp_path / "broken")
    assert main(["resume", str(tmp_path / "broken")]) == 1
    switch.failing_share = 0.0
    assert main(["resume", str(tmp_path / "broken")]) == 0
    assert logged(tmp_path / "broken") == logged(tmp_path / "whole")


def test_a_random_arm_does_not_hide_the_fallbacks_of_a_server(
    switch: Switch, overrides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = [
        "+mind@extra_minds.random=random",
        "minds=[random,server]",
        "seeds=[0,1,2,3]",
        f"run_dir={tmp_path / 'run'}",
    ]
    switch.failing_share = 1.0
    assert main(["run", *overrides, *arms]) == 1
    assert "arm server: " in capsys.readouterr().err
    assert not logged(tmp_path / "run")


def test_an_interview_of_a_dead_server_is_no_result(
    switch: Switch, overrides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["run", *overrides, f"run_dir={run}"]) == 0
    survey = tmp_path / "survey.yaml"
    survey.write_text("items: [{id: safe, kind: likert, text: I feel safe here.}, {id: why, text: Why do you stay}]")
    ask = ["ask", str(run), "--at", "3", "--survey", str(survey)]
    switch.failing_share = 1.0
    assert main(ask) == 1
    assert "nothing was stored: fix the mind and ask again" in capsys.readouterr().err
    assert not (run / "answers").exists()
    switch.failing_share = 0.0
    assert main(ask) == 0
    output = capsys.readouterr().out
    assert "(n = 40 answers of 20 agents)" in output and CONTROL not in output


def test_an_interview_leaves_fallbacks_out_and_counts_them(
    switch: Switch, overrides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["run", *overrides, "max_fallback_rate=0.6", f"run_dir={run}"]) == 0
    survey = tmp_path / "survey.yaml"
    survey.write_text("items: [{id: safe, kind: likert, text: I feel safe here.}, {id: why, text: Why do you stay}]")
    switch.failing_share, switch.status = 0.2, 400
    assert main(["ask", str(run), "--at", "3", "--survey", str(survey)]) == 0
    output = capsys.readouterr().out
    table = pd.read_parquet(run / "answers" / "survey-at-3.parquet")
    rows = to_records(table)
    missing = [row for row in rows if row["source"] == "fallback"]
    assert 0 < len(missing) < len(rows)
    assert all(pd.isna(row[name]) for row in missing for name in ("answer", "number", "expected"))
    num_safe = sum(row["item"] == "safe" for row in missing)
    assert f"(n = {40 - num_safe} answers of " in output and f"; {num_safe} more could not be obtained)" in output
    answered = Counter(row["agent"] for row in rows if row["item"] == "safe" and row["source"] != "fallback")
    retest = pd.read_csv(run / "answers" / "survey-at-3-retest.csv")
    assert retest["num_agents"].to_list() == [list(answered.values()).count(2)]


def test_reactions_of_a_dead_server_are_no_result(
    switch: Switch, overrides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    market = [*overrides, "world=marketplace", "steps=2", "reactions=0", f"run_dir={run}"]
    assert main(["run", *market]) == 0
    switch.failing_share = 1.0
    assert main(["react", str(run), "--n", "4"]) == 1
    assert "are fallbacks, max_fallback_rate is 5%; nothing was stored" in capsys.readouterr().err
    assert not (run / "reactions").exists()
