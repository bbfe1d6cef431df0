"""Treatments change parameters of the world, and settings that shape it when it is built."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.cli.main import main
from sandbox.errors import ConfigError
from sandbox.output.provenance import describe_agents, describe_settings, list_marks
from sandbox.runtime.assembly import build_worlds
from sandbox.runtime.config import load_run_config
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from sandbox.runtime.treatments import config_under, world_changes

RUMOR = ("world=rumor", "mind=rule", "population.size=12", "steps=3", "seeds=[0,1]", "reactions=0", "null_worlds=0")


def treatments(text: str) -> list[str]:
    return [*RUMOR, f"treatments={text}"]


def test_graphs_sizes_and_parameters_differ_between_arms() -> None:
    text = "{plain: {}, other: {graph: scale_free, population.size: 20, first: 3}, rewired: {graph.rewire: 1.0}}"
    config = load_run_config(treatments(text))
    assert world_changes(config, "other") == {"first": 3}
    assert config_under(config, "plain") is config
    plain, _, other, _, rewired, _ = build_worlds(config)
    assert [len(world.network.G) for world in (plain, other, rewired)] == [12, 20, 12]
    assert [world.params.first for world in (plain, other, rewired)] == [
        config.world["first"],
        3,
        config.world["first"],
    ]
    assert set(plain.network.G.edges) != set(rewired.network.G.edges)
    assert config_under(config, "other").graph["_target_"] != config.graph["_target_"]


def test_worlds_of_a_seed_share_what_the_treatment_does_not_change() -> None:
    config = load_run_config(
        treatments("{plain: {}, rewired: {graph: {rewire: 1.0}}, recalling: {memory.recent: 500}}")
    )
    worlds = build_worlds(config)
    people = [[profile.id for profile in world.profiles] for world in worlds]
    assert people[0] == people[2] == people[4] != people[1]
    assert worlds[0].network.G.edges == worlds[4].network.G.edges
    assert (config.memory.recent, config_under(config, "recalling").memory.recent) == (96, 500)


def test_an_intervention_can_happen_in_one_arm_alone() -> None:
    text = "{calm: {}, shaken: {interventions: [{step: 1, do: set, params: {text: It snows}}]}}"
    calm, _, shaken, _ = build_worlds(load_run_config(treatments(text)))
    assert (len(calm.scheduled), len(shaken.scheduled)) == (0, 1)


def test_a_run_with_such_arms_is_replayed_and_branched(tmp_path: Path) -> None:
    text = "{plain: {}, other: {graph: scale_free, population.size: 20}}"
    run = Run.start([*treatments(text), f"run_dir={tmp_path / 'run'}"])
    results = run.resume(Progress(), lambda _: None)
    assert Run(run.folder).replay()[2].network.G.number_of_nodes() == 20
    branch = run.branch(2, ["world.text=It rains", f"run_dir={tmp_path / 'branch'}"])
    branched = branch.resume(Progress(), lambda _: None)
    assert list(branched.metrics["arm"].unique()) == list(results.metrics["arm"].unique()) == ["plain", "other"]
    with pytest.raises(ConfigError, match="population shapes a run from its first step"):
        run.branch(2, ["treatments={plain: {}, other: {graph: scale_free, population.size: 21}}"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{a: {graph: ringlet}}", "treatments: unknown graph 'ringlet'"),
        ("{a: {graph.rewires: 1.0}}", "unknown setting 'rewires'"),
        ("{a: {population.size: many}}", "treatment a: invalid configuration: population.size"),
        ("{a: {steps: 3}}", "treatments.a.steps: unknown setting 'steps'"),
        ("{a: {interventions.step: 3}}", "treatments.a.interventions.step: interventions has no settings"),
        ("{a: 3}", "treatments.a"),
    ],
)
def test_a_wrong_treatment_gets_one_sentence(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *treatments(text), f"run_dir={tmp_path / 'run'}"]) == 1
    error = capsys.readouterr().err
    assert complaint in error
    assert not (tmp_path / "run").exists()


def test_two_graphs_are_compared(tmp_path: Path) -> None:
    words: Sequence[str] = treatments("{local: {graph.rewire: 0.0}, mixed: {graph.rewire: 1.0}}")
    assert (
        main(["compare", *words, "minds=[rule]", "outcomes=[ignorant_share@last]", f"run_dir={tmp_path / 'run'}"]) == 0
    )
    table = (tmp_path / "run" / "comparison" / "contrasts.csv").read_text(encoding="utf-8")
    assert "mixed" in table


def test_what_is_said_of_a_run_knows_what_its_arms_differ_in(tmp_path: Path) -> None:
    shaken = "{interventions: [{step: 1, do: set, params: {text: It snows}}]}"
    run = Run.start(
        [*treatments(f"{{calm: {{population.size: 20}}, shaken: {shaken}}}"), f"run_dir={tmp_path / 'run'}"]
    )
    config = run.manifest.segments[-1].config
    assert describe_agents(config) == "12 to 20 agents, by treatment"
    (mark,) = list_marks(run.manifest)
    assert (mark.step, mark.description.endswith("(in shaken)")) == (1, True)
    assert any("(in shaken)" in line for line in describe_settings(run.manifest))
