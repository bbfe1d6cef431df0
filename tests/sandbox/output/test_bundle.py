"""An archive of a run holds all that a stranger needs to check it, and nothing changes on the way."""

import csv
import io
import sqlite3
import subprocess
import zipfile
from pathlib import Path

import pytest

from sandbox.cli.main import main
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from worlds.rumor import Rumor

SETTINGS = (
    "world=rumor", "mind=rule", "population.file=people.csv", "population.size=6", "graph.degree=2", "steps=3",
    "null_worlds=0", "reactions=0", "run_dir=run",
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a finished run of one's own people, in the working directory."""
    monkeypatch.chdir(tmp_path)
    people = "".join(f"p{number},You are number {number}.\n" for number in range(6))
    Path("people.csv").write_text(f"id,persona\n{people}", encoding="utf-8")
    run = Run.start(SETTINGS)
    run.resume(Progress(), lambda _: None)
    return Run(run.folder)


def unpack(path: str) -> Path:
    """Unpack an archive somewhere else; return its folder."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall("elsewhere")
    [folder] = Path("elsewhere").iterdir()
    return folder


def test_a_stranger_can_check_it(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundle", "run", "--licence", "CC BY 4.0", "--to", "other.zip"]) == 0
    assert capsys.readouterr().out == "other.zip\n"
    folder = unpack("other.zip")
    assert f"python -m sandbox verify {folder.name}\n" in (folder / "README.md").read_text(encoding="utf-8")
    Path("people.csv").unlink()
    for file in run.folder.iterdir():
        if file.is_file():
            file.unlink()
    assert main(["verify", str(folder)]) == 0
    assert "the run holds" in capsys.readouterr().out
    sums = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert sums.returncode == 0, sums.stderr
    listed = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    files = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    assert sorted(line.split("  ")[1] for line in listed) == sorted({*files} - {"SHA256SUMS"})
    assert "CC BY 4.0" in (folder / "README.md").read_text(encoding="utf-8")
    assert "# Methods" in (folder / "methods.md").read_text(encoding="utf-8")


def test_the_log_is_one_file_with_everything(run: Run) -> None:
    assert main(["bundle", "run"]) == 0
    folder = unpack("run.zip")
    with sqlite3.connect(folder / "decisions.sqlite") as db:
        assert db.execute("SELECT count(*) FROM decision").fetchone()[0] == run.manifest.totals["decisions"]
    assert not list(folder.glob("decisions.*-*"))
    assert not list(folder.glob("*.lock"))


def test_the_same_run_gives_the_same_bytes(run: Run) -> None:
    assert main(["bundle", "run", "--to", "a/run.zip"]) == main(["bundle", "run", "--to", "b/run.zip"]) == 0
    assert Path("a/run.zip").read_bytes() == Path("b/run.zip").read_bytes()


def test_a_run_from_an_archive_can_be_bundled_again(run: Run) -> None:
    assert main(["bundle", "run"]) == 0
    assert main(["bundle", str(unpack("run.zip")), "--to", "again/run.zip"]) == 0
    first, second = (zipfile.ZipFile(path) for path in ("run.zip", "again/run.zip"))
    assert first.namelist() == second.namelist()
    differing = [name for name in first.namelist() if first.read(name) != second.read(name)]
    assert differing in ([], ["run/SHA256SUMS", "run/decisions.sqlite"]), "SQLite counts how often a file was copied"


def test_a_file_that_is_called_like_one_of_the_run_is_refused(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.csv").rename("metrics.csv")
    other = Run.start([*SETTINGS[:-1], "population.file=metrics.csv", "run_dir=named"])
    other.resume(Progress(), lambda _: None)
    assert main(["bundle", "named"]) == 1
    assert "two files would be metrics.csv in the archive" in capsys.readouterr().err


def test_columns_are_explained(run: Run) -> None:
    assert main(["bundle", "run"]) == 0
    text = (unpack("run.zip") / "data_dictionary.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["column"]: row["meaning"] for row in rows if row["table"] == "metrics" and row["meaning"]} == {
        **Rumor.metric_labels
    }
    assert {"decisions.sqlite: decision", "metrics", "tables/network"} <= {row["table"] for row in rows}


def test_what_cannot_be_bundled_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("there.zip").touch()
    assert main(["bundle", "run", "--to", "there.zip"]) == 1
    assert "there.zip: it exists; name another file" in capsys.readouterr().err
    assert main(["bundle", "run", "--to", "run.tar"]) == 1
    assert "name a .zip file" in capsys.readouterr().err
    Path("people.csv").write_text("id,persona\na,b\n", encoding="utf-8")
    assert main(["bundle", "run"]) == 1
    assert "people.csv (population.file) has changed since" in capsys.readouterr().err
    Run.start([*SETTINGS[:-1], "population.file=genome.parquet", "run_dir=unfinished"])
    assert main(["bundle", "unfinished"]) == 1
    assert "is not finished" in capsys.readouterr().err
