"""Runs as folders: repeated, resumed, branched, replayed, cast."""

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

from sandbox.assembly import make_worlds
from sandbox.errors import ConfigError, ContractError, DataError
from sandbox.log import DecisionLog
from sandbox.mind import RuleMind
from sandbox.question import Answer, Question
from sandbox.run import LOG, Run, _new_folder, read_config
from sandbox.runner import Progress
from tests.conftest import Overrides

Row = dict[str, Any]


def finish(run: Run) -> Run:
    """Run to the end in silence."""
    run.go_on(Progress(), lambda _: None)
    return Run(run.folder)


def played(overrides: Sequence[str]) -> Run:
    """A whole run."""
    return finish(Run.start(overrides))


def branched(run: Run, step: int, *overrides: str) -> Run:
    """A whole branch, in a new folder beside its parent."""
    number = 1 + sum(1 for _ in run.folder.parent.iterdir())
    return finish(run.branch(step, overrides, run.folder.parent / f"branch-{number}"))


def rows(run: Run) -> list[Row]:
    """All decisions, all columns."""
    log = run.log()
    try:
        return list(log.decisions())
    finally:
        log.close()


def events(run: Run) -> list[tuple[str, int, str]]:
    log = run.log()
    try:
        return log.events()
    finally:
        log.close()


def before(run: Run, step: int) -> list[Row]:
    return [row for row in rows(run) if row["step"] < step]


def since(run: Run, step: int) -> list[Row]:
    return [row for row in rows(run) if row["step"] >= step]


def files(run: Run) -> dict[str, bytes]:
    """Everything in the folder that is made again from the log."""
    return {path.name: path.read_bytes() for path in sorted(run.folder.rglob("*.csv"))}


def metrics(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "metrics.csv")


@pytest.fixture
def run(ruled: Overrides) -> Run:
    return played(ruled())


def test_a_run_leaves_all_that_is_needed_to_repeat_it(run: Run, ruled: Overrides) -> None:
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["status"] == "finished"
    assert manifest["overrides"] == ruled()
    assert {"sandbox", "python", "mesa", "numpy", "networkx"} <= set(manifest["versions"])
    assert manifest["commit"]
    assert manifest["machine"]["cores"] >= 1
    assert manifest["minds"] == {"main": {"mind": "rule"}}
    assert manifest["totals"]["decisions"] == len(rows(run)) > 50
    assert manifest["wall_s"] > 0
    [segment] = manifest["segments"]
    assert segment["from_step"] == 0
    assert segment["config"]["seeds"] == [0]
    assert segment["config"]["world"]["ranking"] == "relevance"
    assert run.manifest.segments[0].config == read_config(ruled())


def test_a_run_leaves_metrics_of_every_step_and_tables(run: Run) -> None:
    assert metrics(run)["step"].tolist() == list(range(5))
    assert {"metrics.csv", "buyers.csv", "sellers.csv"} <= set(files(run))
    again, replayed = Run(run.folder).results(), run.replay()
    assert len(again.metrics) == 5
    assert replayed[0].now == 5


@pytest.mark.parametrize("mind", ["rule", "random"])
@pytest.mark.parametrize("world", ["marketplace", "rumor"])
def test_two_runs_of_one_configuration_are_equal(tmp_path: Path, ruled: Overrides, world: str, mind: str) -> None:
    both = [
        played(ruled(f"world={world}", f"mind={mind}", "seeds=[3,4]", f"run_dir={tmp_path / name}")) for name in "ab"
    ]
    assert rows(both[0]) == rows(both[1])
    assert rows(both[0])
    assert files(both[0]) == files(both[1])


def test_replicates_are_the_single_runs_of_their_seeds(tmp_path: Path, ruled: Overrides) -> None:
    together = played(ruled("seeds=[0,1,2]"))
    for seed in range(3):
        alone = played(ruled(f"seeds=[{seed}]", f"run_dir={tmp_path / str(seed)}"))
        mine = [row for row in rows(together) if row["replicate"] == f"main/{seed}"]
        assert [_placeless(row) for row in mine] == [_placeless(row) for row in rows(alone)]
        assert mine
        found = metrics(together).query("seed == @seed").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, metrics(alone), check_exact=True)


