"""The methods section says what the folder of a run holds, and what a reader has to know before believing it."""

import re
from pathlib import Path

import pytest

from sandbox.cli.main import main
from sandbox.output.methods import describe_run
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides


@pytest.fixture
def run(rule_market: Overrides, run_dir: Path) -> Run:
    """Return a finished run of two treatments."""
    treatments = "treatments={control: {}, taxed: {tax: 0.2}}"
    run = Run.start(rule_market(treatments, "seeds=[0,1]", "reactions=2", "outcomes=[sales]"))
    run.resume(Progress(), lambda _: None)
    return Run(run_dir)


def table(text: str, section: str) -> list[list[str]]:
    """Return the cells of the first table of a section, without its header."""
    lines = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0].splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_every_number_is_that_of_the_run(run: Run) -> None:
    text = describe_run(run)
    parameters = {name.strip("`"): value for name, value, _ in table(text, "The model")}
    world = run.manifest.segments[0].config.world
    assert {name: str(value) for name, value in world.items() if name not in ("_target_", "categories")} == {
        name: value for name, value in parameters.items() if name != "categories"
    }
    assert all(meaning for _, _, meaning in table(text, "The model"))
    assert [row[0] for row in table(text, "Design")] == ["control", "taxed"]
    assert "2 arms, each with 2 seeds (0 to 1)" in text
    asked = {name.strip("`"): int(number.replace(",", "")) for name, number in table(text, "Decisions")}
    assert asked == run.log().count_by("template")
    assert run.log().seal() in text
    assert run.manifest.commit in text
    assert "declared before the run: sales" in text
    assert "Variables stand in double braces" in text
    assert "How many stars do you give it?" in text


def test_limits_are_those_of_the_run(run: Run, rule_market: Overrides, tmp_path: Path) -> None:
    text = describe_run(run)
    assert "With 2 seeds, intervals are wide" in text
    assert "was not measured in this run" not in text
    other = Run.start([*rule_market("mind=random", "steps=1"), f"run_dir={tmp_path / 'other'}"])
    assert "The run is not finished: 0 of 1 step." in describe_run(other)
    assert "Whether agents react to what should move them was not measured" in describe_run(other)


def test_agents_who_do_not_react_are_a_limit(rule_market: Overrides, run_dir: Path) -> None:
    run = Run.start(rule_market("mind=random", "reactions=4"))
    run.resume(Progress(), lambda _: None)
    limits = describe_run(Run(run_dir)).partition("## Limits")[2]
    assert "a match with people's averages is no realism. These fail here in at least one arm: choice_by_" in limits


def test_it_is_written_with_its_references(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", str(run.folder)]) == 0
    text = capsys.readouterr().out
    assert main(["describe", str(run.folder), "--to", str(tmp_path / "methods.md")]) == 0
    assert (tmp_path / "methods.md").read_text(encoding="utf-8") == text.rstrip("\n") + "\n"
    assert "doi     = {10.18564/jasss.4259}" in (tmp_path / "methods.bib").read_text(encoding="utf-8")


def test_other_formats_need_pandoc(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["describe", str(run.folder), "--to", str(tmp_path / "methods.docx")]) == 1
    assert "docx needs pandoc, which is not installed" in capsys.readouterr().err
    assert main(["describe", str(run.folder), "--to", str(tmp_path / "methods.pdf")]) == 1
    assert "the suffix says the format; use .md, .tex, .docx" in capsys.readouterr().err
    pandoc = tmp_path / "pandoc"
    pandoc.write_text('#!/bin/sh\n/bin/cat > "$7"\n', encoding="utf-8")
    pandoc.chmod(0o700)
    assert main(["describe", str(run.folder), "--to", str(tmp_path / "methods.tex")]) == 0
    assert "# Methods" in (tmp_path / "methods.tex").read_text(encoding="utf-8")
