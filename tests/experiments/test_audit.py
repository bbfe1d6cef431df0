"""An audit end to end, with agents who need no language model."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import audit
from experiments.audit import Audit, Variant
from experiments.audit_folder import begin_audit, earlier_overrides
from experiments.child_runs import run_child
from experiments.outcomes import Outcome
from sandbox.cli.main import main
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.config import Arm, RunConfig, load_run_config
from sandbox.runtime.run import Run

QUICK = ["world=marketplace", "mind=random", "minds=[rule,random]", "outcomes=[conversion,sales]"]
SHORT = Audit(
    plain=["population.size=30", "steps=4", "seeds=[0,1,2]"],
    variants={
        "other shuffle": Variant(factor="order of the options", overrides=["presentation.shuffle=1"]),
        "twice the people": Variant(factor="number of people", overrides=["population.size=60"]),
        "wording 1": Variant(factor="wording", overrides=["presentation.wording=1"]),
    },
)


def ignore(_: str) -> None:
    """Drop a message."""


def test_what_matters_moves_outcomes_and_what_does_not_leaves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "load_audit", lambda: SHORT)
    folder = audit.run_all(QUICK, tmp_path / "audit", ignore)
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("*/manifest.json")}
    assert len(finished) == 4
    page, *_ = audit.write(audit.run_all([], folder, ignore))
    assert {path: path.stat().st_mtime_ns for path in finished} == finished, "finished runs are not run again"
    assert "data:image/png" in page.read_text(encoding="utf-8")
    table: Any = pd.read_csv(folder / "sensitivities.csv").set_index(["variant", "outcome", "mind"])["difference"]
    assert table["twice the people", "sales", "rule"] > 1
    assert table["wording 1", "sales", "rule"] == 0, "rules read no words"
    assert table["other shuffle", "sales", "rule"] == 0


@pytest.fixture
def run_overrides(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Return the overrides of every run by its folder's name; nothing is run."""
    overrides_by_name: dict[str, list[str]] = {}
    monkeypatch.setattr(
        audit, "run_child", lambda folder, overrides, _: overrides_by_name.update({folder.name: list(overrides)})
    )
    return overrides_by_name


def test_where_no_outcome_is_declared_all_metrics_are_analysed(
    tmp_path: Path, run_overrides: dict[str, list[str]]
) -> None:
    messages: list[str] = []
    audit.run_all(["world=rumor", *QUICK[1:3]], tmp_path / "audit", messages.append)
    assert any("all metrics are analysed: ignorant_share, spreader_share, stifler_share" in line for line in messages)
    names = "ignorant_share,spreader_share,stifler_share"
    assert all({f"outcomes=[{names}]", f"primary=[{names}]"} <= set(overrides) for overrides in run_overrides.values())


def test_what_a_world_or_mind_lacks_is_left_out_and_reported(
    tmp_path: Path, run_overrides: dict[str, list[str]]
) -> None:
    messages: list[str] = []
    audit.run_all(["world=rumor", *QUICK[1:3]], tmp_path / "audit", messages.append)
    assert "half the people runs without world.num_sellers: there is no world.num_sellers here" in messages
    assert "temperature 0.7 is left out: there is no mind.temperature here" in messages
    assert "wording 1 is left out: the world rumor has 0 paraphrases of its prompts" in messages
    assert "population.size=30" in run_overrides["half-the-people"]
    assert {"plain", "half-the-memory", "random-graph"} <= set(run_overrides)
    assert not {"wording-1", "temperature-0.7"} & set(run_overrides)


def test_another_graph_is_left_out_if_settings_of_the_plain_graph_were_given(
    tmp_path: Path, run_overrides: dict[str, list[str]]
) -> None:
    messages: list[str] = []
    audit.run_all(["graph.degree=4", *QUICK], tmp_path / "audit", messages.append)
    assert "random graph is left out: graph.degree=4 was set for the plain runs and has no meaning there" in messages
    assert "graph.degree=4" in run_overrides["plain"]
    assert "graph.degree=4" in run_overrides["given-names"]
    assert "random-graph" not in run_overrides


