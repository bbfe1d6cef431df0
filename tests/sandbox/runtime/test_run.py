"""Runs as folders: repeated, resumed, branched, replayed, with mixed minds."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import msgspec
import pandas as pd
import pytest

from sandbox.core.answer import Answer
from sandbox.core.mind import RuleMind
from sandbox.core.question import Question
from sandbox.errors import ConfigError, ContractError, DataError
from sandbox.runtime.assembly import build_worlds
from sandbox.runtime.beginning import make_new_folder
from sandbox.runtime.config import load_run_config
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.run import LOG, Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides

Row = dict[str, Any]


def finish(run: Run) -> Run:
    """Run to the end in silence."""
    run.resume(Progress(), lambda _: None)
    return Run(run.folder)


def run_to_end(overrides: Sequence[str]) -> Run:
    """Run from start to end."""
    return finish(Run.start(overrides))


def run_branch(run: Run, step: int, *overrides: str) -> Run:
    """Run a branch to its end, in a new folder beside its parent."""
    number = 1 + sum(1 for _ in run.folder.parent.iterdir())
    return finish(run.branch(step, overrides, run.folder.parent / f"branch-{number}"))


def decisions(run: Run) -> list[Row]:
    """Return all decisions with all columns."""
    log = run.log()
    try:
        return list(log.decisions())
    finally:
        log.close()


def interventions_of(run: Run) -> list[tuple[str, int, int, str]]:
    log = run.log()
    try:
        return log.interventions()
    finally:
        log.close()


def rows_before(run: Run, step: int) -> list[Row]:
    return [row for row in decisions(run) if row["step"] < step]


def rows_since(run: Run, step: int) -> list[Row]:
    return [row for row in decisions(run) if row["step"] >= step]


def csv_files(run: Run) -> dict[str, bytes]:
    """Return everything in the folder that can be reproduced from the log."""
    return {path.name: path.read_bytes() for path in sorted(run.folder.rglob("*.csv"))}


def metrics_of(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "metrics.csv")


@pytest.fixture
def run(rule_market: Overrides) -> Run:
    return run_to_end(rule_market())


def test_a_run_leaves_all_that_is_needed_to_repeat_it(run: Run, rule_market: Overrides) -> None:
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["status"] == "finished"
    assert manifest["overrides"] == rule_market()
    assert {"sandbox", "python", "mesa", "numpy", "networkx"} <= set(manifest["versions"])
    assert manifest["commit"]
    assert manifest["machine"]["cores"] >= 1
    assert manifest["minds"] == {"main": {"mind": "rule"}}
    assert manifest["totals"]["decisions"] == len(decisions(run)) > 50
    assert manifest["wall_s"] > 0
    [segment] = manifest["segments"]
    assert segment["from_step"] == 0
    assert segment["config"]["seeds"] == [0]
    assert segment["config"]["world"]["ranking"] == "relevance"
    assert run.manifest.segments[0].config == load_run_config(rule_market())


def test_a_run_leaves_metrics_of_every_step_and_tables(run: Run) -> None:
    assert metrics_of(run)["step"].tolist() == list(range(5))
    assert {"metrics.csv", "buyers.csv", "sellers.csv"} <= set(csv_files(run))
    resumed, replayed = Run(run.folder).results(), run.replay()
    assert len(resumed.metrics) == 5
    assert replayed[0].now == 5


@pytest.mark.parametrize("mind", ["rule", "random"])
@pytest.mark.parametrize("world", ["marketplace", "rumor"])
def test_two_runs_of_one_configuration_are_equal(tmp_path: Path, rule_market: Overrides, world: str, mind: str) -> None:
    two_runs = [
        run_to_end(rule_market(f"world={world}", f"mind={mind}", "seeds=[3,4]", f"run_dir={tmp_path / name}"))
        for name in "ab"
    ]
    assert decisions(two_runs[0]) == decisions(two_runs[1])
    assert decisions(two_runs[0])
    assert csv_files(two_runs[0]) == csv_files(two_runs[1])


def test_replicates_are_the_single_runs_of_their_seeds(tmp_path: Path, rule_market: Overrides) -> None:
    joint_run = run_to_end(rule_market("seeds=[0,1,2]"))
    for seed in range(3):
        single_run = run_to_end(rule_market(f"seeds=[{seed}]", f"run_dir={tmp_path / str(seed)}"))
        replicate_rows = [row for row in decisions(joint_run) if (row["arm"], row["seed"]) == ("main", seed)]
        assert [without_place(row) for row in replicate_rows] == [without_place(row) for row in decisions(single_run)]
        assert replicate_rows
        replicate_metrics = metrics_of(joint_run).query("seed == @seed").reset_index(drop=True)
        pd.testing.assert_frame_equal(replicate_metrics, metrics_of(single_run), check_exact=True)


def without_place(row: Row) -> Row:
    """Return a decision without its number in the log, which counts other replicates too."""
    return {name: value for name, value in row.items() if name not in ("batch", "position_in_batch")}


def test_replicates_differ(rule_market: Overrides) -> None:
    run = run_to_end(rule_market("seeds=[0,1]"))
    replicate_metrics = metrics_of(run).drop(columns=["arm", "step"]).groupby("seed")
    assert (
        replicate_metrics.get_group(0)["mean_price"].tolist() != replicate_metrics.get_group(1)["mean_price"].tolist()
    )


def test_resuming_a_finished_run_changes_nothing(run: Run) -> None:
    state = (
        decisions(run),
        csv_files(run),
        (run.folder / "manifest.json").read_bytes(),
        (run.folder / LOG).read_bytes(),
    )
    finish(Run(run.folder))
    assert (decisions(run), csv_files(run)) == state[:2]
    assert ((run.folder / "manifest.json").read_bytes(), (run.folder / LOG).read_bytes()) == state[2:]


def test_a_folder_that_holds_a_run_is_refused_and_left_alone(run: Run, rule_market: Overrides) -> None:
    state = (decisions(run), (run.folder / "manifest.json").read_bytes())
    with pytest.raises(DataError, match="already holds a run; resume it or choose another run_dir"):
        Run.start(rule_market("world.tax=0.2"))
    with pytest.raises(DataError, match="already holds a run"):
        run.branch(2, [], run.folder)
    assert state == (decisions(run), (run.folder / "manifest.json").read_bytes())


def test_runs_that_begin_in_one_second_have_folders_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sandbox.paths.datetime", _Noon)
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(make_new_folder, ["rumor"] * 40))
    assert {folder.name for folder in folders} == {
        "rumor-20261124-120000",
        *(f"rumor-20261124-120000-{number}" for number in range(2, 41)),
    }


class _Noon(datetime):
    """A clock that has stopped."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 24, 12, tzinfo=tz or UTC)

    def astimezone(self, tz: tzinfo | None = None) -> Self:
        return self


