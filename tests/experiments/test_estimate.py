"""What an estimate counts is what a run then asks, and costs follow from the counts."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from agents.cache import AnswerCache
from agents.minds.language import Job, LanguageMind
from agents.minds.prefix_cache import PrefixCache
from agents.minds.vllm import VllmMind
from docs.generate import data_pages
from experiments import comparison
from experiments.estimate import COLUMNS, Estimate, count_log, estimate, load_settings
from experiments.estimate_costs import Costs, Rate, cost_table, describe_costs, find_rate
from experiments.frames import column, rows_where
from experiments.stand_in import StandIn, StandIns, cut_by_bound
from sandbox.cli.main import main
from sandbox.core.answer import Answer
from sandbox.core.mind import MindContext, RuleMind
from sandbox.core.question import Question
from sandbox.errors import ConfigError
from sandbox.prompting.render import Prompt
from sandbox.runtime.assembly import build_worlds
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.manifest import environment
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress, Runner
from worlds.rumor import Rumor

RUMOR = ("world=rumor", "population.size=20", "steps=4", "reactions=3")
MARKET = ("world=marketplace", "population.size=12", "steps=3", "reactions=4")
SERVER = ("mind=server", "mind.served_model=some-model", "cache=false")


def ignore(_: str) -> None:
    """Drop a message."""


def count(overrides: Sequence[str]) -> Estimate:
    """Return the estimate of some settings."""
    return estimate(overrides, None, Progress(), ignore)


def counts_of_steps(estimated: Estimate) -> pd.DataFrame:
    """Return the counts without the reactions."""
    counts = estimated.counts
    return rows_where(counts, column(counts, "part") == "steps").reset_index(drop=True)


def logged_counts(run: Run) -> pd.DataFrame:
    """Return what a finished run's log counts."""
    with closing(run.log()) as log:
        return count_log(log, "steps")


def test_the_counts_are_in_the_dictionary() -> None:
    (described,) = data_pages.list_tables("estimate")
    assert tuple(described.column_names()) == COLUMNS


def cost_of(changes: dict[str, int]) -> Costs:
    """Return the costs of a single row of counts."""
    counts = {"decisions": 10, "questions": 10, "cached_answers": 0, "prompt_tokens": 3000, "cached_tokens": 1000}
    row = {"part": "steps", "arm": "main", "template": "w/t", "step": 0, **counts, "output_tokens": 500}
    table = pd.DataFrame([{**row, "text_tokens": 400, **changes}], columns=list(COLUMNS))
    config = load_settings(["world=rumor"])[1]
    return Costs(Estimate("run", config, table, {}, 1, 1000), Rate(100.0, "as stated", True), 2.0, 10.0)


@pytest.mark.parametrize("settings", [RUMOR, MARKET, (*MARKET, "seeds=[3,5]", "cache=false")])
def test_an_estimate_of_a_run_by_rules_counts_exactly_its_decisions(settings: Sequence[str], run_dir: Path) -> None:
    overrides = [*settings, "mind=rule"]
    run = Run.start([*overrides, f"run_dir={run_dir}"])
    run.resume(Progress(), ignore)
    estimated = count(overrides)
    pd.testing.assert_frame_equal(counts_of_steps(estimated), logged_counts(run))
    reactions = pd.read_parquet(run_dir / "reactions" / "answers.parquet")
    assert estimated.total("decisions", "reactions") == len(reactions)


def test_an_estimate_of_a_comparison_has_all_arms_and_seeds_and_as_many_reactions(run_dir: Path) -> None:
    overrides = ["minds=[rule,random]", "seeds=[0,1]", "treatments={on: {}, forced: {reviews: forced}}", *MARKET[:-1]]
    run = comparison.start([*overrides, f"run_dir={run_dir}"])
    run.resume(Progress(), ignore)
    estimated = count(overrides)
    assert estimated.command == "compare"
    pd.testing.assert_frame_equal(counts_of_steps(estimated), logged_counts(run))
    reactions = pd.read_parquet(run_dir / "reactions" / "answers.parquet")
    assert estimated.total("decisions", "reactions") == len(reactions)
    assert estimated.total("questions") == 0


