"""Worlds inherit what is known about their parents, and a stranger adds a scored fact in one file."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest

import experiments.facts.marketplace
from experiments import comparison
from experiments.facts.registry import describe_missing_references, list_facts, list_items
from sandbox.core.world import World
from sandbox.runtime.config import load_run_config
from sandbox.runtime.runner import Progress
from tests.experiments.fair_market import FairMarket
from worlds.marketplace import Marketplace
from worlds.rumor import Rumor

FAIR_MARKET = ["world=marketplace", "world._target_=tests.experiments.fair_market.FairMarket"]
NEW_FACT = '''
"""People buy things that cost 10 dollars."""

from experiments.facts.evidence import per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Reference

REFERENCE = Reference(value=10.0, low=9.0, high=11.0, num_people=500)

FACT = Fact(
    name="cheap_things",
    label="cheap things (toy)",
    statement="People buy things that cost 10 dollars.",
    citation="Nobody (2026)",
    measure="mean price of a purchase (dollars)",
    statistic=lambda tables: per_seed(tables["purchases"], lambda rows: float(rows["price"].mean())),
    band=REFERENCE.around(1.0),
    needs=Needs({"purchases": ("price",)}),
    reference=REFERENCE,
    level="distribution",
)
'''


@pytest.fixture(scope="module")
def _new_fact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Add one file to the folder of the marketplace's facts."""
    folder = tmp_path_factory.mktemp("marketplace")
    (folder / "cheap_things.py").write_text(NEW_FACT, encoding="utf-8")
    search_path = experiments.facts.marketplace.__path__
    search_path.append(str(folder))
    yield
    search_path.remove(str(folder))
    sys.modules.pop("experiments.facts.marketplace.cheap_things")


@pytest.fixture(scope="module")
def fair_comparison(tmp_path_factory: pytest.TempPathFactory, _new_fact: None) -> tuple[Path, list[str]]:
    """Return the folder of a comparison of a subclass of the marketplace, and what the terminal was told."""
    folder, messages = tmp_path_factory.mktemp("fair") / "run", list[str]()
    small = ["mind=random", "minds=[rule,random]", "seeds=[0,1,2]", "steps=12", "population.size=40"]
    run = comparison.start([*FAIR_MARKET, *small, f"run_dir={folder}"])
    comparison.conclude(run, run.resume(Progress(), lambda _: None), messages.append)
    return folder, messages


def test_a_subclass_has_the_facts_and_items_of_its_parent() -> None:
    assert [fact.name for fact in list_facts(FairMarket)] == [fact.name for fact in list_facts(Marketplace)]
    assert [item.name for item in list_items(FairMarket)] == [item.name for item in list_items(Marketplace)]
    assert len(list_facts(FairMarket)) == 12
    assert len(list_items(FairMarket)) == 11


def test_a_subclass_has_the_experiment_of_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert comparison.default_experiment(FAIR_MARKET) == ["experiment=marketplace"]
    settings = tmp_path / "conf" / "world" / "fair.yaml"
    settings.parent.mkdir(parents=True)
    target = "_target_: tests.experiments.fair_market.FairMarket"
    settings.write_text(f"# A fair market\ndefaults: [marketplace]\n{target}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert comparison.default_experiment(["world=fair", "steps=3"]) == ["experiment=marketplace"]
    config = load_run_config([*comparison.default_experiment(["world=fair"]), "world=fair"])
    assert (config.world["_target_"], config.world["num_sellers"]) == (target.removeprefix("_target_: "), 6)


def test_a_world_of_an_unrelated_name_has_the_general_experiment() -> None:
    assert comparison.default_experiment(["world=rumor"]) == ["experiment=arms"]


def test_a_run_of_a_subclass_is_judged_by_every_inherited_fact(fair_comparison: tuple[Path, list[str]]) -> None:
    folder, _ = fair_comparison
    facts = pd.read_csv(folder / "comparison" / "facts.csv")
    assert set(facts["fact"]) == {fact.name for fact in list_facts(Marketplace)}
    card = pd.read_csv(folder / "comparison" / "scorecard.csv")
    assert {"star_distribution", "repeat_purchases"} <= set(card["item"])


def test_a_fact_from_one_file_is_in_the_table_the_scorecard_and_the_report(
    fair_comparison: tuple[Path, list[str]],
) -> None:
    folder, _ = fair_comparison
    facts = pd.read_csv(folder / "comparison" / "facts.csv").set_index(["fact", "arm"])
    assert facts.loc[("cheap_things", "rule"), ["band_low", "band_high", "human"]].tolist() == [8, 12, 10]
    assert facts.loc[("cheap_things", "rule"), "value"] > 0
    card = pd.read_csv(folder / "comparison" / "scorecard.csv").set_index(["item", "arm"])
    row = card.loc[("cheap_things", "rule")]
    assert row[["level", "against", "ceiling", "human"]].tolist() == ["distribution", "people", 0, 10]
    assert row["distance_measure"] == (
        "squared difference from people, without sampling error, in: mean price of a purchase (dollars)"
    )
    for name in ("report.html", "report.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count("cheap things (toy)") >= 3, "in the nearness, scorecard and facts sections"


def test_everybody_is_told_what_there_is_no_reference_data_for(fair_comparison: tuple[Path, list[str]]) -> None:
    folder, messages = fair_comparison
    [sentence] = [message for message in messages if message.startswith("There is no reference data for the metrics ")]
    assert "fairness" in sentence
    assert sentence.endswith("or the tables buyers, cascades, positions, sellers, stars, tips.")
    for name in ("report.html", "report.md"):
        assert sentence in (folder / name).read_text(encoding="utf-8")


def test_a_world_without_facts_says_so() -> None:
    assert list_facts(Rumor) == []
    assert list_items(Rumor) == []
    assert describe_missing_references(Rumor, ["agents"]) == (
        "There is no reference data for the world rumor, so its arms are compared only with each other."
    )


def test_a_world_s_own_fact_replaces_an_inherited_fact_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ToyMarket(FairMarket):
        """A world with a folder of facts."""

    folder = tmp_path / "toymarket"
    folder.mkdir()
    own = NEW_FACT.replace("cheap_things", "star_habits")
    (folder / "star_habits.py").write_text(own, encoding="utf-8")
    monkeypatch.setattr(experiments.facts, "__path__", [*experiments.facts.__path__, str(tmp_path)])
    facts = list_facts(ToyMarket)
    assert facts[0].citation == "Nobody (2026)"
    assert {fact.name for fact in facts} == {fact.name for fact in list_facts(FairMarket)}
    for name in ("experiments.facts.toymarket", "experiments.facts.toymarket.star_habits"):
        monkeypatch.delitem(sys.modules, name)


def test_a_world_of_its_own_knows_nothing() -> None:
    class Island(World):
        """A world that inherits from no other world."""

        metric_labels: ClassVar[Mapping[str, str]] = {"sales": "units sold"}

    assert list_facts(Island) == []
    assert "for the world island" in describe_missing_references(Island, [])
