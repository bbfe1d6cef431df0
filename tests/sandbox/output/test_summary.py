"""The summary says what the log and the results say."""

import io
import math
from contextlib import closing
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from rich.console import Console

from agents.population_files import write_population
from sandbox.core.mind import RandomMind
from sandbox.graphs import describe_graph
from sandbox.intervals import Mean
from sandbox.output.formatting import format_mean
from sandbox.output.log_totals import LogTotals
from sandbox.output.metrics_table import over_steps, print_metrics
from sandbox.output.summary import describe_network, print_summary, write_summary
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides, profiles
from worlds.marketplace import Marketplace


@pytest.fixture
def new_run(rule_market: Overrides, tmp_path: Path) -> Run:
    write_population(tmp_path / "profiles.parquet", profiles(60))
    return Run.start(rule_market(f"population.file={tmp_path / 'profiles.parquet'}", "seeds=[0,1,2]"))


def ignore_message(_: str) -> None:
    """Print nothing."""


def read_totals(run: Run) -> LogTotals:
    with closing(run.log()) as log:
        return LogTotals.of(log)


def summary_text(run: Run, results: Results, totals: LogTotals | None = None) -> str:
    file = io.StringIO()
    console = Console(file=file, width=200 if totals else 120)
    write_summary(console, run.manifest, results, totals or read_totals(run), Marketplace)
    return file.getvalue()


def test_the_summary_of_a_run_shows_its_own_numbers(new_run: Run) -> None:
    results = new_run.resume(Progress(), ignore_message)
    text = summary_text(new_run, results)
    assert "marketplace: 34 agents, 20 of them on the social graph; 5 steps; 3 seeds (0 to 2)." in text
    assert "Answered by rule 100 %." in text
    assert f"{read_totals(new_run).sums['decisions']:,} in " in text
    for metric, label in Marketplace.metric_labels.items():
        last = results.metrics.groupby("seed")[metric].last()
        (line,) = (line for line in text.splitlines() if line.startswith(label + " "))
        assert format_mean(Mean.of(last.to_list())) in line
    assert len(text.splitlines()) <= 55


def test_a_line_describes_the_social_graph() -> None:
    row = {**describe_graph(nx.path_graph(4)), "arm": "main"}
    graphs = pd.DataFrame([{**row, "seed": 0}, {**row, "seed": 1}])
    assert describe_network(graphs) == (
        "Social graph: 4 agents, 3 ties, mean degree 1.50 (largest 2), clustering 0, degree assortativity -0.500, "
        "100 % in the largest component, mean path length 1.67."
    )
    graphs.loc[1, ["ties", "clustering"]] = [5, math.nan]
    assert describe_network(graphs).startswith("Social graphs (means of 2): 4 agents, 4 ties")
    alone = pd.DataFrame([{**describe_graph(nx.empty_graph(1)), "arm": "main", "seed": 0}])
    assert "clustering –, degree assortativity –" in describe_network(alone)


def test_written_answers_are_distinguished_from_choices(new_run: Run) -> None:
    new_run.resume(Progress(), ignore_message)
    with closing(new_run.log()) as log:
        assert log.count_texts() == sum(row["template"] == "marketplace/text" for row in log.decisions()) > 0


