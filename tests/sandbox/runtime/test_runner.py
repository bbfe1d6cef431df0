"""Lockstep over replicates, replay from the log, and the bound on fallbacks."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.core.answer import Answer
from sandbox.core.mind import RandomMind
from sandbox.core.question import Question, Turn
from sandbox.errors import BackendError, ContractError
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.runner import Runner
from tests.conftest import again_question, make_rumor
from worlds.rumor import Rumor


class RecordingRandomMind(RandomMind):
    """A random mind that records its batches, and whose replies can come back in another order."""

    def __init__(self, order: Sequence[int] = ()) -> None:
        self.batches: list[list[Question[Any]]] = []
        self.order = order

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        self.batches.append(list(questions))
        places = [place for place in self.order if place < len(questions)] or range(len(questions))
        replies = dict(zip(places, super().answer([questions[place] for place in places]), strict=True))
        return [replies[place] for place in range(len(questions))]


def play_worlds(folder: Path, worlds: list[Rumor], mind: RandomMind, steps: int = 5) -> None:
    path = folder / "log.sqlite"
    log = DecisionLog.open(path, write=True) if path.exists() else DecisionLog.create(path)
    try:
        Runner(worlds, lambda: mind, log, max_fallback_rate=0.05).run(steps)
    finally:
        log.close()


def history(world: Rumor) -> list[float]:
    return world.datacollector.get_model_vars_dataframe()["ignorant_share"].tolist()


def test_all_replicates_share_one_batch_a_round(tmp_path: Path) -> None:
    mind, worlds = RecordingRandomMind(), [make_rumor(seed) for seed in range(3)]
    play_worlds(tmp_path, worlds, mind)
    assert len(mind.batches) <= 2 * 5
    assert {str(question.replicate) for question in mind.batches[0]} == {"main/0", "main/1", "main/2"}


def test_a_replicate_is_the_same_alone_and_among_others(tmp_path: Path) -> None:
    worlds = [make_rumor(seed) for seed in range(3)]
    play_worlds(tmp_path, worlds, RandomMind())
    for seed, world in enumerate(worlds):
        world_alone = make_rumor(seed)
        world_alone.mind = RandomMind()
        for _ in range(5):
            world_alone.step()
        assert history(world_alone) == history(world)


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(24)))
def test_results_do_not_depend_on_the_order_of_replies(order: list[int]) -> None:
    plain, shuffled = [[make_rumor(seed) for seed in (1, 2)] for _ in range(2)]
    for worlds, mind in ((plain, RecordingRandomMind()), (shuffled, RecordingRandomMind(order))):
        with TemporaryDirectory() as folder:
            play_worlds(Path(folder), worlds, mind)
    assert [history(world) for world in plain] == [history(world) for world in shuffled]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(12)))
def test_results_do_not_depend_on_how_agents_are_stored(order: list[int]) -> None:
    plain, reordered = make_rumor(1), make_rumor(1)
    reordered.villagers = [reordered.villagers[i] for i in order]
    for world in (plain, reordered):
        world.mind = RandomMind()
        for _ in range(5):
            world.step()
    assert history(plain) == history(reordered)


def test_a_run_that_ended_early_goes_on_where_it_stopped(tmp_path: Path) -> None:
    uninterrupted = make_rumor(2)
    (tmp_path / "whole").mkdir()
    play_worlds(tmp_path / "whole", [uninterrupted], RandomMind(), 6)
    play_worlds(tmp_path, [make_rumor(2)], RandomMind(), 3)
    mind, resumed = RecordingRandomMind(), make_rumor(2)
    play_worlds(tmp_path, [resumed], mind, 6)
    assert history(resumed) == history(uninterrupted)
    assert min(question.step for batch in mind.batches for question in batch) == 3


def test_nobody_is_asked_twice_in_a_round(tmp_path: Path) -> None:
    class AskingTwice(Rumor):
        def turn(self) -> Turn[None]:
            yield [again_question(self.villagers[0], "x"), again_question(self.villagers[0], "y")]

    world = make_rumor(0)
    world.__class__ = AskingTwice
    with pytest.raises(ContractError, match="agent 1 of main/0 is asked twice in round 0 of step 0"):
        play_worlds(tmp_path, [world], RandomMind())


def test_too_many_fallbacks_stop_the_run_with_its_log_intact(tmp_path: Path) -> None:
    class AlwaysFallback(RandomMind):
        def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
            return [
                Answer(question.value, "fallback", probs=question.probs, position=0)
                for question in super().answer(questions)
            ]

    with pytest.raises(BackendError, match=r"4 of 4 answers .*\(100%\) are fallbacks, max_fallback_rate is 5%"):
        play_worlds(tmp_path, [make_rumor(0, size=40), make_rumor(1, size=40)], AlwaysFallback(), 20)
    log = DecisionLog.open(tmp_path / "log.sqlite")
    assert not log.num_batches, "what broke the bound is not logged, so it is asked again"


def test_the_bound_on_fallbacks_holds_over_all_that_is_resumed(tmp_path: Path) -> None:
    class OneFallback(RandomMind):
        def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
            first, *rest = super().answer(questions)
            return [Answer(first.value, "fallback", probs=first.probs, position=0), *rest]

    worlds = [[make_rumor(seed, size=40) for seed in range(3)] for _ in range(3)]
    for resumed_worlds in worlds[:2]:
        with pytest.raises(BackendError, match="are fallbacks"):
            play_worlds(tmp_path, resumed_worlds, OneFallback(), 20)
    play_worlds(tmp_path, worlds[2], RandomMind(), 20)
    log = DecisionLog.open(tmp_path / "log.sqlite")
    counts = log.count_by("source")
    assert counts.get("fallback", 0) <= 0.05 * sum(counts.values())
