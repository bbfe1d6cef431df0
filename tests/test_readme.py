"""The README is true: it is short, its commands run as printed, and its world passes the contract."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
MAX_WORDS = 1200


def commands(section: str) -> list[list[str]]:
    """Return the arguments of the commands in a section, in order."""
    body = TEXT.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    lines = re.findall(r"^    python -m sandbox (.*)$", body, re.MULTILINE)
    return [shlex.split(line) for line in lines]


def code_block(language: str) -> str:
    """Return the only code block of a language."""
    [block] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return block


def run_command(folder: Path, arguments: list[str]) -> str:
    """Run one command in a user's folder and return what it prints."""
    process = subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, f"{' '.join(arguments)}: {process.stderr}"
    return process.stdout


def test_the_readme_is_short() -> None:
    assert len(TEXT.split()) <= MAX_WORDS


def test_the_first_study_runs_as_printed(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    study = commands("A first study")
    assert [arguments[0] for arguments in study] == ["check", "compare", "show", "branch", "ask", "plot", "export"]
    for arguments in study:
        run_command(tmp_path, arguments)
    assert (tmp_path / "runs" / "forced" / "report.html").is_file()


def test_the_world_runs_as_printed(tmp_path: Path) -> None:
    (tmp_path / "ovation.py").write_text(code_block("python"), encoding="utf-8")
    (tmp_path / "conf" / "world").mkdir(parents=True)
    (tmp_path / "conf" / "world" / "ovation.yaml").write_text(code_block("yaml"), encoding="utf-8")
    check, run = commands("A world")
    assert run_command(tmp_path, check).count("ok  ") == 9
    assert "share of guests who stand" in run_command(tmp_path, run)
    shutil.rmtree(tmp_path / "runs")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