def stop_early(run: Run, monkeypatch: pytest.MonkeyPatch, batches: int) -> Run:
    """Stop a run before it asks more than `batches` batches."""
    answer, remaining = RuleMind.answer, iter(range(batches))

    def answer_until_stopped(mind: RuleMind, questions: Sequence[Question[Any]]) -> list[Answer]:
        if next(remaining, None) is None:
            raise KeyboardInterrupt
        return answer(mind, questions)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(RuleMind, "answer", answer_until_stopped)
        finish(run)
    return Run(run.folder)


def test_a_branch_of_an_unfinished_run_begins_no_later_than_its_half_done_step(
    rule_market: Overrides, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = stop_early(Run.start(rule_market()), monkeypatch, 8)
    last = decisions(run)[-1]["step"]
    with pytest.raises(ConfigError, match=rf"from 1 to {last} \(0-based steps\); .* incomplete: resume the run first"):
        run.branch(last + 1, [], tmp_path / "late")
    branch = run.branch(last, ["mind=random"], tmp_path / "branch")
    assert {row["source"] for row in decisions(finish(branch)) if row["step"] >= last} == {"random"}
    finish(run)
    assert Run(run.folder).branch(5, ["steps=6"], tmp_path / "after").manifest.segments[-1].from_step == 5


def describe_weights(weights: str, **engine: int) -> Any:
    return lambda _: {"mind": "rule", "model": f"m@{weights}", "adapters": {"a": "m@1+2"}, "engine": engine}


def test_a_run_does_not_go_on_with_other_weights(
    rule_market: Overrides, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(RuleMind, "describe", describe_weights("1", memory=1))
    run = stop_early(Run.start(rule_market()), monkeypatch, 8)
    state = (decisions(run), (run.folder / "manifest.json").read_bytes())
    monkeypatch.setattr(RuleMind, "describe", describe_weights("2", memory=1))
    with pytest.raises(ContractError, match="model of the mind main is 'm@2', was 'm@1'; restore the earlier one"):
        finish(run)
    assert (decisions(run), (run.folder / "manifest.json").read_bytes()) == state
    branch = finish(Run(run.folder).branch(1, [], tmp_path / "branch"))
    assert branch.manifest.minds["main"]["model"] == "m@2"
    monkeypatch.setattr(RuleMind, "describe", describe_weights("1", memory=2))
    assert finish(Run(run.folder)).manifest.minds["main"]["engine"] == {"memory": 2}


def test_a_run_that_has_no_answers_yet_may_begin_with_other_weights(
    rule_market: Overrides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RuleMind, "describe", describe_weights("1"))
    run = stop_early(Run.start(rule_market()), monkeypatch, 0)
    monkeypatch.setattr(RuleMind, "describe", describe_weights("2"))
    assert finish(run).manifest.minds["main"]["model"] == "m@2"


def test_each_run_of_a_process_tells_its_own_time(run: Run, rule_market: Overrides, tmp_path: Path) -> None:
    time.sleep(0.5)
    began = time.time()
    second = run_to_end(rule_market(f"run_dir={tmp_path / 'second'}"))
    assert 0 < second.manifest.wall_s < time.time() - began


def test_a_resumed_run_counts_the_time_of_all_its_sessions(
    rule_market: Overrides, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stop_early(Run.start(rule_market()), monkeypatch, 4)
    (first_session,) = Run(run.folder).manifest.sessions
    first_batches = [end for *_, end in run.log().batches()]
    time.sleep(0.3)
    manifest = finish(Run(run.folder)).manifest
    assert len(manifest.sessions) == 2
    second = manifest.wall_s - (first_batches[-1] - first_session)
    assert 0 < second < time.time() - manifest.sessions[1], "the time between the sessions does not count"


def test_a_branch_may_name_who_is_there_when_it_begins(rule_market: Overrides, tmp_path: Path) -> None:
    run = run_to_end(rule_market("world.rent=1000", "world.entry=1"))
    intervention = "interventions=[{{step: 3, do: message, text: hello, to: [{}]}}]"
    newest = max(row["agent"] for row in decisions(run) if row["step"] == 3)
    assert newest > 32
    assert len(interventions_of(run_branch(run, 3, intervention.format(newest)))) == 1
    with pytest.raises(ConfigError, match="there is no agent 999 at step 3"):
        run.branch(3, [intervention.format(999)], tmp_path / "refused")
    assert not (tmp_path / "refused").exists()


@pytest.mark.parametrize("step", range(1, 6))
def test_a_branch_without_changes_is_its_parent(run: Run, step: int) -> None:
    branch = run_branch(run, step)
    assert decisions(branch) == decisions(run)
    assert csv_files(branch) == csv_files(run)
    assert interventions_of(branch) == interventions_of(run)


def test_a_branch_leaves_its_parent_as_it_was(run: Run) -> None:
    state = (decisions(run), csv_files(run), (run.folder / LOG).read_bytes())
    run_branch(run, 3, "world.ranking=price")
    assert (decisions(run), csv_files(run), (run.folder / LOG).read_bytes()) == state


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize(
    "change", ["world.ranking=price", "world.show_prices=false", "mind=random", "assignment.buyer=luck"]
)
def test_a_branch_differs_from_its_step_on_and_not_before(run: Run, step: int, change: str) -> None:
    more = ["+mind@extra_minds.luck=random"] if change.startswith("assignment") else []
    branch = run_branch(run, step, change, *more)
    assert rows_before(branch, step) == rows_before(run, step)
    assert {row["round"] for row in rows_before(branch, step) if row["step"] == step - 1} >= {0, 1, 2}
    assert rows_since(branch, step) != rows_since(run, step)
    unchanged = metrics_of(branch).loc[: step - 1]
    pd.testing.assert_frame_equal(unchanged, metrics_of(run).loc[: step - 1], check_exact=True)
    assert not metrics_of(branch).loc[step:].equals(metrics_of(run).loc[step:])


def test_a_branch_with_other_minds_is_answered_by_them(run: Run) -> None:
    branch = run_branch(run, 2, "mind=random")
    assert {row["source"] for row in rows_before(branch, 2)} == {"rule"}
    assert {row["source"] for row in rows_since(branch, 2)} == {"random"}
    assert branch.manifest.minds == {"main": {"mind": "random"}}


def test_a_branch_can_go_on_for_longer(run: Run, rule_market: Overrides, tmp_path: Path) -> None:
    longer = run_branch(run, 5, "steps=8")
    complete = run_to_end(rule_market("steps=8", f"run_dir={tmp_path / 'complete'}"))
    assert decisions(longer) == decisions(complete)
    assert csv_files(longer) == csv_files(complete)


def test_a_branch_of_a_branch_keeps_both_changes(run: Run) -> None:
    first = run_branch(run, 2, "world.ranking=price")
    second = run_branch(first, 4, "world.reviews=forced")
    assert rows_before(second, 2) == rows_before(run, 2)
    assert rows_before(second, 4) == rows_before(first, 4)
    assert rows_since(second, 4) != rows_since(first, 4)
    assert [part.from_step for part in second.manifest.segments] == [0, 2, 4]
    assert second.manifest.segments[-1].config.world["ranking"] == "price"
    assert decisions(run_branch(second, 4)) == decisions(second)
    assert decisions(run_branch(second, 5)) == decisions(second)


def test_a_branch_does_not_begin_before_its_parent_did(run: Run) -> None:
    branch = run_branch(run, 3, "world.ranking=price")
    with pytest.raises(ConfigError, match="--at 2 lies before step 3, where this branch began; branch its parent"):
        branch.branch(2, [])
    resumed = run_branch(branch, 3, "world.ranking=rating")
    assert [part.from_step for part in resumed.manifest.segments] == [0, 3]


def test_a_branch_equals_the_run_that_had_the_event_from_the_start(
    run: Run, rule_market: Overrides, tmp_path: Path
) -> None:
    intervention = "interventions=[{step: 3, do: tax, rate: 0.3}]"
    complete = run_to_end(rule_market(intervention, f"run_dir={tmp_path / 'complete'}"))
    branch = run_branch(run, 3, intervention)
    assert decisions(branch) == decisions(complete)
    assert csv_files(branch) == csv_files(complete)
    assert interventions_of(branch) == interventions_of(complete) == [("main", 0, 3, 'Tax {"step":3,"rate":0.3}')]
    assert metrics_of(branch)["seller_money"].tolist()[:3] == metrics_of(run)["seller_money"].tolist()[:3]
    assert metrics_of(branch)["seller_money"].tolist()[3] < metrics_of(run)["seller_money"].tolist()[3]


def test_what_was_scheduled_is_on_record_once_for_each_replicate(rule_market: Overrides) -> None:
    two = "[{step: 1, do: message, text: 'Sale, today', to: buyer}, {step: 4, do: set, params: {ranking: price}}]"
    run = finish(run_to_end(rule_market(f"interventions={two}", "seeds=[0,1]")))
    assert [(seed, step, what.split()[0]) for _, seed, step, what in interventions_of(run)] == [
        (0, 1, "Message"),
        (1, 1, "Message"),
        (0, 4, "SetParams"),
        (1, 4, "SetParams"),
    ]
    assert "Sale, today" in interventions_of(run)[0][3]


def test_a_run_with_events_replays(rule_market: Overrides) -> None:
    run = run_to_end(rule_market("interventions=[{step: 3, do: tax, rate: 0.3}]"))
    [world] = run.replay()
    assert world.params.tax == 0.3
    assert run.replay(3)[0].params.tax == 0


@pytest.mark.parametrize(
    ("step", "overrides", "says"),
    [
        (3, ["world.num_sellers=5"], "world.num_sellers shapes the world when it is created"),
        (3, ["world.start_cash=1"], "world.start_cash shapes the world when it is created"),
        (3, ["seeds=[1]"], "seeds shapes a run from its first step"),
        (3, ["population.size=30"], "population shapes a run from its first step"),
        (3, ["graph=scale_free"], "graph shapes a run from its first step"),
        (3, ["memory.recent=32"], "memory shapes a run from its first step"),
        (3, ["world=rumor"], "a branch stays in its world"),
        (0, [], "--at 0 must lie in the run's log, from 1 to 5"),
        (6, [], "--at 6 must lie in the run's log, from 1 to 5"),
        (-1, [], "--at -1 must lie in the run's log, from 1 to 5"),
        (3, ["world.tax=2"], "world.tax: Input should be less than 1, found 2"),
        (
            3,
            ["interventions=[{step: 9, do: tax, rate: 0.1}]"],
            r"interventions\[0\].step is 9 but the run ends before it",
        ),
        (
            3,
            ["interventions=[{step: 1, do: tax, rate: 0.1}]"],
            "intervention at step 1 would change what came before --at 3",
        ),
        (3, ["assignment.buyer=vlm"], "assignment.buyer: unknown mind 'vlm'"),
        (3, ["assignment.seler=rule"], "assignment: unknown role 'seler'.*Did you mean 'seller'"),
    ],
)
def test_a_branch_that_cannot_be_is_refused(run: Run, step: int, overrides: list[str], says: str) -> None:
    folder = run.folder.parent / "refused"
    with pytest.raises(ConfigError, match=says):
        run.branch(step, overrides, folder)
    assert not folder.exists()


def test_a_past_event_may_stay_in_a_branch(rule_market: Overrides) -> None:
    run = run_to_end(rule_market("interventions=[{step: 1, do: tax, rate: 0.1}]"))
    branch = run_branch(run, 3, "interventions=[{step: 1, do: tax, rate: 0.1}, {step: 3, do: tax, rate: 0.5}]")
    assert [step for _, _, step, _ in interventions_of(branch)] == [1, 3]
    assert rows_before(branch, 3) == rows_before(run, 3)


def test_a_branch_may_name_its_folder_among_its_overrides(run: Run) -> None:
    folder = run.folder.parent / "named"
    assert run.branch(3, [f"run_dir={folder}", "world.tax=0.1"]).folder == folder


def test_a_replay_shows_the_past(run: Run) -> None:
    for step in range(6):
        [world] = run.replay(step)
        assert world.now == step
        if step:
            logged = metrics_of(run).drop(columns=["arm", "seed", "step"]).loc[step - 1].to_dict()
            known = {name: value for name, value in logged.items() if not pd.isna(value)}
            replayed = {name: value for name, value in world.latest_metrics.items() if value is not None}
            assert replayed == pytest.approx(known)


def test_a_replay_of_an_unfinished_run_stops_where_its_log_does(run: Run, tmp_path: Path) -> None:
    branch = run.branch(3, [], tmp_path / "unfinished")
    assert branch.replay()[0].now == 3
    assert len(branch.results().metrics) == 3
    assert branch.manifest.status == "running"


@pytest.fixture
def mixed_run(rule_market: Overrides) -> Run:
    return run_to_end(
        rule_market(
            "population.size=120",
            "+mind@extra_minds.luck=random",
            "assignment={buyer: {rule: 0.25, luck: 0.75}, seller: luck}",
        )
    )


def test_minds_are_assigned_in_the_declared_shares(mixed_run: Run) -> None:
    minds = {row["agent"]: (row["role"], row["mind"]) for row in decisions(mixed_run)}
    buyers = [mind for role, mind in minds.values() if role == "buyer"]
    assert len(buyers) > 80
    assert buyers.count("rule") / len(buyers) == pytest.approx(0.25, abs=0.12)
    assert {mind for role, mind in minds.values() if role == "seller"} == {"luck"}
    assert mixed_run.manifest.minds == {"main": {"mind": "rule"}, "luck": {"mind": "random"}}


def test_every_agent_keeps_its_mind(mixed_run: Run) -> None:
    assert {(row["mind"], row["source"]) for row in decisions(mixed_run)} == {("rule", "rule"), ("luck", "random")}
    for _, agent_rows in groupby(sorted(decisions(mixed_run), key=_agent), _agent):
        assert len({row["mind"] for row in agent_rows}) == 1


def _agent(row: Row) -> int:
    return row["agent"]


def test_an_agents_answers_do_not_depend_on_the_minds_of_other_agents(
    mixed_run: Run, rule_market: Overrides, tmp_path: Path
) -> None:
    """An agent's answers to the first questions are the same among agents of another kind."""
    single_run = run_to_end(rule_market("population.size=120", f"run_dir={tmp_path / 'single_run'}"))
    first = {(row["agent"], row["hash"]): row["value"] for row in decisions(single_run) if row["step"] == 0}
    unchanged = [
        row["value"] == first[key]
        for row in rows_before(mixed_run, 1)
        if row["mind"] == "rule" and (key := (row["agent"], row["hash"])) in first
    ]
    assert all(unchanged)
    assert len(unchanged) > 10


def test_arms_of_one_seed_share_graph_people_and_wants(rule_market: Overrides, tmp_path: Path) -> None:
    arms = [rule_market(f"world.ranking={name}", f"run_dir={tmp_path / name}") for name in ("price", "random")]
    first, second = (build_worlds(load_run_config(arm))[0] for arm in arms)
    assert sorted(first.network.G.edges) == sorted(second.network.G.edges)
    assert list(first.profiles) == list(second.profiles)
    wants = [dict(_wants(run_to_end(arm))) for arm in arms]
    common = set(wants[0]) & set(wants[1])
    assert len(common) > 20
    assert all(wants[0][key] == wants[1][key] for key in common)


def _wants(run: Run) -> Iterator[tuple[tuple[int, int], str]]:
    """(agent, step) and the category that this agent then looked for."""
    for row in decisions(run):
        if row["template"] == "marketplace/choose":
            _, facts, _ = msgspec.json.decode(row["content"])
            yield (row["agent"], row["step"]), facts["category"]


def test_other_seeds_have_other_graphs_and_people(rule_market: Overrides) -> None:
    first, second = build_worlds(load_run_config(rule_market("seeds=[0,1]")))
    assert list(first.profiles) != list(second.profiles)
    assert sorted(first.network.G.edges) != sorted(second.network.G.edges)


def test_a_run_whose_log_another_process_writes_is_left_alone(run: Run) -> None:
    lock_holder = DecisionLog.open(run.folder / LOG, write=True)
    with pytest.raises(Exception, match="another process is writing"):
        Run(run.folder).resume(Progress(), lambda _: None)
    lock_holder.close()
    assert len(decisions(run)) > 50
