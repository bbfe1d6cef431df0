"""Comparisons end to end, with agents who need no language model."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments import comparison
from experiments.analysis import analyse_run
from sandbox.cli.main import main
from sandbox.composition import list_choices
from sandbox.errors import ConfigError
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides

MINDS = "minds=[rule,random]"
TABLES = (
    "outcomes",
    "arms",
    "contrasts",
    "agreements",
    "facts",
    "scorecard",
    "nearness",
    "data_quality",
    "answers",
    "position_bias",
)


def ignore(_: str) -> None:
    """Drop a message."""


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished comparison of rule-following and random agents under two treatments."""
    folder = tmp_path_factory.mktemp("comparison") / "run"
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
    comparison.conclude(run, run.resume(Progress(), ignore), ignore)
    return folder


def test_the_experiment_of_the_world_is_used_if_none_is_named(finished_run: Path) -> None:
    config = Run(finished_run).manifest.segments[-1].config
    assert "five_star_share@last" in config.outcomes
    assert comparison.default_experiment(["world=rumor"]) == ["experiment=arms"]
    assert comparison.default_experiment(["experiment=mine"]) == []


@pytest.mark.parametrize("name", list_choices("experiment"))
def test_every_experiment_of_the_project_can_be_started(name: str, tmp_path: Path) -> None:
    run = comparison.start([f"experiment={name}", f"run_dir={tmp_path / 'run'}"])
    config = run.manifest.segments[-1].config
    assert len(config.arms()) >= 4
    assert len(config.seeds) == 8


@pytest.mark.parametrize(
    ("experiment", "facts"),
    [
        ("forced", {"forced_reviews"}),
    ],
)
def test_an_experiment_has_the_arms_that_its_facts_need(experiment: str, facts: set[str], tmp_path: Path) -> None:
    small = ["minds=[rule]", "mind=rule", "steps=15", "population.size=30", f"run_dir={tmp_path / 'run'}"]
    run = comparison.start([f"experiment={experiment}", "world=marketplace", *small])
    table = analyse_run(run, run.resume(Progress(), ignore)).tables["facts"]
    measured = table[table["value"].notna()]
    assert facts <= set(measured["fact"])


def test_every_table_is_written_twice_and_tidy(finished_run: Path) -> None:
    for name in TABLES:
        table = pd.read_parquet(finished_run / "comparison" / f"{name}.parquet")
        assert len(table) == len(pd.read_csv(finished_run / "comparison" / f"{name}.csv")) > 0, name


