"""Runs are read and judged from their folders."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.facts.decisions import CHOICES, OFFERS, decision_tables
from experiments.facts.evidence import Evidence, runs_by_name
from experiments.facts.table import COLUMNS, as_text, catalogue, facts, facts_of, worlds_with_facts
from sandbox.errors import ConfigError, DataError
from sandbox.run import Run
from sandbox.runner import Progress
from tests.experiments.facts.test_controls import FACTS

ARMS = {
    "control": ("mind=rule",),
    "forced": ("mind=rule", "world.reviews=forced"),
    "chance": ("mind=random",),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small runs without a model, one folder each."""
    root = tmp_path_factory.mktemp("runs")
    for name, overrides in ARMS.items():
        settings = ("steps=3", "seeds=[0,1]", "population.size=60", "world.demand=2", f"run_dir={root / name}")
        Run.start([*overrides, *settings]).go_on(Progress(), print)
    return {name: root / name for name in ARMS}


@pytest.fixture(scope="module")
def evidence(runs: dict[str, Path]) -> Evidence:
    """What facts see of the runs."""
    return Evidence.of_runs(runs)


def test_every_arm_is_judged_by_every_fact(evidence: Evidence) -> None:
    table = facts_of(evidence)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(facts()) * len(ARMS)
    assert set(table["answer"]) <= {"within", "outside", "cannot tell"}
    assert table["reason"].str.len().min() > 10


def test_folders_can_be_named_directly(runs: dict[str, Path], evidence: Evidence) -> None:
    some = [FACTS["first_option"]]
    pd.testing.assert_frame_equal(facts_of(list(runs.values()), some), facts_of(evidence, some))


def test_an_arm_knows_its_mind_and_its_world(evidence: Evidence) -> None:
    assert {name: arm.mind for name, arm in evidence.arms.items()} == {
        "control": "rule", "forced": "rule", "chance": "random",
    }  # fmt: skip
    assert evidence.arms["control"].differs_in(evidence.arms["forced"]) == {"reviews"}


def test_forced_reviews_find_the_voluntary_arm(evidence: Evidence) -> None:
    assert len(FACTS["forced_reviews"].values(evidence, "forced")) == 2


def test_efficiency_is_measured_against_chance(evidence: Evidence) -> None:
    assert FACTS["efficiency"].judge(evidence, "control").mean.num == 2
    assert FACTS["efficiency"].judge(evidence, "chance").answer == "cannot tell"


@pytest.mark.parametrize("arm", ["control", "forced"])
def test_purchases_of_the_log_are_those_of_the_market(evidence: Evidence, arm: str) -> None:
    tables = evidence.of(arm)
    mine = tables["purchases"].groupby(["seed", "buyer"]).agg(number=("price", "size"), paid=("price", "sum"))
    market = tables["buyers"].query("purchases > 0").set_index(["seed", "id"])
    assert mine["number"].tolist() == market["purchases"].tolist()
    assert mine["paid"].tolist() == pytest.approx(market["spent"].tolist())


def test_offers_of_the_log_are_the_searches_of_the_market(evidence: Evidence) -> None:
    offers = evidence.of("control")["offers"]
    chosen = offers[offers["chosen"]].groupby(["seed", "place"]).size()
    counted = evidence.of("control")["positions"].query("position != 'nothing'").set_index(["seed", "position"])
    assert chosen.tolist() == counted["chosen"].tolist()
    assert offers.groupby(["seed", "search"])["weight"].sum().between(0, 1).all()
    assert (offers["place"] == offers.groupby(["seed", "search"]).cumcount() + 1).all()


def test_a_log_without_decisions_gives_empty_tables() -> None:
    tables = decision_tables([])
    assert {name: tuple(table.columns) for name, table in tables.items()} == {
        "offers": OFFERS, "choices": CHOICES,
    }  # fmt: skip


def test_the_arms_of_one_run_are_judged_as_those_of_several(runs: dict[str, Path], evidence: Evidence) -> None:
    folder = runs["control"].parent / "crossed"
    settings = ("steps=3", "seeds=[0,1]", "population.size=60", "world.demand=2", f"run_dir={folder}")
    arms = (
        "mind=rule",
        "+mind@voices.random=random",
        "minds=[rule,random]",
        "treatments={on: {}, forced: {reviews: forced}}",
    )
    Run.start([*arms, *settings]).go_on(Progress(), print)
    crossed = Evidence.of_run(Run(folder))
    assert {name: (arm.mind, arm.world["reviews"]) for name, arm in crossed.arms.items()} == {
        "rule:on": ("rule", "on"), "rule:forced": ("rule", "forced"),
        "random:on": ("random", "on"), "random:forced": ("random", "forced"),
    }  # fmt: skip
    for fact in ("first_option", "forced_reviews"):
        alone = FACTS[fact].values(evidence, "forced" if fact == "forced_reviews" else "control")
        together = FACTS[fact].values(crossed, "rule:forced" if fact == "forced_reviews" else "rule:on")
        assert together.tolist() == alone.tolist()


def test_influence_is_judged_where_all_worlds_trade_the_same_goods(tmp_path: Path) -> None:
    alone = "{ranking: random, reviews: 'off', word_of_mouth: false}"
    Run.start(
        [
            "mind=rule", "steps=6", "seeds=[0,1,2,3,4,5,6,7]", "population.size=40", "world.demand=2", "world.goods=0",
            f"treatments={{influence: {{ranking: sales}}, independent: {alone}}}", f"run_dir={tmp_path / 'run'}",
        ]
    ).go_on(Progress(), print)  # fmt: skip
    found = FACTS["influence_inequality"].judge(Evidence.of_run(Run(tmp_path / "run")), "influence")
    assert found.mean.num == 8, found.reason


def test_the_table_reads_as_text(evidence: Evidence) -> None:
    text = as_text(facts_of(evidence, [FACTS["first_option"], FACTS["price_dispersion"]]))
    lines = text.splitlines()
    assert lines[0] == "first option"
    assert lines[4] == "price dispersion"
    assert lines[5] == "  control  cannot tell  needs at least 20 steps, and control has 3"


def test_the_catalogue_says_what_every_fact_is() -> None:
    texts = catalogue()
    assert texts["fact"].tolist() == [fact.name for fact in facts()]
    assert texts[["statement", "measure", "band", "citation"]].map(len).to_numpy().min() > 8


def test_runs_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two runs are named 'x'"):
        runs_by_name([tmp_path / "a" / "x", tmp_path / "b" / "x"])


def test_an_unknown_world_is_named() -> None:
    assert worlds_with_facts() == ["marketplace"]
    with pytest.raises(ConfigError, match="there is marketplace"):
        facts("market")
