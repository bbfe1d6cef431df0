"""Lockstep over replicates, replay from the log, and the bound on fallbacks."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.errors import BackendError, ContractError
from sandbox.log import DecisionLog
from sandbox.mind import RandomMind
from sandbox.question import Answer, Question
from sandbox.runner import Runner
from sandbox.world import Turn
from tests.conftest import belief, rumor
from worlds.rumor import Rumor


class Counting(RandomMind):
    """A random mind that remembers its batches, and whose replies can come back in another order."""

    def __init__(self, order: Sequence[int] = ()) -> None:
        self.batches: list[list[Question]] = []
        self.order = order

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        self.batches.append(list(questions))
        places = [place for place in self.order if place < len(questions)] or range(len(questions))
        replies = dict(zip(places, super().answer([questions[place] for place in places]), strict=True))
        return [replies[place] for place in range(len(questions))]


def play(folder: Path, worlds: list[Rumor], mind: RandomMind, steps: int = 5) -> None:
    path = folder / "log.sqlite"
    log = DecisionLog.open(path, write=True) if path.exists() else DecisionLog.create(path)
    try:
        Runner(worlds, lambda: mind, log, max_fallback_share=0.05).run(steps)
    finally:
        log.close()


def history(world: Rumor) -> list[float]:
    return world.datacollector.get_model_vars_dataframe()["believer_share"].tolist()


def test_all_replicates_share_one_batch_a_round(tmp_path: Path) -> None:
    mind, worlds = Counting(), [rumor(seed) for seed in range(3)]
    play(tmp_path, worlds, mind)
    assert len(mind.batches) <= 2 * 5
    assert {one.replicate for one in mind.batches[0]} == {"main/0", "main/1", "main/2"}


def test_a_replicate_is_the_same_alone_and_among_others(tmp_path: Path) -> None:
    together = [rumor(seed) for seed in range(3)]
    play(tmp_path, together, RandomMind())
    for seed, world in enumerate(together):
        alone = rumor(seed)
        alone.mind = RandomMind()
        for _ in range(5):
            alone.step()
        assert history(alone) == history(world)


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(24)))
def test_results_do_not_depend_on_the_order_of_replies(order: list[int]) -> None:
    plain, shuffled = [[rumor(seed) for seed in (1, 2)] for _ in range(2)]
    for worlds, mind in ((plain, Counting()), (shuffled, Counting(order))):
        with TemporaryDirectory() as folder:
            play(Path(folder), worlds, mind)
    assert [history(one) for one in plain] == [history(one) for one in shuffled]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(12)))
def test_results_do_not_depend_on_how_agents_are_stored(order: list[int]) -> None:
    plain, stored = rumor(1), rumor(1)
    stored.villagers = [stored.villagers[i] for i in order]
    for world in (plain, stored):
        world.mind = RandomMind()
        for _ in range(5):
            world.step()
    assert history(plain) == history(stored)


def test_a_run_that_ended_early_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = rumor(2)
    (tmp_path / "whole").mkdir()
    play(tmp_path / "whole", [whole], RandomMind(), 6)
    play(tmp_path, [rumor(2)], RandomMind(), 3)
    mind, resumed = Counting(), rumor(2)
    play(tmp_path, [resumed], mind, 6)
    assert history(resumed) == history(whole)
    assert min(one.step for batch in mind.batches for one in batch) == 3


def test_nobody_is_asked_twice_in_a_round(tmp_path: Path) -> None:
    class Twice(Rumor):
        def turn(self) -> Turn:
            yield [belief(self.villagers[0], "x"), belief(self.villagers[0], "y")]

    world = rumor(0)
    world.__class__ = Twice
    with pytest.raises(ContractError, match="agent 1 of main/0 is asked twice in round 0 of step 0"):
        play(tmp_path, [world], RandomMind())


def test_too_many_fallbacks_stop_the_run_with_its_log_intact(tmp_path: Path) -> None:
    class Broken(RandomMind):
        def answer(self, questions: Sequence[Question]) -> list[Answer]:
            return [Answer(one.value, "fallback", probs=one.probs, position=0) for one in super().answer(questions)]

    with pytest.raises(BackendError, match=r"of 2\d answers \(100%\) are fallbacks, max_fallback_share is 5%"):
        play(tmp_path, [rumor(0, size=40), rumor(1, size=40)], Broken(), 20)
    log = DecisionLog.open(tmp_path / "log.sqlite")
    assert sum(log.counts("source").values()) < 20, "what broke the bound is not logged, so it is asked again"


def test_the_bound_on_fallbacks_holds_over_all_that_is_resumed(tmp_path: Path) -> None:
    class Failing(RandomMind):
        def answer(self, questions: Sequence[Question]) -> list[Answer]:
            first, *rest = super().answer(questions)
            return [Answer(first.value, "fallback", probs=first.probs, position=0), *rest]

    worlds = [[rumor(seed, size=40) for seed in range(3)] for _ in range(3)]
    for some in worlds[:2]:
        with pytest.raises(BackendError, match="are fallbacks"):
            play(tmp_path, some, Failing(), 20)
    play(tmp_path, worlds[2], RandomMind(), 20)
    log = DecisionLog.open(tmp_path / "log.sqlite")
    counts = log.counts("source")
    assert counts.get("fallback", 0) <= 0.05 * sum(counts.values())