def test_settings_with_several_arms_are_those_of_a_comparison() -> None:
    assert load_settings(["world=rumor"])[0] == "run"
    assert load_settings(["world=rumor", "minds=[base,rule]"])[1].reactions == 60
    assert load_settings(["experiment=forced", "world=marketplace"])[0] == "compare"
    assert load_settings(["experiment=forced", "world=marketplace"], "run")[1].reactions == 8
    with pytest.raises(ConfigError, match="nothing to compare"):
        load_settings(["world=rumor", "minds=[rule]"], "compare")


def test_a_model_is_asked_what_rule_agents_were_asked_and_the_others_cost_nothing() -> None:
    overrides = [*RUMOR, "minds=[server,rule,random]", "seeds=[0]", *SERVER]
    estimated = count(overrides)
    sums: Any = estimated.counts.groupby("arm")[["decisions", "questions", "prompt_tokens", "cached_tokens"]].sum()
    assert sums.loc["server", "questions"] == sums.loc["server", "decisions"] == sums.loc["rule", "decisions"] > 0
    assert sums.loc[["rule", "random"], ["questions", "prompt_tokens"]].to_numpy().sum() == 0
    assert sums.loc["server", "prompt_tokens"] > 100 * sums.loc["server", "questions"]
    assert sums.loc["server", "cached_tokens"] == 0
    assert set(cost_table(estimated)["arm"]) == {"server"}


def test_the_bound_on_tokens_is_the_one_that_prompts_have() -> None:
    prompts = [Prompt("Du bist jemand.", "Zürich?\nja: A", "Answer:"), Prompt("", "a", ""), Prompt("abc", "", "")]
    assert [len(tokens) for tokens in cut_by_bound(prompts)] == [prompt.num_tokens() for prompt in prompts]
    first, second = cut_by_bound([Prompt("Same preamble here.", "one", ""), Prompt("Same preamble here.", "two", "")])
    assert first[:7] == second[:7]
    assert first != second


@pytest.mark.parametrize(
    ("tokens", "adapter", "hits"),
    [
        ([*range(10)], "", 8),
        ([*range(8)], "", 4),  # the last token is always computed, and with it its block
        ([*range(4), 99, *range(5, 10)], "", 4),
        ([99, *range(1, 10)], "", 0),
        ([*range(10)], "tuned", 0),
        ([*range(3)], "", 0),
    ],
)
def test_a_prompt_takes_over_the_blocks_that_it_begins_with(tokens: list[int], adapter: str, hits: int) -> None:
    prefixes = PrefixCache(4)
    assert prefixes.read([*range(10)], "") == 0
    assert prefixes.read(tokens, adapter) == hits


def test_a_full_cache_gives_up_what_was_not_read_for_longest() -> None:
    prefixes = PrefixCache(2, capacity=4)
    first, second, third = [1, 1, 1, 1, 0], [2, 2, 2, 2, 0], [3, 3, 0]
    assert [prefixes.read(prompt, "") for prompt in (first, second, first, third)] == [0, 0, 4, 0]
    assert prefixes.read(first, "") == 4
    assert prefixes.read(second, "") == 2  # its end went first, so that its beginning can still be shared


def test_time_and_price_follow_from_the_counts() -> None:
    costs = cost_of({})
    assert costs.typical_output == pytest.approx(100 + 0.7 * 400)
    assert costs.seconds == pytest.approx((2000 + 380) / 100)
    assert costs.dollars == pytest.approx(((3000 * 2 + 380 * 10) / 1e6, (3000 * 2 + 500 * 10) / 1e6))
    text = " ".join(describe_costs(costs, []))
    assert "The answers take about 23.8 s at 100 new tokens per second, as stated; if one GPU gives that rate" in text
    assert "33.3 % of them from the prefix cache" in text
    assert Costs(costs.estimate, None).seconds is None
    with pytest.raises(ConfigError, match="--price-input needs --price-output"):
        Costs(costs.estimate, None, price_input=1.0)


