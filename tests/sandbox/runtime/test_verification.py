"""A run that is as it was holds; whatever was edited is found and named."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from sandbox.cli.main import main
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from sandbox.runtime.verification import verify_run

SETTINGS = (
    "world=rumor", "mind=rule", "population.file=people.csv", "population.size=8", "graph=from_file",
    "graph.path=ties.csv", "steps=4", "null_worlds=0", "reactions=0", "run_dir=run",
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a finished run of eight people in a ring, in the working directory."""
    monkeypatch.chdir(tmp_path)
    people = "".join(f"p{number},You are number {number}.\n" for number in range(8))
    (tmp_path / "people.csv").write_text(f"id,persona\n{people}", encoding="utf-8")
    ties = "".join(f"p{number},p{(number + 1) % 8}\n" for number in range(8))
    (tmp_path / "ties.csv").write_text(f"source,target\n{ties}", encoding="utf-8")
    run = Run.start(SETTINGS)
    run.resume(Progress(), lambda _: None)
    return run


def verify() -> dict[str, list[str]]:
    """Return the sentences of the run by verdict."""
    findings: dict[str, list[str]] = {}
    for verdict, sentence in verify_run(Run(Path("run"))):
        findings.setdefault(verdict, []).append(sentence)
    return findings


def seal_of(run: Run) -> str:
    """Return the end of the chain of a run's log."""
    with closing(run.log()) as log:
        return log.seal()


def edit(file: str, change: Callable[[str], str]) -> None:
    """Change a text file of the run; it must change something."""
    path = Path("run") / file
    text = path.read_text(encoding="utf-8")
    assert change(text) != text
    path.write_text(change(text), encoding="utf-8")


def edit_table(name: str) -> None:
    """Change one number of a Parquet file and leave the CSV file beside it alone."""
    path = Path("run") / f"{name}.parquet"
    table = pd.read_parquet(path)
    column = table.select_dtypes("number").columns[-1]
    table.loc[0, column] = table[column].max() + 1
    table.to_parquet(path, index=False)


def sql(command: str) -> None:
    """Change the log."""
    with sqlite3.connect("run/decisions.sqlite") as db:
        assert db.execute(command).rowcount > 0


def test_a_run_holds(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "run"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if "figures/" not in line] == ["ok", "ok", "ok", "ok", "the"]
    assert out.endswith("\nthe run holds\n")
    assert seal_of(run) in out
    assert "2 input files with the content of then" in out


def edit_setting(old: str, new: str) -> None:
    """Change a setting in the manifest."""
    edit("manifest.json", lambda text: re.sub(old, new, text, count=1))


DIFFERS = "differs from the replay"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda: edit("metrics.csv", lambda text: text.replace("1", "2", 1)), f"run/metrics.csv {DIFFERS}"),
        (lambda: edit_table("metrics"), f"run/metrics.parquet {DIFFERS}"),
        (lambda: edit_table("tables/network"), f"run/tables/network.parquet {DIFFERS}"),
        (lambda: Path("run/tables/network.csv").unlink(), "run/tables/network.csv is missing"),
        (lambda: Path("run/tables/extra.csv").write_text("a\n1\n"), "run/tables/extra.csv is no table of this run"),
        (lambda: Path("ties.csv").write_text("source,target\np0,p1\n"), "ties.csv (graph.path) has changed since"),
        (lambda: sql("UPDATE decision SET value = 'x' WHERE batch = 1"), "batch 1 does not fit its hash"),
        (lambda: sql("DELETE FROM decision WHERE batch = 1"), "batch 1 does not fit its hash"),
        (lambda: edit_setting('"steps": 4', '"steps": 3'), "the log goes on to step 3, after the last one"),
        (lambda: edit_setting('"steps": 4', '"steps": 5'), "the log ends after 4 steps, but the manifest says 5"),
        (lambda: edit_setting(r'"seeds": \[\s*0', '"seeds": [1'), "it cannot be replayed"),
    ],
    ids=[
        "csv",
        "parquet",
        "table",
        "missing",
        "extra",
        "input",
        "answer",
        "deleted",
        "fewer steps",
        "more steps",
        "seed",
    ],
)
def test_what_was_edited_is_found(run: Run, change: Callable[[], object], sentence: str) -> None:
    change()
    assert any(sentence in failed for failed in verify()["FAILED"]), verify()
    assert main(["verify", "run"]) == 1


def test_an_unfinished_run_has_nothing_to_compare(run: Run) -> None:
    unfinished = Run.start([*SETTINGS[:-1], "run_dir=unfinished"])
    findings = list(verify_run(Run(unfinished.folder)))
    assert {verdict for verdict, _ in findings} == {"ok", "note"}
    assert any("it is not finished" in sentence for _, sentence in findings)
