"""An audit end to end, with people who need no language model."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments import audit
from experiments.audit import Audit, Variant
from experiments.outcomes import Outcome
from sandbox.config import Arm, RunConfig
from sandbox.errors import ConfigError, DataError
from sandbox.run import Run, read_config

QUICK = ["world=marketplace", "mind=random", "minds=[rule,random]", "outcomes=[conversion,sales]"]
SHORT = Audit(
    plain=["population.size=30", "steps=4", "seeds=[0,1,2]"],
    variants={
        "other shuffle": Variant(what="order of the options", overrides=["presentation.shuffle=1"]),
        "twice the people": Variant(what="number of people", overrides=["population.size=60"]),
        "wording 1": Variant(what="wording", overrides=["presentation.wording=1"]),
    },
)


def say(_: str) -> None:
    """Nobody listens."""


def test_what_matters_moves_outcomes_and_what_does_not_leaves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "settings", lambda: SHORT)
    folder = audit.run_all(QUICK, tmp_path / "audit", say)
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("*/manifest.json")}
    assert len(finished) == 4
    page, *_ = audit.write(audit.run_all([], folder, say))
    assert {path: path.stat().st_mtime_ns for path in finished} == finished, "finished runs are not run again"
    assert "data:image/png" in page.read_text(encoding="utf-8")
    table: Any = pd.read_csv(folder / "sensitivities.csv").set_index(["variant", "outcome", "mind"])["difference"]
    assert table["twice the people", "sales", "rule"] > 1
    assert table["wording 1", "sales", "rule"] == 0, "rules read no words"
    assert table["other shuffle", "sales", "rule"] == 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The overrides of every run by its folder's name; none is run."""
    found: dict[str, list[str]] = {}
    monkeypatch.setattr(audit, "_run", lambda folder, overrides: found.update({folder.name: list(overrides)}))
    return found


def test_where_no_outcome_is_declared_all_metrics_are_looked_at(tmp_path: Path, asked: dict[str, list[str]]) -> None:
    said: list[str] = []
    audit.run_all(["world=rumor", *QUICK[1:3]], tmp_path / "audit", said.append)
    assert any("all metrics are looked at: believer_share" in line for line in said)
    assert all("outcomes=[believer_share]" in overrides for overrides in asked.values())


def test_what_a_world_or_mind_lacks_is_left_out_and_said(tmp_path: Path, asked: dict[str, list[str]]) -> None:
    said: list[str] = []
    audit.run_all(["world=rumor", *QUICK[1:3]], tmp_path / "audit", said.append)
    assert "twice the people goes without world.num_sellers: there is no world.num_sellers here" in said
    assert "temperature 0.7 is left out: there is no mind.temperature here" in said
    assert "wording 1 is left out: Rumor has 0 paraphrases of its prompts" in said
    assert "population.size=200" in asked["twice-the-people"]
    assert {"plain", "half-the-memory", "random-graph"} <= set(asked)
    assert not {"wording-1", "temperature-0.7"} & set(asked)


def test_another_graph_is_left_out_where_the_plain_one_was_spoken_of(
    tmp_path: Path, asked: dict[str, list[str]]
) -> None:
    said: list[str] = []
    audit.run_all(["graph.degree=4", *QUICK], tmp_path / "audit", said.append)
    assert "random graph is left out: graph.degree=4 was said of the plain runs' and would not hold there" in said
    assert "graph.degree=4" in asked["plain"]
    assert "graph.degree=4" in asked["given-names"]
    assert "random-graph" not in asked


def test_an_audit_that_was_begun_takes_no_settings(tmp_path: Path) -> None:
    begun = Run.start(["experiment=arms", *QUICK, *SHORT.plain, f"run_dir={tmp_path / 'plain'}"]).folder.parent
    with pytest.raises(ConfigError, match="not both"):
        audit.run_all(["steps=9"], begun, say)


def test_minds_are_paired_within_a_treatment_in_the_order_of_the_arms() -> None:
    arms = [Arm(f"{mind}:{one}", mind, one) for mind in ("base", "tuned") for one in ("control", "tax")]
    level = {"tuned:tax": 13.0, "tuned:control": 1.0, "base:tax": 10.0, "base:control": 0.0}
    rows = [(arm, seed, 0, value + 0.01 * seed) for arm, value in level.items() for seed in range(3)]
    base = pd.DataFrame(rows, columns=["arm", "seed", "step", "sales"])
    moved = audit._moved(Outcome("sales", "units", True), arms, base, base.assign(sales=lambda one: one["sales"] + 0.5))
    names = audit.COLUMNS[5:]
    found = {arm.name: dict(zip(names, numbers, strict=True)) for arm, numbers in moved}
    assert list(found) == [arm.name for arm in arms]
    assert [round(one["main_effect"], 6) for one in found.values()] == [1, 3, 1, 3]
    assert [round(one["sensitivity"], 6) for one in found.values()] == pytest.approx([0.5, 1 / 6, 0.5, 1 / 6], abs=1e-5)
    assert {one["num_seeds"] for one in found.values()} == {3}


def test_a_run_that_fails_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="audit --run"):
        audit._run(tmp_path / "plain", ["world=nowhere"])


KNOWN = audit.settings()
COMMON = ["experiment=marketplace", *KNOWN.plain]


@pytest.fixture(scope="module")
def plainly() -> RunConfig:
    """The configuration that every variant is held against."""
    return read_config(COMMON)


@pytest.mark.parametrize("name", KNOWN.variants)
def test_every_variant_composes_and_changes_something(name: str, plainly: RunConfig) -> None:
    said: list[str] = []
    variant = KNOWN.variants[name]
    changed = audit.changes(name, variant, plainly, said.append)
    assert (len(changed), said) == (len(variant.overrides), []), "the marketplace lacks nothing"
    before, after = plainly.model_dump(), read_config([*COMMON, *changed]).model_dump()
    groups = {one.partition("=")[0].partition(".")[0] for one in changed}
    assert {key for key in before if before[key] != after[key]} == groups


def test_numbers_are_those_of_the_plain_runs_times_something(plainly: RunConfig) -> None:
    made = {name: audit.changes(name, one, plainly, say) for name, one in KNOWN.variants.items()}
    assert made["twice the people"] == ["population.size=60", "world.num_sellers=16"]
    assert made["half the memory"] == ["memory.recent=48", "memory.salient=24"]
    assert made["temperature 0.7"] == ["mind.temperature=0.7", "mind.text_temperature=0.56"]


def test_the_audit_looks_at_what_should_not_matter() -> None:
    whats = [one.what for one in KNOWN.variants.values()]
    assert {"order of the profile", "labels of the options", "temperature"} <= set(whats)
    assert whats.count("wording of the prompts") >= 3