def test_a_variant_that_cannot_begin_is_left_out_before_anything_runs(
    tmp_path: Path, run_overrides: dict[str, list[str]]
) -> None:
    messages: list[str] = []
    audit.run_all(["world=rumor", *QUICK[1:3], "population.size=8"], tmp_path / "audit", messages.append)
    assert any(line.startswith("half the people is left out: graph.degree 6 is more") for line in messages)
    assert "half-the-people" not in run_overrides
    assert "plain" in run_overrides


@pytest.mark.parametrize(
    "command",
    [
        ["audit", "world=rumor", "mind=random", "--run"],  # which is to compare minds that there are not
        ["audit", "world=rumor", "minds=[rule]", "mind=rule", "graph.degree=99", "--run"],
        ["assay", "world=commons", "no_contributions", "interventions=[{do: nothing}]", "--run"],
        ["phase", "spreader_share", "world=rumor", "mind=random", "graph.degree=2,99"],
    ],
)
def test_a_study_of_which_a_run_cannot_begin_makes_no_folder(tmp_path: Path, command: list[str]) -> None:
    folder = tmp_path / "study"
    assert main([*command, str(folder)] if command[-1] == "--run" else [*command, f"run_dir={folder}"]) == 1
    assert not folder.exists()


def test_the_command_that_began_an_audit_continues_it(tmp_path: Path, run_overrides: dict[str, list[str]]) -> None:
    settings = ["world=rumor", *QUICK[1:3], "steps=3"]
    audit.run_all(settings, tmp_path / "audit", ignore)
    begun = dict(run_overrides)
    audit.run_all(settings, tmp_path / "audit", ignore)
    assert run_overrides == begun
    with pytest.raises(ConfigError, match="others: leave the settings out"):
        audit.run_all([*settings[:-1], "steps=4"], tmp_path / "audit", ignore)


def test_an_audit_that_was_begun_takes_no_settings(tmp_path: Path) -> None:
    begun = Run.start(["experiment=arms", *QUICK, *SHORT.plain, f"run_dir={tmp_path / 'plain'}"]).folder.parent
    with pytest.raises(ConfigError, match="not both"):
        audit.run_all(["steps=9"], begun, ignore)


def test_an_audit_that_was_killed_before_its_first_run_keeps_its_settings(tmp_path: Path) -> None:
    begin_audit(tmp_path / "audit", ["world=rumor", "steps=3"])
    assert earlier_overrides(tmp_path / "audit", []) == ["world=rumor", "steps=3"]
    with pytest.raises(ConfigError, match="not both"):
        earlier_overrides(tmp_path / "audit", ["steps=9"])


@pytest.mark.parametrize("name", ["nowhere", "file.txt"])
def test_what_is_no_audit_is_refused_without_advice_to_continue_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "file.txt").touch()
    for command in (["audit"], ["phase", "spreader_share"], ["assay", "world=commons"], ["compare"]):
        if (command[0], name) != ("assay", "nowhere"):  # which an assay may make
            assert main([*command, "--run", str(tmp_path / name)]) == 1
    assert "to continue" not in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_minds_are_paired_within_a_treatment_in_the_order_of_the_arms() -> None:
    arms = [
        Arm(f"{mind}:{treatment}", mind, treatment) for mind in ("base", "tuned") for treatment in ("control", "tax")
    ]
    level = {"tuned:tax": 13.0, "tuned:control": 1.0, "base:tax": 10.0, "base:control": 0.0}
    rows = [(arm, seed, 0, value + 0.01 * seed) for arm, value in level.items() for seed in range(3)]
    plain = pd.DataFrame(rows, columns=["arm", "seed", "step", "sales"])
    changed = plain.assign(sales=lambda table: table["sales"] + 0.5)
    sensitivities = audit.arm_sensitivities(Outcome("sales", "units", is_declared=True), arms, plain, changed)
    assert [f"{row['mind']}:{row['treatment']}" for row in sensitivities] == [arm.name for arm in arms]
    assert [round(row["main_effect"], 6) for row in sensitivities] == [1, 3, 1, 3]
    sizes = [round(row["sensitivity"], 6) for row in sensitivities]
    assert sizes == pytest.approx([0.5, 1 / 6, 0.5, 1 / 6], abs=1e-5)
    assert {row["num_seeds"] for row in sensitivities} == {3}