def write_manifest(run_dir: Path, folder: Path, changes: dict[str, Any]) -> None:
    """Put the manifest of a run, with changes, into the folder of another one."""
    node = json.loads((run_dir / "manifest.json").read_text(encoding="utf-8"))
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({**node, **changes}), encoding="utf-8")


def test_the_rate_is_that_of_the_latest_finished_run_with_this_model_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_dir: Path
) -> None:
    Run.start([*RUMOR, "mind=rule", f"run_dir={run_dir}"])
    monkeypatch.chdir(tmp_path)
    readings = count([*RUMOR, *SERVER]).readings
    assert find_rate(readings) is None
    engine = {"urls": ["http://localhost:8000/v1"], "served_model": "some-model"}
    totals = {"prompt_tokens": 9000, "cached_tokens": 1000, "output_tokens": 500, "seconds": 10.0}
    finished = {"status": "finished", "minds": {"main": {"model": "some-model@x", "engine": engine}}, "totals": totals}
    write_manifest(run_dir, tmp_path / "runs" / "right", {**finished, "started": 5.0})
    write_manifest(run_dir, tmp_path / "runs" / "unfinished", {**finished, "status": "running", "started": 6.0})
    write_manifest(run_dir, tmp_path / "runs" / "elsewhere", {**finished, "machine": {"cores": -1}, "started": 7.0})
    other = {"main": {"model": "other@x", "engine": {**engine, "served_model": "other"}}}
    write_manifest(run_dir, tmp_path / "runs" / "study" / "other", {**finished, "minds": other, "started": 8.0})
    rate = find_rate(readings)
    assert rate is not None
    assert (rate.tokens_per_s, rate.source) == (850.0, "measured in runs/right")
    assert environment()["machine"]["cores"] != -1


def test_the_command_says_what_it_would_cost_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["estimate", *RUMOR, *SERVER]
    assert main(arguments) == 0
    assert list(tmp_path.iterdir()) == []
    output = capsys.readouterr().out
    for sentence in ("Rule agents stand in for some-model", "an upper bound", "How long that takes is not known"):
        assert sentence in output
    prices = ["--rate", "50", "--price-input", "1", "--price-output", "2", "--to", "costs.json"]
    assert main([*arguments, *prices]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["costs.json"]
    node = json.loads((tmp_path / "costs.json").read_text(encoding="utf-8"))
    assert node["totals"]["questions"] == sum(row["questions"] for row in node["counts"]) > 0
    assert node["seconds"] == pytest.approx((node["totals"]["prompt_tokens"] + node["typical_output_tokens"]) / 50)
    assert node["dollars"]["typical"] > 0


def test_two_servers_are_counted_apart_and_have_no_speed_in_common() -> None:
    second = "extra_minds.big={_target_: agents.minds.server.ServerMind, urls: ['http://localhost:9/v1'], api: chat, "
    rest = "api_key_env: null, served_model: big-model, tokenizer: null, adapters: {}, temperature: 1.0, "
    limits = "text_temperature: 0.8, top_p: 1.0, min_p: 0.0, top_logprobs: 20, max_concurrency: 8, retries: 1, "
    mind = f"{second}{rest}{limits}backoff_s: 1.0, timeout_s: 9.0}}"
    estimated = count([*RUMOR, *SERVER, mind, "minds=[server,big]"])
    assert [reading.model for reading in estimated.readings.values()] == ["some-model", "big-model"]
    assert find_rate(estimated.readings) is None
    assert cost_table(estimated)["arm"].is_monotonic_decreasing  # server before big, as in `minds`
    asked: Any = estimated.counts.groupby("arm")["questions"].sum()
    assert asked["server"] == asked["big"] > 0


def test_a_world_in_which_nobody_is_asked_costs_nothing() -> None:
    nothing = cost_of({"decisions": 0, "questions": 0}).estimate
    empty = nothing._replace(counts=nothing.counts.iloc[:0])
    assert cost_table(empty).empty
    assert describe_costs(Costs(empty, None), [])[0] == "No language model is asked: 0 decisions cost no tokens."


@pytest.mark.parametrize("flags", [["--rate", "0"], ["--rate", "nan"], ["--price-input", "-1"], ["--as", "power"]])
def test_a_number_that_makes_no_sense_is_refused(flags: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["estimate", *RUMOR, *flags])


def test_a_file_that_cannot_be_written_and_settings_that_cannot_run_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["estimate", *RUMOR, "mind=rule", "--to", "nowhere/costs.json"]) == 1
    assert "cannot write --to nowhere/costs.json" in capsys.readouterr().err
    assert main(["estimate", "world=rumor", "mind=rule", "outcomes=[wealth]"]) == 1
    assert "wealth" in capsys.readouterr().err


