"""Another distribution's package of the same name is noticed, in `doctor` and at the start of every command."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.cli.packages import find_foreign_package

ROOT = Path(__file__).parents[3]


@pytest.fixture
def foreign_folder(tmp_path: Path) -> Path:
    """Return a folder with an `agents` of another distribution, such as openai-agents."""
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("class Runner: ...\n")
    return tmp_path


def run_command(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with `folder` before the project on the module path."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_projects_own_packages_are_recognised() -> None:
    assert find_foreign_package() == ""


def test_a_foreign_package_is_one_sentence_at_start(foreign_folder: Path) -> None:
    process = run_command(foreign_folder, "list")
    assert process.returncode == 1
    [line] = process.stderr.strip().splitlines()
    assert line.startswith(
        f"error: the package 'agents' at {foreign_folder / 'agents'} belongs to another distribution"
    )
    assert "install social-sandbox in an environment of its own" in line


def test_doctor_reports_a_foreign_package(foreign_folder: Path) -> None:
    process = run_command(foreign_folder, "doctor")
    assert process.returncode == 1
    assert "belongs to" in process.stdout
    assert "Traceback" not in process.stderr


def test_a_package_that_was_overwritten_in_place_is_noticed(tmp_path: Path) -> None:
    for name in ("sandbox", "worlds", "training", "experiments", "conf"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("class Runner: ...\n")
    process = subprocess.run(
        [sys.executable, "-c", "from sandbox.cli.packages import find_foreign_package as f; print(f())"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "belongs to another distribution" in process.stdout
