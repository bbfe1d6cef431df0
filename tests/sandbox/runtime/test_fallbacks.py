"""One bound on fallbacks for every way of asking, and what a run does with those that it has logged."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.core.answer import Answer
from sandbox.core.form import Write
from sandbox.core.mind import RandomMind
from sandbox.core.question import Question
from sandbox.core.replicate import Replicate
from sandbox.errors import BackendError
from sandbox.runtime.fallbacks import FallbackGuard, bound_fallbacks
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.runner import Runner
from tests.conftest import make_question, make_rumor
from worlds.rumor import Rumor


def batch(words: str, arm: str = "main", mind: str = "") -> tuple[list[Question[Any]], list[Answer]]:
    """Return questions and answers by letter: m model, c cache, r rule, x random, l lost, u came back unusable."""
    names = {"m": "model", "c": "cache", "r": "rule", "x": "random", "l": "fallback", "u": "fallback"}
    question = make_question(Write(9), replicate=Replicate(arm, 0), mind=mind)
    return [question] * len(words), [Answer("tea", names[word], retried=word == "u") for word in words]


@pytest.mark.parametrize("words", ["l", "llllllll", "uu", "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrl", "ml ml", "mmmmmmmmmmull"])
def test_a_batch_in_which_too_little_came_back_is_refused(words: str) -> None:
    guard = FallbackGuard(0.05)
    with pytest.raises(BackendError, match="are fallbacks, max_fallback_rate is 5%"):
        guard.add(*batch(words.replace(" ", "")))


def test_a_mind_that_is_gone_is_noticed_however_much_it_has_answered() -> None:
    guard = FallbackGuard(0.05)
    guard.add(*batch("m" * 1000))
    guard.add(*batch("mmmmmmmmml"))
    guard.add(*batch("u"))
    with pytest.raises(BackendError, match=r"1 of 1 answers of the latest batch \(100%\)"):
        guard.add(*batch("l"))


def test_a_single_refused_prompt_stops_nothing() -> None:
    guard = FallbackGuard(0.05)
    for words in ("mmmm", "u", "mmm"):
        guard.add(*batch(words))
    guard.finish()
    strict = FallbackGuard(0.0)
    with pytest.raises(BackendError, match="max_fallback_rate is 0%"):
        strict.add(*batch("mmmmu"))


@pytest.mark.parametrize(("words", "share"), [(["u"], "1 of 1"), (["mmm", "u"] * 9 + ["u"], "2 of 8")])
def test_few_answers_are_bounded_too(words: list[str], share: str) -> None:
    guard = FallbackGuard(0.05)
    with pytest.raises(BackendError, match=share):
        for letters in words:
            guard.add(*batch(letters))
        guard.finish()


def test_rule_and_random_arms_do_not_dilute_the_share_of_an_arm() -> None:
    guard = FallbackGuard(0.05)
    for arm, words in (("rule", "r" * 500), ("random", "x" * 500), ("server", "m" * 30)):
        guard.add(*batch(words, arm))
    with pytest.raises(BackendError, match=r"^arm server: 4 of 36 answers \(11%\)"):
        guard.add(*batch("mmllll", "server"))


def test_minds_of_one_arm_are_counted_separately() -> None:
    guard = FallbackGuard(0.05)
    guard.add(*batch("m" * 500, mind="base"))
    with pytest.raises(BackendError, match=r"^mind tuned: 2 of 6 answers"):
        guard.add(*batch("mmmmll", mind="tuned"))


def test_whoever_allows_all_gets_all() -> None:
    guard = FallbackGuard(1.0)
    guard.add(*batch("llll"))
    guard.finish()


def test_what_is_asked_aside_is_bounded_and_what_is_missing_is_said() -> None:
    questions, answers = batch("m" * 39 + "u")
    notices: list[str] = []
    assert bound_fallbacks(lambda _: answers, 0.05, notices.append)(questions) == answers
    assert notices == ["1 of 40 answers could not be obtained and are left out."]
    lost = batch("l" * 40)[1]
    with pytest.raises(BackendError, match="nothing was stored: fix the mind and ask again"):
        bound_fallbacks(lambda _: lost, 0.05, notices.append)(questions)


class FailingMind(RandomMind):
    """A random mind that fails in some batches on every n-th question; it calls its answers a model's."""

    def __init__(self, failing_batches: Sequence[int], every: int, is_answered: bool = False) -> None:
        super().__init__()
        self.failing_batches, self.every, self.is_answered = failing_batches, every, is_answered
        self.num_batches = self.num_questions = 0

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        fails = self.num_batches in self.failing_batches
        self.num_batches += 1
        self.num_questions += len(questions)
        answers = [msgspec.structs.replace(answer, source="model") for answer in super().answer(questions)]
        return [
            self.fail(question) if fails and place % self.every == 0 else answer
            for place, (question, answer) in enumerate(zip(questions, answers, strict=True))
        ]

    def fail(self, question: Question[Any]) -> Answer:
        other_draw = msgspec.structs.replace(question, seed=question.seed ^ 3)
        [answer] = super().answer([other_draw])
        form = question.form
        place = [option.key for option in form.options].index(answer.value)  # type: ignore[union-attr]
        return msgspec.structs.replace(answer, source="fallback", retried=self.is_answered, index=place)


