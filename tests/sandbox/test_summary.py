"""The summary says what the log and the results say."""

import io
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from agents.population import write_population
from sandbox.intervals import Mean
from sandbox.log import DecisionLog
from sandbox.mind import RandomMind, chosen
from sandbox.question import Choose, Option
from sandbox.results import Results
from sandbox.run import Run
from sandbox.runner import Progress
from sandbox.summary import FirstPlace, Tally, over_steps, print_summary, shown, summarize
from tests.conftest import Overrides, people, question
from worlds.marketplace import Marketplace


@pytest.fixture
def started(ruled: Overrides, tmp_path: Path) -> Run:
    write_population(tmp_path / "people.parquet", people(60))
    return Run.start(ruled(f"population.file={tmp_path / 'people.parquet'}", "seeds=[0,1,2]"))


def say(_: str) -> None:
    """Say nothing."""


def text_of(run: Run, results: Results) -> str:
    log = run.log()
    tally = Tally.of(log)
    log.close()
    console = Console(file=io.StringIO(), width=120)
    summarize(console, run.manifest, results, tally, Marketplace)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_summary_of_a_run_shows_its_own_numbers(started: Run) -> None:
    results = started.go_on(Progress(), say)
    text = text_of(started, results)
    log = started.log()
    totals = log.totals()
    log.close()
    assert "Marketplace: 32 people, 20 of them on the graph; 5 steps; 3 seeds (0 to 2)." in text
    assert "Answered by rule 100 %." in text
    assert f"{totals['decisions']:,} in " in text
    for measure, label in Marketplace.measures.items():
        last = results.metrics.groupby("seed")[measure].last()
        (line,) = (line for line in text.splitlines() if line.startswith(label + " "))
        assert shown(Mean.of(last.to_list())) in line
    assert len(text.splitlines()) <= 45


def test_what_was_written_is_told_from_what_was_chosen(started: Run) -> None:
    started.go_on(Progress(), say)
    with closing(started.log()) as log:
        assert log.num_written() == sum(row["template"] == "marketplace/text" for row in log.decisions()) > 0


def test_an_unfinished_run_is_said_to_be_unfinished(started: Run, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(started, started.results())
    text = capsys.readouterr().out
    assert "0 of 5 steps" in text
    assert "unfinished" in text
    assert "No step is finished yet." in text


def test_a_finished_run_prints_where_its_figures_will_be(started: Run, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(started, started.go_on(Progress(), say))
    printed = "".join(capsys.readouterr().out.split())
    assert f"python-msandboxplot{started.folder}" in printed


def test_several_arms_stand_side_by_side(started: Run) -> None:
    results = started.go_on(Progress(), say)
    other = results.metrics.assign(arm="taxed", sales=results.metrics["sales"] + 1000)
    both = Results(pd.concat([results.metrics, other], ignore_index=True), results.tables)
    line = next(line for line in text_of(started, both).splitlines() if line.startswith("units sold in the step"))
    mean = over_steps(results.metrics, "sales")[2]
    assert shown(mean) in line
    assert shown(mean._replace(value=mean.value + 1000)) in line


def test_first_last_and_mean_over_steps_are_means_over_seeds() -> None:
    metrics = pd.DataFrame({"seed": [0, 0, 1, 1], "step": [0, 1, 0, 1], "x": [1.0, 3.0, 2.0, 8.0]})
    first, last, mean = over_steps(metrics, "x")
    assert (first.value, last.value, mean.value) == (1.5, 5.5, 3.5)
    assert mean == Mean.of([2.0, 5.0])


def first_place(
    tmp_path: Path, weights: Sequence[float] | None, ordered: bool = False, number: int = 400
) -> FirstPlace:
    """Choices of one who takes what is shown first, or of one who has `weights`."""
    form = Choose((Option("a"), Option("b"), Option("c"), Option("d")), ordered=ordered)
    asked = [question(form, agent=agent, seed=agent * 7919 + 1) for agent in range(number)]
    answers = [chosen(one, weights or [1.0] * 4, "random") for one in asked]
    if weights is None:
        answers = [type(one)(one.value, one.source, probs=one.probs, position=0) for one in answers]
    log = DecisionLog.create(tmp_path / "decisions.sqlite")
    log.append(asked, answers, 0.1, 0.0)
    found = FirstPlace.of(log)
    log.close()
    return found


def test_a_mind_that_takes_the_first_option_is_found_out(tmp_path: Path) -> None:
    first = first_place(tmp_path, None)
    assert (first.num, first.chosen, first.expected) == (400, 400, 100)
    assert first.p_value() < 0.001


def test_a_mind_with_a_taste_but_no_bias_is_not_accused(tmp_path: Path) -> None:
    first = first_place(tmp_path, [0.7, 0.1, 0.1, 0.1])
    assert first.p_value() > 0.01


def test_choices_whose_order_means_something_do_not_count(tmp_path: Path) -> None:
    assert first_place(tmp_path, [1.0] * 4, ordered=True).num == 0


def test_tokens_and_mishaps_are_counted_in_words(started: Run) -> None:
    results = started.go_on(Progress(), say)
    log = started.log()
    tally = Tally.of(log)
    log.close()
    totals = {**tally.totals, "prompt_tokens": 10_000, "cached_tokens": 7_500, "output_tokens": 1_234, "retried": 2}
    totals["truncated"] = 3
    changed = tally._replace(totals=totals, sources={"model": 97, "fallback": 3}, models=["smollm2-135m"], written=12)
    console = Console(file=io.StringIO(), width=200)
    summarize(console, started.manifest, results, changed, Marketplace)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "10,000 read (75.0 % from the prefix cache), 1,234 written" in text
    assert "model 97.0 %, fallback 3.0 %" in text
    assert "truncated 3 (25.0 % of texts)" in text
    assert "(smollm2-135m)" in text
    assert RandomMind.name not in text.split("decisions")[0]


@pytest.mark.parametrize(
    ("mean", "text"),
    [
        (Mean(12.0, float("nan"), 1), "12"),
        (Mean(0.12345, float("nan"), 1), "0.123"),
        (Mean(12345.678, float("nan"), 1), "12,346"),
        (Mean(0.5, 0.0123, 3), "0.500 ± 0.012"),
        (Mean(12.0, 0.0, 3), "12 ± 0"),
        (Mean(0.5, 12.5, 3), "0.50 ± 12.50"),
        (Mean(float("nan"), float("nan"), 0), "–"),
    ],
)
def test_numbers_read_well(mean: Mean, text: str) -> None:
    assert shown(mean) == text
