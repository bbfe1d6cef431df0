"""Comparisons end to end, with people who need no language model."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments import comparison
from sandbox.cli import main
from sandbox.config import choices
from sandbox.errors import ConfigError
from sandbox.run import Run
from sandbox.runner import Progress
from tests.conftest import Overrides

MINDS = "minds=[rule,random]"


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished comparison of rule-following and random people under two treatments."""
    folder = tmp_path_factory.mktemp("compared") / "run"
    treatments = "treatments={control: {}, forced: {reviews: forced}}"
    overrides = [
        "world=marketplace",
        "mind=random",
        MINDS,
        "seeds=[0,1,2]",
        "steps=20",
        "population.size=40",
        treatments,
    ]
    run = comparison.start([*overrides, f"run_dir={folder}"])
    comparison.conclude(run, run.go_on(Progress(), lambda _: None))
    return folder


def test_the_experiment_of_the_world_is_taken_where_none_is_named(compared: Path) -> None:
    config = Run(compared).manifest.segments[-1].config
    assert "five_star_share@last" in config.outcomes
    assert comparison.experiment_of(["world=rumor"]) == ["experiment=arms"]
    assert comparison.experiment_of(["experiment=mine"]) == []


@pytest.mark.parametrize("name", choices("experiment"))
def test_every_experiment_that_comes_along_can_be_begun(name: str, tmp_path: Path) -> None:
    run = comparison.start([f"experiment={name}", "world=marketplace", f"run_dir={tmp_path / 'run'}"])
    config = run.manifest.segments[-1].config
    assert len(config.arms()) >= 4
    assert len(config.seeds) == 8


@pytest.mark.parametrize(
    ("experiment", "told"),
    [
        ("influence", {"influence_inequality", "influence_unpredictability", "position_effect"}),
        ("forced", {"forced_reviews"}),
    ],
)
def test_an_experiment_has_the_arms_that_its_facts_need(experiment: str, told: set[str], tmp_path: Path) -> None:
    small = ["minds=[rule]", "mind=rule", "steps=15", "population.size=30", f"run_dir={tmp_path / 'run'}"]
    run = comparison.start([f"experiment={experiment}", "world=marketplace", *small])
    facts = comparison.judged(run, run.go_on(Progress(), lambda _: None)).tables["facts"]
    measured = facts[facts["value"].notna()]
    assert told <= set(measured["fact"])


def test_every_table_is_written_twice_and_tidy(compared: Path) -> None:
    for name in ("outcomes", "contrasts", "agreements", "facts", "scorecard", "nearness", "honesty"):
        table = pd.read_parquet(compared / "comparison" / f"{name}.parquet")
        assert len(table) == len(pd.read_csv(compared / "comparison" / f"{name}.csv")) > 0, name


def test_the_report_holds_its_figures_and_needs_no_network(compared: Path) -> None:
    page = (compared / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert 'src="http' not in page
    assert "viewport" in page
    assert "Named before the run: five_star_share@last" in page


def test_the_report_is_there_as_markdown_too(compared: Path) -> None:
    text = (compared / "report.md").read_text(encoding="utf-8")
    assert "## Stylised facts" in text
    rows = [line for line in text.splitlines() if line.startswith("| star habits |")]
    assert len(rows) > 4
    assert "<td" not in text


def test_both_pages_say_what_was_judged_and_how_far_to_trust_it(compared: Path) -> None:
    for name in ("report.html", "report.md"):
        text = " ".join((compared / name).read_text(encoding="utf-8").split())
        assert "3 seeds, so intervals are Student&#39;s t" in text or "3 seeds, so intervals are Student's t" in text
        assert "Illegal answers are none" in text
        assert "from the cache" in text
        assert "Do the minds agree on the treatments?" in text
        assert "Judged: rule, random" in text
        assert "first option (norm, not people)" in text


def test_a_fact_is_within_where_both_one_sided_tests_say_so(compared: Path) -> None:
    facts: Any = pd.read_csv(compared / "comparison" / "facts.csv")
    known = facts[facts["p_within"].notna()]
    assert set(known["answer"]) >= {"within", "outside"}
    assert all(one == (p < 0.025) for one, p in zip(known["answer"] == "within", known["p_within"], strict=True))


def test_forcing_reviews_raises_their_share_whoever_decides(compared: Path) -> None:
    agreed: Any = pd.read_csv(compared / "comparison" / "agreements.csv").set_index("outcome")["agreement"]
    assert agreed["reviewer_share@last"] == "up"


def test_rule_people_are_scored_above_the_floor_in_stars(compared: Path) -> None:
    card: Any = pd.read_csv(compared / "comparison" / "scorecard.csv")
    stars = card[(card["item"] == "star_distribution") & (card["arm"] == "rule:control")].iloc[0]
    assert stars["low"] > 0.3
    assert stars["floor"] > stars["distance"] > stars["ceiling"] / 10


def test_random_people_are_a_floor_and_have_no_score(compared: Path) -> None:
    card = pd.read_csv(compared / "comparison" / "scorecard.csv")
    assert not card["arm"].str.startswith("random").any()


def test_a_comparison_is_judged_again_without_a_mind(compared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (compared / "comparison" / "contrasts.csv").read_bytes()
    assert main(["compare", "--run", str(compared)]) == 0
    assert "report: " in capsys.readouterr().out
    assert (compared / "comparison" / "contrasts.csv").read_bytes() == before


class Pulled(Progress):
    """The plug is pulled in the middle."""

    def stepped(self, step: int) -> None:
        if step == 2:
            raise KeyboardInterrupt


def test_a_comparison_that_was_interrupted_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    few = ["world=marketplace", "mind=random", MINDS, "seeds=[0,1]", "steps=4", "population.size=20"]
    run = comparison.start([*few, f"run_dir={whole}"])
    comparison.conclude(run, run.go_on(Progress(), lambda _: None))
    with pytest.raises(KeyboardInterrupt):
        comparison.start([*few, f"run_dir={broken}"]).go_on(Pulled(), lambda _: None)
    assert not (broken / "metrics.csv").exists()
    assert main(["compare", "--run", str(broken)]) == 0
    files = sorted(path.relative_to(whole) for path in whole.rglob("*.csv"))
    assert len(files) > 8
    assert [path for path in files if (whole / path).read_bytes() != (broken / path).read_bytes()] == []


def test_one_arm_is_nothing_to_compare(ruled: Overrides) -> None:
    with pytest.raises(ConfigError, match="there is one arm"):
        comparison.start(ruled("experiment=arms", "minds=[rule]", "seeds=[0]"))


def test_a_world_of_which_nothing_is_known_is_compared_all_the_same(run_dir: Path) -> None:
    overrides = ["world=rumor", "mind=random", MINDS, "seeds=[0,1,2]", "steps=3", "population.size=20"]
    run = comparison.start([*overrides, f"run_dir={run_dir}"])
    report, *_ = comparison.conclude(run, run.go_on(Progress(), lambda _: None))
    assert "Nothing is known of real people" in report.read_text(encoding="utf-8")
