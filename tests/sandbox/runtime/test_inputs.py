"""A run is replayed only with the files that it was run with, wherever the command is given."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import networkx as nx
import pytest

from sandbox.cli.main import main
from sandbox.core.params import WorldParams
from sandbox.errors import ConfigError, DataError
from sandbox.output.export import export_run
from sandbox.runtime.inputs import check_inputs, find_default_inputs, find_inputs
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from worlds.rumor import Rumor

SETTINGS = (
    "world=rumor", "mind=rule", "population.file=people.csv", "graph=from_file", "graph.path=ties.csv", "steps=3",
    "null_worlds=0",
)  # fmt: skip
NAMES = ("ann", "bob", "cem", "dan", "eli", "fay")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, with people and a network in which all know Ann."""
    monkeypatch.chdir(tmp_path)
    people = "".join(f"{name},You are {name}.\n" for name in NAMES)
    (tmp_path / "people.csv").write_text(f"id,persona\n{people}", encoding="utf-8")
    ties = "".join(f"ann,{name}\n" for name in NAMES[1:])
    (tmp_path / "ties.csv").write_text(f"follower,followee\n{ties}", encoding="utf-8")
    return tmp_path


def start(*overrides: str) -> Run:
    return Run.start([*SETTINGS, *overrides])


def finish(run: Run) -> Run:
    run.resume(Progress(), lambda _: None)
    return Run(run.folder)


def test_the_hub_of_a_named_network_is_the_same_person_in_every_seed(here: Path) -> None:
    run = finish(start("seeds=[0,1,2]", "run_dir=run"))
    assert run.manifest.segments[0].config.population["size"] == 6
    export_run(run)
    for seed in range(3):
        graph = nx.read_graphml(here / "run" / "export" / "graphs" / f"main-{seed}.graphml")
        names = {node: values["name"] for node, values in graph.nodes(data=True)}
        assert names == {node: values["profile"] for node, values in graph.nodes(data=True)}
        assert [names[node] for node, degree in graph.degree if degree == 5] == ["ann"]


def test_what_may_surprise_is_said_when_a_run_begins_and_stays_in_its_manifest(here: Path) -> None:
    run, notes = start("run_dir=run"), list[str]()
    run.resume(Progress(), notes.append)
    assert any("population.size is 100" in note and "names 6 people" in note for note in notes)
    assert any("5 of 5 ties" in note and "one direction" in note for note in notes)
    assert Run(run.folder).manifest.notes == notes
    (here / "strangers.csv").write_text("source,target,weight\n1,2,3\n2,3,1\n", encoding="utf-8")
    notes = start("graph.path=strangers.csv", "population.size=3", "run_dir=other").manifest.notes
    assert any("no node" in note and "at random" in note for note in notes)
    assert any("weights" in note for note in notes)


def test_copies_and_sellers_are_counted(here: Path) -> None:

    run = Run.start(
        [
            "world=marketplace",
            "mind=rule",
            "population.file=people.csv",
            "steps=1",
            "run_dir=crowd",
            "population.size=12",
        ]
    )
    number = len(run.build_worlds()[0].profiles)
    assert any(f"{number - 6} of the {number} agents are copies" in note for note in run.manifest.notes)
    assert any(f"takes {number - 12} people from" in note and "seller" in note for note in run.manifest.notes)
    run = Run.start(["world=rumor", "mind=rule", "population.size=20", "run_dir=plain"])
    assert run.manifest.notes == []