def test_the_report_contains_its_pictures_and_needs_no_network(finished_run: Path) -> None:
    page = (finished_run / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 5
    assert 'src="http' not in page
    assert "viewport" in page
    assert "Declared before the run: five_star_share@last" in page


def test_the_report_is_also_available_as_markdown(finished_run: Path) -> None:
    text = (finished_run / "report.md").read_text(encoding="utf-8")
    assert "## Stylised facts" in text
    rows = [line for line in text.splitlines() if line.startswith("| star habits |")]
    assert len(rows) > 4
    assert "<td" not in text


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_a_page_says_what_was_compared_and_how_good_the_data_are(name: str, finished_run: Path) -> None:
    text = " ".join((finished_run / name).read_text(encoding="utf-8").split()).replace("&#39;", "'")
    assert "95 % intervals are Student's t over 3 seeds" in text
    assert "Illegal answers cannot occur" in text
    assert "cache rate" in text
    assert "Do the minds agree on the treatments?" in text
    assert "Minds compared: rule, random" in text
    assert "position bias (check)" in text


def test_the_terminal_says_what_was_found_about_every_outcome_and_fact(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--run", str(finished_run)]) == 0
    output = capsys.readouterr().out
    analysis = analyse_run(run := Run(finished_run), run.results())
    assert "- rule:control: the world's rules; rule:forced: the world's rules; random:control: chance" in output
    for outcome in analysis.outcomes:
        assert (f"- {outcome.label}" in output) == outcome.is_declared
    for fact in analysis.tables["facts"]["fact"].unique():
        assert f"- {analysis.titles[fact]} (" in output
    assert "could have found" in output
    assert "random:control is " in output
    assert "…" not in output, "nothing is cut off where there is no terminal"


def test_a_fact_is_within_or_outside_if_its_p_value_says_so(finished_run: Path) -> None:
    facts: Any = pd.read_csv(finished_run / "comparison" / "facts.csv")
    tested = facts[facts["p_within"].notna()]
    assert set(tested["verdict"]) >= {"within", "outside"}
    assert ((tested["verdict"] == "within") == (tested["p_within"] < 0.05)).all()
    assert ((tested["verdict"] == "outside") == (tested["p_outside"] < 0.05)).all()


def test_forcing_reviews_raises_their_share_whoever_decides(finished_run: Path) -> None:
    agreements: Any = pd.read_csv(finished_run / "comparison" / "agreements.csv").set_index("outcome")["agreement"]
    assert agreements["reviewer_share@last"] == "up"


def test_rule_agents_are_scored_above_the_floor_in_stars(finished_run: Path) -> None:
    card: Any = pd.read_csv(finished_run / "comparison" / "scorecard.csv")
    stars = card[(card["item"] == "star_distribution") & (card["arm"] == "rule:control")].iloc[0]
    assert stars["low"] > 0.3
    assert stars["floor"] > stars["distance"]


def test_random_agents_are_a_floor_and_have_no_score(finished_run: Path) -> None:
    card = pd.read_csv(finished_run / "comparison" / "scorecard.csv")
    assert not card["arm"].str.startswith("random").any()


def test_a_comparison_is_analysed_again_without_a_mind(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (finished_run / "comparison" / "contrasts.csv").read_bytes()
    assert main(["compare", "--run", str(finished_run)]) == 0
    output = capsys.readouterr().out
    assert "report: " in output
    assert "There is no reference data for the metrics sales, " in output
    assert (finished_run / "comparison" / "contrasts.csv").read_bytes() == before


class InterruptedProgress(Progress):
    """Stops the run in the middle."""

    def begin_step(self, step: int) -> None:
        """Pretend that the user interrupts the third step."""
        if step == 2:
            raise KeyboardInterrupt


def test_a_comparison_that_was_interrupted_ends_as_one_that_was_not(tmp_path: Path) -> None:
    complete, broken = tmp_path / "complete", tmp_path / "broken"
    small = ["world=marketplace", "mind=random", MINDS, "seeds=[0,1]", "steps=4", "population.size=20"]
    run = comparison.start([*small, f"run_dir={complete}"])
    comparison.conclude(run, run.resume(Progress(), ignore), ignore)
    with pytest.raises(KeyboardInterrupt):
        comparison.start([*small, f"run_dir={broken}"]).resume(InterruptedProgress(), ignore)
    assert not (broken / "metrics.csv").exists()
    assert main(["compare", "--run", str(broken)]) == 0
    files = sorted(path.relative_to(complete) for path in complete.rglob("*.csv"))
    assert len(files) > 8
    assert [path for path in files if (complete / path).read_bytes() != (broken / path).read_bytes()] == []


def test_a_single_arm_is_nothing_to_compare(rule_market: Overrides) -> None:
    with pytest.raises(ConfigError, match="there is one arm"):
        comparison.start(rule_market("experiment=arms", "minds=[rule]", "seeds=[0]"))


def test_a_world_without_reference_data_is_compared_all_the_same(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ["world=rumor", "mind=random", MINDS, "seeds=[0,1,2]", "steps=3", "population.size=20"]
    run = comparison.start([*overrides, f"run_dir={run_dir}"])
    run.resume(Progress(), ignore)
    assert main(["compare", "--run", str(run_dir)]) == 0
    sentence = "There is no reference data for the world rumor"
    assert sentence in capsys.readouterr().out
    assert sentence in (run_dir / "report.html").read_text(encoding="utf-8")
    assert sentence in (run_dir / "report.md").read_text(encoding="utf-8")
    for name in ("facts", "scorecard", "nearness"):
        assert pd.read_csv(run_dir / "comparison" / f"{name}.csv").empty


def test_a_report_counts_copies_of_people_and_its_charts_say_what_they_are_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = "".join(f"p{number},You are {number}.\n" for number in range(10))
    (tmp_path / "people.csv").write_text(f"id,persona\n{people}", encoding="utf-8")
    overrides = [
        "world=rumor", "mind=random", MINDS, "seeds=[0,1,2]", "steps=3", "population.size=20", "null_worlds=0",
        "outcomes=[spreader_share]", f"population.file={tmp_path / 'people.csv'}", f"run_dir={tmp_path / 'run'}",
    ]  # fmt: skip
    assert main(["compare", *overrides]) == 0
    for name in ("report.html", "report.md"):
        assert "10 of the 20 agents are copies of others" in (tmp_path / "run" / name).read_text(encoding="utf-8")
    chart = (tmp_path / "run" / "comparison" / "contrasts_mind.svg").read_text(encoding="utf-8")
    assert "3 seeds (0 to 2); settings:" in " ".join(chart.split())


def test_a_margin_of_an_outcome_that_people_lack_is_refused() -> None:
    overrides = ["world=commons", "minds=[rule,random]", "margins={efficiency: 0.1, left_share: 0.1}"]
    with pytest.raises(ConfigError, match="margins: left_share is not among people's outcomes, which are con"):
        comparison.load(overrides)
    with pytest.raises(ConfigError, match="which are nothing, since humans= names nobody"):
        comparison.load([*overrides, "humans=null"])
