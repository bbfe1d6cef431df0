"""`new world`: what it writes passes the contract, runs, and works by name in the user's folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.cli.main import main
from sandbox.cli.new import write_world
from sandbox.errors import ConfigError, DataError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a user's folder, as `python -m` does: it is on the module path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_new_world_passes_the_contract_and_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["new", "world", "mill_town"]) == 0
    assert main(["check", "mill_town", "population.size=20"]) == 0
    assert main(["run", "world=mill_town", "mind=rule", "population.size=20", "steps=3", "world.pioneers=2"]) == 0
    assert main(["list"]) == 0
    output = capsys.readouterr().out
    assert "mill_town: 20 agents; 3 steps" in output
    assert "Mill town: a habit spreads among friends" in output
    [run] = (tmp_path / "runs").iterdir()
    assert run.name.startswith("mill_town-")


def test_its_own_test_passes_in_another_process(tmp_path: Path) -> None:
    write_world("hamlet", tmp_path)
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_hamlet.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert "1 passed" in process.stdout


def test_its_code_satisfies_our_own_checks(tmp_path: Path) -> None:
    paths = write_world("river_bank", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    modules = [str(path) for path in paths if path.suffix == ".py"]
    subprocess.run([sys.executable, "-m", "ruff", "check", *modules], cwd=tmp_path, check=True)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--check", *modules], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Mill", "'Mill' cannot name a world; use lower-case letters"),
        ("class", "'class' cannot name a world"),
        ("../x", "cannot name a world"),
        ("rumor", "there is already a world 'rumor'"),
        ("json", "there is already a Python module 'json'"),
    ],
)
def test_an_unusable_name_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        write_world(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "test_hamlet.py").write_text("mine")
    with pytest.raises(DataError, match=r"test_hamlet.py already exists"):
        write_world("hamlet", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_hamlet.py"]
