"""A user adds a mind with two files in their own folder: a Python file and a file of settings in `conf/mind/`."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.composition import list_choices
from sandbox.errors import ConfigError
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress

MODULE = '''"""Agents who answer out of habit."""

from sandbox.core import Mind, draw_option


class HabitMind(Mind):
    """Takes one of the options by its place."""

    name = "mymind"

    def __init__(self, place: int) -> None:
        self.place = place

    @classmethod
    def build(cls, settings, context):
        return cls(**settings)

    def answer(self, questions):
        return [self._take(question) for question in questions]

    def _take(self, question):
        weights = [0.0] * len(question.form.options)
        weights[self.place] = 1.0
        return draw_option(question, weights, "habit", mind=self.name)
'''
SETTINGS = "# Agents who answer out of habit\n_target_: mymind.HabitMind\nplace: 0\n"
SMALL_WORLD = ("world=rumor", "population.size=20", "steps=3")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder with a mind of their own; it is the working directory."""
    (tmp_path / "conf" / "mind").mkdir(parents=True)
    (tmp_path / "mymind.py").write_text(MODULE)
    (tmp_path / "conf" / "mind" / "mymind.yaml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the run puts the user's folder on it
    yield tmp_path
    sys.modules.pop("mymind", None)


def run_to_end(overrides: Sequence[str]) -> Run:
    run = Run.start([*SMALL_WORLD, *overrides])
    run.resume(Progress(), lambda _: None)
    return run


def logged_decisions(run: Run) -> list[dict[str, Any]]:
    with closing(run.log()) as log:
        return list(log.decisions())


@pytest.mark.usefixtures("project")
def test_a_mind_of_ones_own_answers_a_run() -> None:
    rows = logged_decisions(run_to_end(["mind=mymind"]))
    assert rows
    assert {row["source"] for row in rows} == {"habit"}
    assert {row["mind"] for row in rows} == {"mymind"}
    assert {row["value"] for row in rows if row["template"] == "rumor/again"} == {"yes"}


@pytest.mark.usefixtures("project")
def test_its_settings_are_overridden_on_the_command_line() -> None:
    rows = logged_decisions(run_to_end(["mind=mymind", "mind.place=-1"]))
    assert {row["value"] for row in rows} == {"nobody"}
    with pytest.raises(ConfigError, match="unknown setting 'plaice'; there is place"):
        Run.start([*SMALL_WORLD, "mind=mymind", "mind.plaice=1"])


@pytest.mark.usefixtures("project")
def test_it_shares_a_run_with_the_projects_own_minds() -> None:
    run = run_to_end(["mind=rule", "+mind@extra_minds.mymind=mymind", "assignment.person={rule: 0.5, mymind: 0.5}"])
    assert {row["source"] for row in logged_decisions(run)} == {"rule", "habit"}
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert "mymind" in json.dumps(manifest["minds"])


@pytest.mark.usefixtures("project")
def test_it_is_listed_with_its_description() -> None:
    assert list_choices("mind")["mymind"] == "Agents who answer out of habit"


def test_a_missing_module_is_named(project: Path) -> None:
    (project / "mymind.py").unlink()
    with pytest.raises(ConfigError, match="there is no module 'mymind' to import"):
        Run.start([*SMALL_WORLD, "mind=mymind"])
