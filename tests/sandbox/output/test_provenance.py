"""A summary and every picture say which settings, minds and seeds they are of."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from sandbox.cli.main import main
from sandbox.figures.figure import Mark
from sandbox.output.provenance import describe_minds, describe_origin, describe_seeds, describe_settings, list_marks
from sandbox.runtime.run import Run

SETTINGS = ("world=rumor", "mind=rule", "population.size=12", "steps=4", "null_worlds=0")
INTERVENTIONS = "interventions=[{step: 1, do: set, params: {text: it snows}}, {step: 2, do: message, text: Hello.}]"


@pytest.fixture
def branch(tmp_path: Path) -> Run:
    """A branch of a run with interventions."""
    assert main(["run", *SETTINGS, INTERVENTIONS, f"run_dir={tmp_path / 'run'}"]) == 0
    assert main(["branch", str(tmp_path / "run"), "--at", "3", "world.text=it hails", f"run_dir={tmp_path / 'b'}"]) == 0
    return Run(tmp_path / "b")


def text_of_picture(path: Path) -> str:
    """Return the comments of an SVG file, which hold its texts line by line."""
    return " ".join(path.read_text(encoding="utf-8").split())


def test_settings_interventions_and_branches_are_told(branch: Run, capsys: pytest.CaptureFixture[str]) -> None:
    typed = " ".join((*SETTINGS, "world.text=it hails"))
    assert describe_settings(branch.manifest) == [
        f"Settings: {typed}; all are in manifest.json.",
        "Interventions: step 1: set text=it snows; step 2: message text=Hello.",
        "From step 3 on: world.text=it hails.",
    ]
    assert describe_origin(branch.manifest) == f"rumor; mind rule; seed 0; settings: {typed}."
    assert list_marks(branch.manifest) == [
        Mark(1, "set text", "set text=it snows"),
        Mark(2, "message", "message text=Hello."),
        Mark(3, "branch", "branch with world.text=it hails"),
    ]
    assert main(["show", str(branch.folder)]) == 0
    assert all(line in capsys.readouterr().out for line in describe_settings(branch.manifest)[:1])


def test_every_picture_says_what_it_is_of(branch: Run) -> None:
    pictures = sorted((branch.folder / "figures").glob("*.svg"))
    assert [path.stem for path in pictures] == ["network", "overview", "spread"]
    for path in pictures:
        ElementTree.parse(path)
        text = text_of_picture(path)
        assert "rumor; mind rule; seed 0; settings: world=rumor mind=rule" in text
    for name in ("overview", "spread"):
        text = text_of_picture(branch.folder / "figures" / f"{name}.svg")
        assert "before step 1, set text=it snows; before step 2, message text=Hello." in text


def test_the_defaults_are_named_as_such(tmp_path: Path) -> None:
    run = Run.start([*SETTINGS, f"run_dir={tmp_path / 'run'}"])
    run.manifest.overrides = [f"run_dir={tmp_path}"]
    assert describe_settings(run.manifest) == ["Settings: the defaults; all are in manifest.json."]


def test_minds_are_named_by_arm_and_assignment(tmp_path: Path) -> None:
    random = "+extra_minds.random={_target_: sandbox.core.mind.RandomMind}"
    run = Run.start([*SETTINGS, random, "assignment={person: {random: 0.25, rule: 0.75}}", f"run_dir={tmp_path / 'a'}"])
    run.manifest.minds = {"main": {"mind": "rule"}}
    assert describe_minds(run.manifest) == "mind rule (person: 25 % random and 75 % rule)"
    run = Run.start([*SETTINGS, random, "minds=[rule,random]", f"run_dir={tmp_path / 'b'}"])
    run.manifest.minds = {"main": {"mind": "base", "model": "small@1"}}
    assert describe_minds(run.manifest) == f"minds rule, random, model {run.manifest.segments[0].config.model}"


@pytest.mark.parametrize(
    ("seeds", "words"), [([3], "seed 3"), ([0, 1, 2], "3 seeds (0 to 2)"), ([0, 5], "2 seeds (0, 5)")]
)
def test_seeds_are_told_shortly(seeds: list[int], words: str) -> None:
    assert describe_seeds(seeds) == words