def play(folder: Path, mind: FailingMind, ask_again_from: int | None = 0, notices: list[str] | None = None) -> Rumor:
    path, world = folder / "log.sqlite", make_rumor(1, size=60)
    with closing(DecisionLog.open(path, write=True) if path.exists() else DecisionLog.create(path)) as log:
        runner = Runner(
            [world],
            lambda: mind,
            log,
            max_fallback_rate=0.05,
            ask_again_from=ask_again_from,
            notify=(notices if notices is not None else []).append,
        )
        runner.run(12)
    return world


def logged(folder: Path) -> list[tuple[Any, ...]]:
    with closing(DecisionLog.open(folder / "log.sqlite")) as log:
        return [(row["batch"], row["hash"], row["value"], row["source"], row["probs"]) for row in log.decisions()]


def make_folders(tmp_path: Path) -> tuple[Path, Path]:
    folders = tmp_path / "undisturbed", tmp_path / "resumed"
    for folder in folders:
        folder.mkdir()
    return folders


@pytest.mark.parametrize(("failing_batches", "every"), [([0], 3), ([3, 5, 6, 7, 8, 9], 2), (range(4, 99), 1)])
def test_a_resumed_run_is_the_undisturbed_one(tmp_path: Path, failing_batches: Sequence[int], every: int) -> None:
    undisturbed, resumed = make_folders(tmp_path)
    play(undisturbed, FailingMind([], 1))
    with pytest.raises(BackendError, match="are fallbacks"):
        play(resumed, FailingMind([*failing_batches, *range(10, 99)], every))
    play(resumed, FailingMind([], 1))
    assert logged(resumed) == logged(undisturbed)
    assert {row[3] for row in logged(resumed)} == {"model"}


def test_decisions_that_followed_from_a_fallback_are_made_again_and_counted(tmp_path: Path) -> None:
    undisturbed, resumed = make_folders(tmp_path)
    play(undisturbed, FailingMind([], 1))
    play(resumed, FailingMind([9], 8))
    before = logged(resumed)
    assert [row[3] for row in before].count("fallback") >= 1
    notices: list[str] = []
    play(resumed, FailingMind([], 1), notices=notices)
    assert logged(resumed) == logged(undisturbed)
    num_later = sum(row[0] > 9 for row in before)
    assert f"{num_later} later decisions, which followed from them, are made again" in notices[0]


def test_fallbacks_stay_where_the_mind_still_has_no_answer(tmp_path: Path) -> None:
    play(tmp_path, FailingMind([9], 8, is_answered=True))
    before, mind = logged(tmp_path), FailingMind(range(99), 1, is_answered=True)
    play(tmp_path, mind)
    assert logged(tmp_path) == before
    assert mind.num_questions == [row[3] for row in before].count("fallback")


def test_the_past_of_a_branch_stays_as_it_was(tmp_path: Path) -> None:
    play(tmp_path, FailingMind([9], 8))
    before, mind = logged(tmp_path), FailingMind([], 1)
    play(tmp_path, mind, ask_again_from=12)
    assert logged(tmp_path) == before and not mind.num_questions


def test_interventions_after_a_removed_batch_are_removed_too(tmp_path: Path) -> None:
    with closing(DecisionLog.create(tmp_path / "log.sqlite")) as log:
        for step in range(3):
            question = make_question(Write(5), step=step)
            log.record_intervention(question.replicate, step, 0, f"in step {step}")
            log.append([question], [Answer("tea", "model")], 0.1, 0.0)
        assert log.drop_from(1) == 2
        assert [row[2] for row in log.interventions()] == [0, 1]
        assert log.num_batches == 1
        log.append([make_question(Write(5), step=1)], [Answer("milk", "model")], 0.1, 0.0)
        assert [row["value"] for row in log.decisions()] == ["tea", "milk"]