COMMANDS = {
    "export": lambda run: ["export", run],
    "plot": lambda run: ["plot", run],
    "branch": lambda run: ["branch", run, "--at", "2", "steps=4", "run_dir=branch"],
    "resume": lambda run: ["resume", run],
    "ask": lambda run: ["ask", run, "--at", "1", "How are you?"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("name", ["people.csv", "ties.csv"])
def test_no_command_replays_a_run_with_another_file(
    here: Path, capsys: pytest.CaptureFixture[str], command: Callable[[str], list[str]], name: str
) -> None:
    finish(start("run_dir=run"))
    (here / name).write_text((here / name).read_text().replace("fay", "guy"), encoding="utf-8")
    assert main(command("run")) == 1
    error = capsys.readouterr().err
    assert f"{here / name} (" in error
    assert "has changed since" in error
    assert not (here / "run" / "export").exists()
    (here / name).unlink()
    assert main(command("run")) == 1
    assert f"{here / name}" in capsys.readouterr().err


def test_a_summary_says_that_a_file_has_changed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finish(start("run_dir=run"))
    (here / "ties.csv").write_text("source,target\nbob,ann\n", encoding="utf-8")
    assert main(["show", "run"]) == 0
    assert "ties.csv (graph.path) has changed since" in capsys.readouterr().err


def test_a_run_is_replayed_and_branched_from_another_folder(
    here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finish(start("run_dir=run"))
    paths = {entry["setting"]: entry["path"] for entry in run.manifest.inputs}
    assert paths == {"population.file": str(here / "people.csv"), "graph.path": str(here / "ties.csv")}
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    branch = finish(Run(here / "run").branch(2, ["steps=4"], Path.cwd() / "branch"))
    assert branch.manifest.inputs == run.manifest.inputs


def test_a_run_that_was_sent_with_its_files_is_replayed_at_its_new_place(here: Path) -> None:
    finish(start("run_dir=run"))
    for name in ("people.csv", "ties.csv"):
        (here / name).rename(here / "run" / name)
    assert [profile.id for profile in Run(here / "run").replay()[0].profiles] == list(NAMES)


def test_files_of_a_world_and_of_adapters_are_fingerprinted(here: Path) -> None:
    config = start("run_dir=run").manifest.segments[0].config
    adapter = here / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    (here / "events.csv").write_text("step\n1\n")
    config = config.model_copy(
        update={
            "world": {**config.world, "text": "events.csv"},
            "mind": {"_target_": "x.Y", "adapters": {"own": "adapter"}},
        }
    )
    inputs = find_inputs(config)
    settings = [entry["setting"] for entry in inputs]
    assert settings == ["population.file", "graph.path", "world.text", "mind.adapters.own"]
    (adapter / "adapter_config.json").write_text('{"r": 8}')
    check_inputs(inputs, here)
    with pytest.raises(DataError, match=r"adapter \(mind\.adapters\.own\) has changed"):
        check_inputs(inputs, here, is_live=True)
    (here / "events.csv").write_text("step\n2\n")
    with pytest.raises(DataError, match=r"events\.csv \(world\.text\) has changed"):
        check_inputs(inputs, here)


SWEEP = ["run", "-m", *SETTINGS, "seeds=[0],[1]", "run_dir=study"]
PHASE = ["phase", "spreader_share"]
STUDIES = {
    "phase": ([*PHASE, *SETTINGS, "presentation.shuffle=0,1", "run_dir=study"], [*PHASE, "--run", "study"], "cells/1"),
    "sweep": (SWEEP, SWEEP, "1"),
}


@pytest.mark.parametrize(("begin", "resume", "later_run"), STUDIES.values(), ids=STUDIES)
def test_a_study_does_not_go_on_with_another_file(
    here: Path, capsys: pytest.CaptureFixture[str], begin: list[str], resume: list[str], later_run: str
) -> None:
    assert main(begin) == 0
    (here / "ties.csv").write_text("source,target\nbob,ann\n", encoding="utf-8")
    assert main(resume) == 0, "all of its runs are finished"
    shutil.rmtree(here / "study" / later_run)
    capsys.readouterr()
    assert main(resume) == 1
    assert f"{here / 'ties.csv'} (graph.path) has changed since" in capsys.readouterr().err
    assert not (here / "study" / later_run / "manifest.json").exists()


def test_files_that_only_defaults_name_are_fingerprinted(here: Path) -> None:
    class Params(WorldParams):
        events: Path = Path("events.csv")
        notes: Path = Path("none.csv")

    (here / "events.csv").write_text("step\n1\n")
    inputs = find_default_inputs({}, Params(), "world")
    assert [(entry["setting"], entry["path"]) for entry in inputs] == [("world.events", str(here / "events.csv"))]
    assert find_default_inputs({"events": "events.csv"}, Params(), "world") == []
    (here / "events.csv").write_text("step\n2\n")
    with pytest.raises(DataError, match=r"events\.csv \(world\.events\) has changed"):
        check_inputs(inputs, here)


def test_a_file_without_a_suffix_is_fingerprinted_where_its_setting_is_a_path(here: Path) -> None:
    config = start("run_dir=run").manifest.segments[0].config
    for name in ("events", "news"):
        (here / name).write_text("1\n")
    config = config.model_copy(update={"world": {**config.world, "file": f"{here}/events", "text": "news"}})
    assert [entry["setting"] for entry in find_inputs(config)][2:] == ["world.file"]


def test_an_interview_notes_the_file_of_its_survey(here: Path) -> None:
    finish(start("run_dir=run", "mind=random"))
    (here / "survey.yaml").write_text("items: [{id: mood, text: How are you}]\n", encoding="utf-8")
    assert main(["ask", "run", "--at", "1", "--survey", "survey.yaml", "--max-agents", "2"]) == 0
    [questions] = (here / "run" / "answers").glob("*.yaml")
    digest = sha256((here / "survey.yaml").read_bytes()).hexdigest()
    assert questions.read_text().splitlines()[1] == f"# read from {here / 'survey.yaml'}, sha256 {digest}"
    assert main(["ask", "run", "--at", "1", "--survey", str(questions)]) == 0


def test_a_model_on_a_server_is_no_folder_here(here: Path) -> None:
    (here / "tuned").mkdir()
    (here / "tuned" / "adapter_config.json").write_text("{}")
    (here / "shipped").mkdir()
    (here / "shipped" / "adapter_config.json").write_text("{}")
    config = start("run_dir=run").manifest.segments[0].config
    server = {"_target_": "x.Y", "urls": ["http://localhost/v1"], "adapters": {"own": "tuned"}}
    own = {"_target_": "x.Y", "adapters": {"humanllm": "shipped"}}
    config = config.model_copy(update={"mind": server, "extra_minds": {"a": server, "b": own}})
    assert [entry["setting"] for entry in find_inputs(config)] == ["population.file", "graph.path"]


def test_a_world_that_uses_weights_and_directions_is_told_of_neither(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rumor, "tie_properties", ("weight", "direction"))
    (here / "ties.csv").write_text("from,to,weight\n" + "".join(f"ann,{name},2\n" for name in NAMES[1:]))
    run = start("population.size=6", "run_dir=run")
    assert run.manifest.notes == []
    graph = run.build_worlds()[0].network.G
    assert {(ties["weight"], ties["one_way_from"]) for _, _, ties in graph.edges(data=True)} == {(2.0, 0)}


def test_ties_that_a_network_repeats_or_that_lead_nowhere_are_said(here: Path) -> None:
    (here / "ties.csv").write_text("source,target,weight\nann,bob,1\nann,bob,3\nann,ann,1\nbob,bob,1\n")
    notes = start("population.size=2", "run_dir=run").manifest.notes
    assert "the network has 2 ties from a node to itself: left out." in notes
    assert any(note.endswith("taken as one tie (1 with another weight: weights are added up).") for note in notes)


def test_people_whom_a_network_does_not_name_are_counted(here: Path) -> None:
    (here / "ties.csv").write_text("source,target\nann,bob\nbob,ann\n", encoding="utf-8")
    run = start("population.size=2", "run_dir=run")
    assert [profile.id for profile in run.build_worlds()[0].profiles] == ["ann", "bob"]
    assert [note[:17] for note in run.manifest.notes] == ["4 of the 6 people"]


def test_a_network_that_names_some_people_only_is_refused(here: Path) -> None:
    (here / "ties.csv").write_text("source,target\nann,bob\nann,gus\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="1 have not: 'gus'"):
        start("run_dir=run")
    assert not (here / "run").exists()


def test_a_shipped_population_keeps_its_name(run_dir: Path) -> None:
    run = Run.start(["world=rumor", "mind=rule", "population.size=20", f"run_dir={run_dir}"])
    assert run.manifest.segments[0].config.population["file"] == "genome.parquet"
    manifest = json.loads((run_dir / "manifest.json").read_text())
    [entry] = manifest["inputs"]
    entry["path"] = "/elsewhere/agents/populations/genome.parquet"
    (run_dir / "manifest.json").write_text(json.dumps(manifest))
    Run(run_dir).check_inputs()