def _placeless(row: Row) -> Row:
    """A decision without its number in the log, which counts other replicates too."""
    return {name: value for name, value in row.items() if name not in ("batch", "place")}


def test_replicates_differ(ruled: Overrides) -> None:
    run = played(ruled("seeds=[0,1]"))
    found = metrics(run).drop(columns=["arm", "step"]).groupby("seed")
    assert found.get_group(0)["mean_price"].tolist() != found.get_group(1)["mean_price"].tolist()


def test_resuming_a_finished_run_changes_nothing(run: Run) -> None:
    was = (rows(run), files(run), (run.folder / "manifest.json").read_bytes(), (run.folder / LOG).read_bytes())
    finish(Run(run.folder))
    assert (rows(run), files(run)) == was[:2]
    assert ((run.folder / "manifest.json").read_bytes(), (run.folder / LOG).read_bytes()) == was[2:]


def test_a_folder_that_holds_a_run_is_refused_and_left_alone(run: Run, ruled: Overrides) -> None:
    was = (rows(run), (run.folder / "manifest.json").read_bytes())
    with pytest.raises(DataError, match="holds a run already; resume it or choose another run_dir"):
        Run.start(ruled("world.tax=0.2"))
    with pytest.raises(DataError, match="holds a run already"):
        run.branch(2, [], run.folder)
    assert was == (rows(run), (run.folder / "manifest.json").read_bytes())


def test_runs_that_begin_in_one_second_have_folders_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sandbox.run.datetime", _Noon)
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(_new_folder, ["rumor"] * 40))
    assert {folder.name for folder in folders} == {
        "rumor-20261124-120000",
        *(f"rumor-20261124-120000-{number}" for number in range(2, 41)),
    }


class _Noon(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 24, 12, tzinfo=tz or UTC)

    def astimezone(self, tz: tzinfo | None = None) -> Self:
        return self


def stopped(run: Run, monkeypatch: pytest.MonkeyPatch, batches: int) -> Run:
    """Stop a run before it asks more than so many batches."""
    answer, left = RuleMind.answer, iter(range(batches))

    def answered(mind: RuleMind, questions: Sequence[Question]) -> list[Answer]:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return answer(mind, questions)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(RuleMind, "answer", answered)
        finish(run)
    return Run(run.folder)