class StoringMind(LanguageMind):
    """Answers by rules what a model would be asked, and stores it as a model's answers."""

    def _ask_engine(self, questions: Sequence[Question[Any]], jobs: Sequence[Job]) -> list[Answer]:
        answers = RuleMind(Rumor.rules).answer(questions)
        return [msgspec.structs.replace(answer, source="model", model="known") for answer in answers]


def test_what_the_answer_cache_holds_costs_nothing(tmp_path: Path) -> None:
    folder, file = tmp_path / "model", tmp_path / "answers.sqlite"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    overrides = [*RUMOR, "mind=base", f"model={folder}"]
    before = count(overrides)
    assert before.total("questions") == before.total("decisions") > 0
    assert not file.exists()
    config, cache = load_settings(overrides)[1], AnswerCache(file)
    context = MindContext(Rumor.rules, str(folder), file, ignore)
    settings = {name: value for name, value in config.mind.items() if name != "_target_"}
    stand_in = StandIns().build(VllmMind, settings, context)
    assert isinstance(stand_in, StandIn)
    mind = StoringMind(stand_in.engine, stand_in.sampling, cache)
    with closing(DecisionLog.create(tmp_path / "log.sqlite")) as log:
        Runner(build_worlds(config), lambda: mind, log, max_fallback_rate=0).run(config.steps)
    size = file.stat().st_size
    after = count(overrides)
    assert after.total("questions", "steps") == after.total("prompt_tokens", "steps") == 0
    assert after.total("cached_answers", "steps") == before.total("decisions", "steps")
    assert after.total("questions", "reactions") > 0  # with another level of the fact, the question is a new one
    assert count([*overrides, "cache=false"]).total("cached_answers") == 0
    assert file.stat().st_size == size


@pytest.mark.engine
def test_tokens_are_those_that_an_engine_logs(run_dir: Path) -> None:
    world = ["world=rumor", "population.size=20", "steps=1", "reactions=0"]
    overrides = [*world, "mind=humanllm", "cache=false", "mind.kv_cache_gib=0.5"]
    run = Run.start([*overrides, f"run_dir={run_dir}"])
    run.resume(Progress(), ignore)
    counts = ["decisions", "questions", "prompt_tokens", "cached_tokens", "output_tokens"]
    first: Any = count(overrides).counts[counts].iloc[0]  # the first round, before agents can differ
    with closing(sqlite3.connect(run_dir / "decisions.sqlite")) as log:
        row = log.execute(
            "SELECT count(*), count(*), sum(prompt_tokens), sum(cached_tokens), sum(output_tokens) FROM decision "
            "WHERE batch = 0"
        ).fetchone()
    assert tuple(first) == row
