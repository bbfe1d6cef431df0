"""Runs are read and judged from their folders."""

from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from experiments.facts.decisions import CHOICES, OFFERS, decision_tables
from experiments.facts.evidence import Evidence, runs_by_name
from experiments.facts.registry import list_facts
from experiments.facts.table import COLUMNS, catalogue, format_table, judge_facts
from sandbox.errors import DataError
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.experiments.facts.test_controls import FACTS
from worlds.marketplace import Marketplace

ARMS = {
    "control": ("mind=rule",),
    "forced": ("mind=rule", "world.reviews=forced"),
    "chance": ("mind=random",),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return small runs without a model, one folder each."""
    root = tmp_path_factory.mktemp("runs")
    for name, overrides in ARMS.items():
        settings = ("steps=6", "seeds=[0,1]", "population.size=60", "world.demand=2", f"run_dir={root / name}")
        Run.start([*overrides, *settings]).resume(Progress(), print)
    return {name: root / name for name in ARMS}


@pytest.fixture(scope="module")
def evidence(runs: dict[str, Path]) -> Evidence:
    """Return what facts see of the runs."""
    return Evidence.from_runs(runs)


def test_every_arm_is_judged_by_every_fact(evidence: Evidence) -> None:
    table = judge_facts(evidence, Marketplace)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(list_facts(Marketplace)) * len(ARMS)
    assert set(table["verdict"]) <= {"within", "outside", "inconclusive"}
    assert table["reason"].str.len().min() > 10


def test_folders_can_be_given_directly(runs: dict[str, Path], evidence: Evidence) -> None:
    facts = [FACTS["position_bias"]]
    by_folder = judge_facts(list(runs.values()), Marketplace, facts)
    pd.testing.assert_frame_equal(by_folder, judge_facts(evidence, Marketplace, facts))


def test_an_arm_knows_its_mind_and_its_world(evidence: Evidence) -> None:
    assert {name: arm.mind for name, arm in evidence.arms.items()} == {
        "control": "rule", "forced": "rule", "chance": "random",
    }  # fmt: skip
    assert evidence.arms["control"].differing_params(evidence.arms["forced"]) == {"reviews"}


def test_forced_reviews_find_the_voluntary_arm(evidence: Evidence) -> None:
    assert len(FACTS["forced_reviews"].values(evidence, "forced")) == 2


@pytest.mark.parametrize("arm", ["control", "forced"])
def test_purchases_of_the_log_are_those_of_the_market(evidence: Evidence, arm: str) -> None:
    tables = evidence.arm_tables(arm)
    by_buyer = tables["purchases"].groupby(["seed", "buyer"]).agg(number=("price", "size"), paid=("price", "sum"))
    buyers = tables["buyers"].query("purchases > 0").set_index(["seed", "id"])
    assert by_buyer["number"].tolist() == buyers["purchases"].tolist()
    assert by_buyer["paid"].tolist() == pytest.approx(buyers["spent"].tolist())


def test_offers_of_the_log_are_the_searches_of_the_market(evidence: Evidence) -> None:
    tables = evidence.arm_tables("control")
    offers = tables["offers"]
    choices = offers[offers["chosen"]].groupby(["seed", "position"]).size()
    counts = tables["positions"].query("position != 'nothing'").set_index(["seed", "position"])
    assert choices.tolist() == counts["chosen"].tolist()
    weights = cast("pd.Series", offers.groupby(["seed", "search"])["weight"].sum())
    assert weights.between(0, 1).all()
    assert (offers["position"] == offers.groupby(["seed", "search"]).cumcount() + 1).all()


def test_only_lists_that_are_ordered_count_as_ordered(evidence: Evidence) -> None:
    ordered: Any = evidence.tables["choices"].groupby("template")["ordered"].agg(["min", "max"])
    assert ordered.loc["marketplace/choose"].tolist() == [True, True], "a search page has an order of its own"
    assert not ordered["max"].all(), "and there are questions whose options are shuffled"


def test_a_log_without_decisions_gives_empty_tables() -> None:
    tables = decision_tables([])
    assert {name: tuple(table.columns) for name, table in tables.items()} == {
        "offers": OFFERS, "choices": CHOICES,
    }  # fmt: skip


def test_the_arms_of_one_run_are_judged_as_those_of_several(runs: dict[str, Path], evidence: Evidence) -> None:
    folder = runs["control"].parent / "crossed"
    settings = ("steps=6", "seeds=[0,1]", "population.size=60", "world.demand=2", f"run_dir={folder}")
    arms = (
        "mind=rule",
        "+mind@extra_minds.random=random",
        "minds=[rule,random]",
        "treatments={on: {}, forced: {reviews: forced}}",
    )
    Run.start([*arms, *settings]).resume(Progress(), print)
    crossed = Evidence.from_run(Run(folder))
    assert {name: (arm.mind, arm.world["reviews"]) for name, arm in crossed.arms.items()} == {
        "rule:on": ("rule", "on"), "rule:forced": ("rule", "forced"),
        "random:on": ("random", "on"), "random:forced": ("random", "forced"),
    }  # fmt: skip
    for fact in ("position_bias", "forced_reviews"):
        alone = FACTS[fact].values(evidence, "forced" if fact == "forced_reviews" else "control")
        together = FACTS[fact].values(crossed, "rule:forced" if fact == "forced_reviews" else "rule:on")
        assert together.tolist() == alone.tolist()


def test_the_table_reads_as_text(evidence: Evidence) -> None:
    facts = [FACTS["position_bias"], FACTS["price_dispersion"]]
    lines = format_table(judge_facts(evidence, Marketplace, facts)).splitlines()
    assert lines[0] == "position bias"
    assert lines[4] == "price dispersion"
    assert lines[5] == "  control  inconclusive  needs at least 20 steps, and control has 6"


def test_the_catalogue_says_what_every_fact_is() -> None:
    texts = catalogue(Marketplace)
    assert texts["fact"].tolist() == [fact.name for fact in list_facts(Marketplace)]
    assert texts[["statement", "measure", "band", "citation"]].map(len).to_numpy().min() > 8


def test_runs_of_the_same_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two runs are named 'x'"):
        runs_by_name([tmp_path / "a" / "x", tmp_path / "b" / "x"])