def test_an_unfinished_run_is_said_to_be_unfinished(new_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(new_run, new_run.results())
    text = capsys.readouterr().out
    assert "0 of 5 steps" in text
    assert "unfinished" in text
    assert "No step is finished yet." in text


def test_a_finished_run_prints_where_its_figures_will_be(new_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(new_run, new_run.resume(Progress(), ignore_message))
    text = "".join(capsys.readouterr().out.split())
    assert f"python-msandboxplot{new_run.folder}" in text


def test_several_arms_are_side_by_side(new_run: Run) -> None:
    results = new_run.resume(Progress(), ignore_message)
    taxed = results.metrics.assign(arm="taxed", sales=results.metrics["sales"] + 1000)
    two_arms = Results(pd.concat([results.metrics, taxed], ignore_index=True), results.tables)
    line = next(
        line for line in summary_text(new_run, two_arms).splitlines() if line.startswith("units sold in the st")
    )
    mean = over_steps(results.metrics, "sales")[2]
    assert format_mean(mean) in line
    assert format_mean(mean._replace(value=mean.value + 1000)) in line


def test_first_last_and_mean_over_steps_are_means_over_seeds() -> None:
    metrics = pd.DataFrame({"seed": [0, 0, 1, 1], "step": [0, 1, 0, 1], "x": [1.0, 3.0, 2.0, 8.0]})
    first, last, mean = over_steps(metrics, "x")
    assert (first.value, last.value, mean.value) == (1.5, 5.5, 3.5)
    assert mean == Mean.of([2.0, 5.0])


def test_the_first_and_last_step_are_those_of_the_run_even_without_a_case() -> None:
    metrics = pd.DataFrame({"seed": [0, 0, 1, 1], "step": [0, 1, 0, 1], "x": [None, 3.0, 2.0, None], "y": [None] * 4})
    first, last, mean = over_steps(metrics.astype({"y": float}), "x")
    assert (first, last, mean) == (Mean.of([2.0]), Mean.of([3.0]), Mean.of([3.0, 2.0]))
    assert [format_mean(part) for part in over_steps(metrics.astype({"y": float}), "y")] == ["–"] * 3


def test_tokens_and_data_quality_are_summed_up_in_words(new_run: Run) -> None:
    results = new_run.resume(Progress(), ignore_message)
    totals = read_totals(new_run)
    tokens = {"prompt_tokens": 10_000, "cached_tokens": 7_500, "output_tokens": 1_234}
    totals = totals._replace(
        sums={**totals.sums, **tokens, "retried": 2, "truncated": 3},
        sources={"main": {"model": 97, "fallback": 3}},
        models=["smollm2-135m"],
        num_texts=12,
    )
    text = summary_text(new_run, results, totals)
    assert "10,000 read (75.0 % from the prefix cache), 1,234 written" in text
    assert "model 97.0 %, fallback 3.0 %" in text
    assert "truncated 3 (25.0 % of texts)" in text
    assert "data quality" in text
    assert "position bias" in text
    assert "(smollm2-135m)" in text
    assert RandomMind.name not in text.split("decisions")[0]


def test_fallbacks_are_told_by_arm_as_shares_of_what_can_fail(new_run: Run) -> None:
    results, totals = new_run.resume(Progress(), ignore_message), read_totals(new_run)
    for fallbacks, expected in (
        ({}, "drawn at random (fallbacks) 0,"),
        ({"main": (3, 60)}, "drawn at random (fallbacks) 3 (5.0 % of decisions),"),
        ({"base": (0, 40), "server": (2, 40)}, "drawn at random (fallbacks) 2 (5.0 % of decisions of arm server),"),
    ):
        assert expected in summary_text(new_run, results, totals._replace(fallbacks=fallbacks))


@pytest.mark.parametrize("width", [45, 60, 80, 200])
def test_no_number_is_cut_in_a_narrow_terminal(width: int, new_run: Run) -> None:
    metrics = pd.DataFrame({"arm": "main", "seed": [0, 1], "step": 0, "sales": [10_000.0, 20_000.0]})
    file = io.StringIO()
    print_metrics(Console(file=file, width=width), Results(metrics, {}), {"sales": "units sold in the step"})
    text = file.getvalue()
    assert text.count("15,000 ± 63,531") == 3
    assert all(len(line) <= width for line in text.splitlines())


def test_arms_are_not_pooled_in_who_answered(new_run: Run) -> None:
    results = new_run.resume(Progress(), ignore_message)
    counts = {"base": {"base": 5}, "humanllm": {"humanllm": 4, "rule": 4}}
    totals = read_totals(new_run)._replace(minds=counts, fallbacks={"base": (0, 5), "humanllm": (8, 8)})
    text = summary_text(new_run, results, totals)
    assert "Answered by base 100 % in arm base; humanllm 50.0 %, rule 50.0 % in arm humanllm." in text
    assert "drawn at random (fallbacks) 8 (100 % of decisions of arm humanllm)" in text