def test_an_audit_finds_a_move_of_ten_standard_deviations() -> None:
    """With p-values adjusted over all rows, three seeds found such a move in 8 of 100 audits."""
    seeds = len(load_run_config(["experiment=marketplace", *SHIPPED.plain]).seeds)
    arms = [Arm(mind, mind, "") for mind in ("base", "humanllm")]
    detections: list[bool] = []
    rows: list[dict[str, Any]] = []
    for number in range(6):
        rng = np.random.default_rng(number)
        plain, changed = (_normal_metrics(arms, seeds, rng) for _ in range(2))
        changed.loc[changed["arm"] == "humanllm", "o6"] += 10 * math.sqrt(2)  # 10 SD of a difference of two values
        outcomes = [Outcome(f"o{index}", "", True, index == 0) for index in range(7)]
        rows = [
            {"variant": variant, "factor": variant_settings.factor, **row}
            for variant, variant_settings in SHIPPED.variants.items()
            for outcome in outcomes
            for row in audit.arm_sensitivities(
                outcome, arms, plain, changed if variant == "wording 1" else _normal_metrics(arms, seeds, rng)
            )
        ]
        table: Any = audit.adjust_by_factor(rows).set_index(["variant", "outcome", "mind"])
        detections.append(table.loc[("wording 1", "o6", "humanllm"), "p_holm"] < 0.05)
    assert len(rows) == 13 * 7 * 2
    assert all(detections)


def _normal_metrics(arms: Sequence[Arm], num_seeds: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return seven metrics of one step, all independent and normal."""
    parts = [
        pd.DataFrame(rng.normal(size=(num_seeds, 7)), columns=[f"o{index}" for index in range(7)]).assign(
            arm=arm.name, seed=range(num_seeds), step=0
        )
        for arm in arms
    ]
    return pd.concat(parts, ignore_index=True)


def test_a_run_that_fails_says_how_to_continue(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="audit --run"):
        run_child(tmp_path / "plain", ["world=nowhere"], "python -m sandbox audit --run audited")


SHIPPED = audit.load_audit()
COMMON = ["experiment=marketplace", *SHIPPED.plain]


@pytest.fixture(scope="module")
def plain_config() -> RunConfig:
    """Return the configuration with which every variant is compared."""
    return load_run_config(COMMON)


@pytest.mark.parametrize("name", SHIPPED.variants)
def test_every_variant_composes_and_changes_something(name: str, plain_config: RunConfig) -> None:
    messages: list[str] = []
    variant = SHIPPED.variants[name]
    changes = audit.variant_overrides(name, variant, plain_config, messages.append)
    assert (len(changes), messages) == (len(variant.overrides), []), "the marketplace lacks nothing"
    before, after = plain_config.model_dump(), load_run_config([*COMMON, *changes]).model_dump()
    groups = {change.partition("=")[0].partition(".")[0] for change in changes}
    assert {key for key in before if before[key] != after[key]} == groups


def test_numbers_are_multiples_of_those_of_the_plain_runs(plain_config: RunConfig) -> None:
    changes = {
        name: audit.variant_overrides(name, variant, plain_config, ignore) for name, variant in SHIPPED.variants.items()
    }
    assert changes["half the people"] == ["population.size=30", "world.num_sellers=3"]
    assert changes["half the memory"] == ["memory.recent=48", "memory.salient=24"]
    assert changes["temperature 0.7"] == ["mind.temperature=0.7", "mind.text_temperature=0.56"]


def test_the_audit_changes_what_should_not_matter() -> None:
    factors = [variant.factor for variant in SHIPPED.variants.values()]
    assert {"order of the profile", "labels of the options", "temperature"} <= set(factors)
    assert factors.count("wording of the prompts") >= 3
