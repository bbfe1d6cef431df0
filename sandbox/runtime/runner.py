"""Drive all replicates of a run in lockstep: one batch per round over all of them.

The runner knows neither minds nor worlds, only their contracts. Where the log already holds a batch, its answers
come from there, after a check that the very same questions are asked; where it ends, the mind goes on live.
"""

import gc
import time
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeAlias

from sandbox.core.answer import Answer
from sandbox.core.assignment import MindRouter
from sandbox.core.mind import Mind
from sandbox.core.question import Question, Turn, check_answers
from sandbox.core.world import World, advance
from sandbox.errors import BackendError, ContractError
from sandbox.prompting.render import render
from sandbox.runtime.log import DecisionLog

Answerer: TypeAlias = Mind | MindRouter
Track: TypeAlias = Callable[[Collection[Any], str], Iterable[Any]]
"""Yields items one by one, and tells the user how far the work on them is; the text says what is done with them."""
Pending: TypeAlias = list[tuple[Turn[None], Sequence[Question[Any]]]]
"""Worlds that wait for answers, and their questions."""

MIN_DECISIONS = 20
"""Fewer decisions than this never stop a run for their fallback rate."""


def untracked(items: Collection[Any], _: str) -> Iterable[Any]:
    """Return the items, and tell nobody."""
    return items


class Progress:
    """Receives what a runner reports; the base class ignores it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Receive that nothing more follows."""

    def track(self, items: Collection[Any], description: str) -> Iterable[Any]:
        """Yield the items of further work, as a `Track` does."""
        return untracked(items, description)

    def begin_step(self, step: int) -> None:
        """Receive that step `step` begins."""

    def add_answers(self, num: int, seconds: float | None) -> None:
        """Receive that `num` decisions were answered: by the mind in `seconds`, or from the log (None)."""


class Runner:
    """Worlds, a mind and a log."""

    def __init__(
        self,
        worlds: Sequence[World[Any]],
        make_mind: Callable[[], Answerer],
        log: DecisionLog,
        *,
        max_fallback_rate: float,
        progress: Progress | None = None,
        before_step: Callable[[int], None] = lambda step: None,
        listen: Callable[[Sequence[Question[Any]]], None] = lambda questions: None,
    ) -> None:
        """Set up a run.

        Args:
            worlds: One per replicate, fresh; all at step 0.
            make_mind: Builds the mind when the first live batch needs it, so that a replay starts no engine.
            log: Where the run is written, and read from as far as it goes.
            max_fallback_rate: Stop when a larger share of the answers are fallbacks.
            progress: Receives what happens.
            before_step: Called with each step before the worlds begin it.
            listen: Called with each answered batch of questions, live or from the log.
        """
        self.worlds = worlds
        self.log = log
        self.progress = progress or Progress()
        self._make_mind = make_mind
        self._mind: Answerer | None = None
        self._max_fallback_rate = max_fallback_rate
        self._before_step = before_step
        self._listen = listen
        self._batch = 0
        self._answers = self._fallbacks = 0

    def run(self, steps: int) -> None:
        """Run until every world has done `steps` steps."""
        with _collect_garbage_rarely():
            for step in range(min(world.now for world in self.worlds), steps):
                self._before_step(step)
                self.progress.begin_step(step)
                self._record_interventions(step)
                self._step()

    def ask_aside(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Have a batch answered live, off the timeline: nothing is logged, and no world gets the answers."""
        answers = self._live_mind(questions).answer(questions)
        check_answers(questions, answers)
        return answers

    def close(self) -> None:
        """Close the mind, if one was built."""
        if self._mind is not None:
            self._mind.close()

    def _step(self) -> None:
        pending: Pending = []
        for world in self.worlds:
            turn = world.play()
            if (questions := advance(turn, None)) is not None:
                pending.append((turn, questions))
        while pending:
            answers = iter(self._answer([question for _, questions in pending for question in questions]))
            still_pending: Pending = []
            for turn, questions in pending:
                if (more := advance(turn, [next(answers) for _ in questions])) is not None:
                    still_pending.append((turn, more))
            pending = still_pending

    def _answer(self, questions: list[Question[Any]]) -> list[Answer]:
        _check_one_question_each(questions)
        batch, self._batch = self._batch, self._batch + 1
        answers = self._replay(batch, questions) if batch < self.log.num_batches else self._ask(questions)
        self._listen(questions)
        return answers

    def _replay(self, batch: int, questions: list[Question[Any]]) -> list[Answer]:
        answers = self.log.replay(batch, questions)
        self._count(answers)
        self.progress.add_answers(len(answers), None)
        return answers

    def _ask(self, questions: list[Question[Any]]) -> list[Answer]:
        mind = self._live_mind(questions)
        start = time.perf_counter()
        answers = mind.answer(questions)
        seconds = time.perf_counter() - start
        check_answers(questions, answers)
        if self._count(answers):
            self._check_fallbacks()
        self.log.append(questions, answers, seconds, time.time())
        self.progress.add_answers(len(answers), seconds)
        return answers

    def _live_mind(self, questions: Sequence[Question[Any]]) -> Answerer:
        """Return the mind; built before its first batch, whose templates are tried first."""
        if self._mind is None:
            _render_each_template(questions)
            self._mind = self._make_mind()
        return self._mind

    def _count(self, answers: Sequence[Answer]) -> int:
        """Count answers and fallbacks; return the number of fallbacks among these."""
        fallbacks = sum(answer.source == "fallback" for answer in answers)
        self._answers += len(answers)
        self._fallbacks += fallbacks
        return fallbacks

    def _check_fallbacks(self) -> None:
        """Stop before too many fallbacks are logged, so that a resumed run asks them again."""
        rate = self._fallbacks / self._answers
        if self._answers >= MIN_DECISIONS and rate > self._max_fallback_rate:
            raise BackendError(
                f"{self._fallbacks} of {self._answers} answers ({rate:.0%}) are fallbacks, max_fallback_rate is "
                f"{self._max_fallback_rate:.0%}; the log is intact: fix the mind and resume, or raise the bound"
            )

    def _record_interventions(self, step: int) -> None:
        for world in self.worlds:
            due = [intervention for intervention in world.scheduled if intervention.step == step]
            for number, intervention in enumerate(due):
                description = f"{type(intervention).__name__} {intervention.model_dump_json()}"
                self.log.record_intervention(world.replicate, step, number, description)


@contextmanager
def _collect_garbage_rarely() -> Generator[None]:
    """Look for cyclic garbage rarely: a run creates many small objects and few cycles (15 % of a large rule run)."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _render_each_template(questions: Sequence[Question[Any]]) -> None:
    """Render one question of each template before an engine starts, so that a broken template costs no minute."""
    for question in {question.template.name: question for question in questions}.values():
        render(question)


def _check_one_question_each(questions: Sequence[Question[Any]]) -> None:
    seen: set[tuple[str, int, int]] = set()
    for question in questions:
        asked_agent = (question.replicate.arm, question.replicate.seed, question.agent)
        if asked_agent in seen:
            raise ContractError(
                f"{question.template.name}: agent {question.agent} of {question.replicate} is asked twice in round "
                f"{question.round} of step {question.step}; ask the second question in a later round"
            )
        seen.add(asked_agent)