def test_a_branch_of_an_unfinished_run_begins_no_later_than_its_half_done_step(
    ruled: Overrides, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = stopped(Run.start(ruled()), monkeypatch, 8)
    last = rows(run)[-1]["step"]
    with pytest.raises(ConfigError, match=rf"from 1 to {last} \(0-based steps\); .* half done: resume the run first"):
        run.branch(last + 1, [], tmp_path / "late")
    branch = run.branch(last, ["mind=random"], tmp_path / "branch")
    assert {row["source"] for row in rows(finish(branch)) if row["step"] >= last} == {"random"}
    finish(run)
    assert Run(run.folder).branch(5, ["steps=6"], tmp_path / "after").manifest.segments[-1].from_step == 5


def weighing(weights: str, **engine: int) -> Any:
    return lambda _: {"mind": "rule", "model": f"m@{weights}", "adapters": {"a": "m@1+2"}, "engine": engine}


def test_a_run_does_not_go_on_with_other_weights(
    ruled: Overrides, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(RuleMind, "describe", weighing("1", memory=1))
    run = stopped(Run.start(ruled()), monkeypatch, 8)
    was = (rows(run), (run.folder / "manifest.json").read_bytes())
    monkeypatch.setattr(RuleMind, "describe", weighing("2", memory=1))
    with pytest.raises(ContractError, match="model of the voice main is 'm@2', was 'm@1'; bring that one back"):
        finish(run)
    assert (rows(run), (run.folder / "manifest.json").read_bytes()) == was
    branch = finish(Run(run.folder).branch(1, [], tmp_path / "branch"))
    assert branch.manifest.minds["main"]["model"] == "m@2"
    monkeypatch.setattr(RuleMind, "describe", weighing("1", memory=2))
    assert finish(Run(run.folder)).manifest.minds["main"]["engine"] == {"memory": 2}


def test_a_run_that_has_no_answers_yet_may_begin_with_other_weights(
    ruled: Overrides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RuleMind, "describe", weighing("1"))
    run = stopped(Run.start(ruled()), monkeypatch, 0)
    monkeypatch.setattr(RuleMind, "describe", weighing("2"))
    assert finish(run).manifest.minds["main"]["model"] == "m@2"


def test_each_run_of_a_process_tells_its_own_time(run: Run, ruled: Overrides, tmp_path: Path) -> None:
    time.sleep(0.5)
    began = time.time()
    second = played(ruled(f"run_dir={tmp_path / 'second'}"))
    assert 0 < second.manifest.wall_s < time.time() - began


def test_a_branch_may_name_who_is_there_when_it_begins(ruled: Overrides, tmp_path: Path) -> None:
    run = played(ruled("world.rent=1000", "world.entry=1"))
    event = "events=[{{step: 3, do: message, text: hello, to: [{}]}}]"
    newest = max(row["agent"] for row in rows(run) if row["step"] == 3)
    assert newest > 32
    assert len(events(branched(run, 3, event.format(newest)))) == 1
    with pytest.raises(ConfigError, match="there is no agent 999 at step 3"):
        run.branch(3, [event.format(999)], tmp_path / "refused")
    assert not (tmp_path / "refused").exists()


@pytest.mark.parametrize("step", range(1, 6))
def test_a_branch_without_changes_is_its_parent(run: Run, step: int) -> None:
    branch = branched(run, step)
    assert rows(branch) == rows(run)
    assert files(branch) == files(run)
    assert events(branch) == events(run)


def test_a_branch_leaves_its_parent_as_it_was(run: Run) -> None:
    was = (rows(run), files(run), (run.folder / LOG).read_bytes())
    branched(run, 3, "world.ranking=price")
    assert (rows(run), files(run), (run.folder / LOG).read_bytes()) == was


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("change", ["world.ranking=price", "world.show_prices=false", "mind=random", "cast.buyer=luck"])
def test_a_branch_differs_from_its_step_on_and_not_before(run: Run, step: int, change: str) -> None:
    more = ["+mind@voices.luck=random"] if change.startswith("cast") else []
    branch = branched(run, step, change, *more)
    assert before(branch, step) == before(run, step)
    assert {row["round"] for row in before(branch, step) if row["step"] == step - 1} >= {0, 1, 2}
    assert since(branch, step) != since(run, step)
    same = metrics(branch).loc[: step - 1]
    pd.testing.assert_frame_equal(same, metrics(run).loc[: step - 1], check_exact=True)
    assert not metrics(branch).loc[step:].equals(metrics(run).loc[step:])


def test_a_branch_with_other_minds_is_answered_by_them(run: Run) -> None:
    branch = branched(run, 2, "mind=random")
    assert {row["source"] for row in before(branch, 2)} == {"rule"}
    assert {row["source"] for row in since(branch, 2)} == {"random"}
    assert branch.manifest.minds == {"main": {"mind": "random"}}


def test_a_branch_can_go_on_for_longer(run: Run, ruled: Overrides, tmp_path: Path) -> None:
    longer = branched(run, 5, "steps=8")
    whole = played(ruled("steps=8", f"run_dir={tmp_path / 'whole'}"))
    assert rows(longer) == rows(whole)
    assert files(longer) == files(whole)


def test_a_branch_of_a_branch_keeps_both_changes(run: Run) -> None:
    first = branched(run, 2, "world.ranking=price")
    second = branched(first, 4, "world.reviews=forced")
    assert before(second, 2) == before(run, 2)
    assert before(second, 4) == before(first, 4)
    assert since(second, 4) != since(first, 4)
    assert [part.from_step for part in second.manifest.segments] == [0, 2, 4]
    assert second.manifest.segments[-1].config.world["ranking"] == "price"
    assert rows(branched(second, 4)) == rows(second)
    assert rows(branched(second, 5)) == rows(second)


def test_a_branch_does_not_begin_before_its_parent_did(run: Run) -> None:
    branch = branched(run, 3, "world.ranking=price")
    with pytest.raises(ConfigError, match="--at 2 lies before step 3, where this branch began; branch its parent"):
        branch.branch(2, [])
    again = branched(branch, 3, "world.ranking=rating")
    assert [part.from_step for part in again.manifest.segments] == [0, 3]


def test_a_branch_equals_the_run_that_had_the_event_from_the_start(run: Run, ruled: Overrides, tmp_path: Path) -> None:
    event = "events=[{step: 3, do: tax, rate: 0.3}]"
    whole = played(ruled(event, f"run_dir={tmp_path / 'whole'}"))
    branch = branched(run, 3, event)
    assert rows(branch) == rows(whole)
    assert files(branch) == files(whole)
    assert events(branch) == events(whole) == [("main/0", 3, 'Tax {"step":3,"rate":0.3}')]
    assert metrics(branch)["seller_money"].tolist()[:3] == metrics(run)["seller_money"].tolist()[:3]
    assert metrics(branch)["seller_money"].tolist()[3] < metrics(run)["seller_money"].tolist()[3]


def test_what_was_scheduled_is_on_record_once_for_each_replicate(ruled: Overrides) -> None:
    two = "[{step: 1, do: message, text: 'Sale, today', to: buyer}, {step: 4, do: set, params: {ranking: price}}]"
    run = finish(played(ruled(f"events={two}", "seeds=[0,1]")))
    assert [(replicate, step, what.split()[0]) for replicate, step, what in events(run)] == [
        ("main/0", 1, "Message"),
        ("main/1", 1, "Message"),
        ("main/0", 4, "SetParams"),
        ("main/1", 4, "SetParams"),
    ]
    assert "Sale, today" in events(run)[0][2]


def test_a_run_with_events_replays(ruled: Overrides) -> None:
    run = played(ruled("events=[{step: 3, do: tax, rate: 0.3}]"))
    [world] = run.replay()
    assert world.params.tax == 0.3
    assert run.replay(3)[0].params.tax == 0


@pytest.mark.parametrize(
    ("step", "overrides", "says"),
    [
        (3, ["world.num_sellers=5"], "world.num_sellers shapes the world when it is made"),
        (3, ["world.start_cash=1"], "world.start_cash shapes the world when it is made"),
        (3, ["seeds=[1]"], "seeds shapes a run from its first step"),
        (3, ["population.size=30"], "population shapes a run from its first step"),
        (3, ["graph=scale_free"], "graph shapes a run from its first step"),
        (3, ["memory.recent=32"], "memory shapes a run from its first step"),
        (3, ["world=rumor"], "a branch stays in its world"),
        (0, [], "--at 0 must lie in the run's log, from 1 to 5"),
        (6, [], "--at 6 must lie in the run's log, from 1 to 5"),
        (-1, [], "--at -1 must lie in the run's log, from 1 to 5"),
        (3, ["world.tax=2"], "world.tax: Input should be less than 1, found 2"),
        (3, ["events=[{step: 9, do: tax, rate: 0.1}]"], r"events\[0\].step is 9 but the run ends before it"),
        (3, ["events=[{step: 1, do: tax, rate: 0.1}]"], "event at step 1 would change what came before --at 3"),
        (3, ["cast.buyer=vlm"], "cast.buyer: unknown voice 'vlm'"),
        (3, ["cast.seler=rule"], "cast: unknown role 'seler'.*Did you mean 'seller'"),
    ],
)
def test_a_branch_that_cannot_be_is_refused(run: Run, step: int, overrides: list[str], says: str) -> None:
    folder = run.folder.parent / "refused"
    with pytest.raises(ConfigError, match=says):
        run.branch(step, overrides, folder)
    assert not folder.exists()


def test_a_past_event_may_stay_in_a_branch(ruled: Overrides) -> None:
    run = played(ruled("events=[{step: 1, do: tax, rate: 0.1}]"))
    branch = branched(run, 3, "events=[{step: 1, do: tax, rate: 0.1}, {step: 3, do: tax, rate: 0.5}]")
    assert [step for _, step, _ in events(branch)] == [1, 3]
    assert before(branch, 3) == before(run, 3)


def test_a_branch_may_name_its_folder_among_its_overrides(run: Run) -> None:
    folder = run.folder.parent / "named"
    assert run.branch(3, [f"run_dir={folder}", "world.tax=0.1"]).folder == folder


def test_a_replay_shows_the_past(run: Run) -> None:
    for step in range(6):
        [world] = run.replay(step)
        assert world.now == step
        if step:
            assert world.latest == pytest.approx(dict(metrics(run).drop(columns=["arm", "seed", "step"]).loc[step - 1]))


def test_a_replay_of_an_unfinished_run_stops_where_its_log_does(run: Run, tmp_path: Path) -> None:
    branch = run.branch(3, [], tmp_path / "unfinished")
    assert branch.replay()[0].now == 3
    assert len(branch.results().metrics) == 3
    assert branch.manifest.status == "running"


@pytest.fixture
def mixed(ruled: Overrides) -> Run:
    return played(
        ruled(
            "population.size=120",
            "+mind@voices.luck=random",
            "cast={buyer: {rule: 0.25, luck: 0.75}, seller: luck}",
        )
    )


def test_a_cast_speaks_in_the_asked_shares(mixed: Run) -> None:
    voice = {row["agent"]: (row["role"], row["voice"]) for row in rows(mixed)}
    buyers = [one for role, one in voice.values() if role == "buyer"]
    assert len(buyers) > 80
    assert buyers.count("rule") / len(buyers) == pytest.approx(0.25, abs=0.12)
    assert {one for role, one in voice.values() if role == "seller"} == {"luck"}
    assert mixed.manifest.minds == {"main": {"mind": "rule"}, "luck": {"mind": "random"}}


def test_every_voice_is_answered_by_its_own_mind_for_good(mixed: Run) -> None:
    assert {(row["voice"], row["source"]) for row in rows(mixed)} == {("rule", "rule"), ("luck", "random")}
    for _, mine in groupby(sorted(rows(mixed), key=_agent), _agent):
        assert len({row["voice"] for row in mine}) == 1


def _agent(row: Row) -> int:
    return row["agent"]


def test_a_voice_does_not_depend_on_who_else_is_cast(mixed: Run, ruled: Overrides, tmp_path: Path) -> None:
    """A person's answers to the first questions are the same in a crowd of another kind."""
    alone = played(ruled("population.size=120", f"run_dir={tmp_path / 'alone'}"))
    first = {(row["agent"], row["hash"]): row["value"] for row in rows(alone) if row["step"] == 0}
    same = [
        row["value"] == first[key]
        for row in before(mixed, 1)
        if row["voice"] == "rule" and (key := (row["agent"], row["hash"])) in first
    ]
    assert all(same)
    assert len(same) > 10


def test_arms_of_one_seed_share_graph_people_and_wants(ruled: Overrides, tmp_path: Path) -> None:
    arms = [ruled(f"world.ranking={name}", f"run_dir={tmp_path / name}") for name in ("price", "random")]
    one, other = (make_worlds(read_config(arm))[0] for arm in arms)
    assert sorted(one.network.G.edges) == sorted(other.network.G.edges)
    assert list(one.people) == list(other.people)
    wants = [dict(_wants(played(arm))) for arm in arms]
    common = set(wants[0]) & set(wants[1])
    assert len(common) > 20
    assert all(wants[0][key] == wants[1][key] for key in common)


def _wants(run: Run) -> Iterator[tuple[tuple[int, int], str]]:
    """(agent, step) and the category that this agent then looked for."""
    for row in rows(run):
        if row["template"] == "marketplace/choose":
            _, facts, _ = msgspec.json.decode(row["content"])
            yield (row["agent"], row["step"]), facts["category"]


def test_other_seeds_have_other_graphs_and_people(ruled: Overrides) -> None:
    one, other = make_worlds(read_config(ruled("seeds=[0,1]")))
    assert list(one.people) != list(other.people)
    assert sorted(one.network.G.edges) != sorted(other.network.G.edges)


def test_a_run_whose_log_another_process_writes_is_left_alone(run: Run) -> None:
    held = DecisionLog.open(run.folder / LOG, write=True)
    with pytest.raises(Exception, match="another process is writing"):
        Run(run.folder).go_on(Progress(), lambda _: None)
    held.close()
    assert len(rows(run)) > 50
