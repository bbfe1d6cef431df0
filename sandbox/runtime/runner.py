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
from sandbox.errors import ContractError
from sandbox.prompting.render import render
from sandbox.runtime.fallbacks import FallbackGuard
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.world_code import explain_world

Answerer: TypeAlias = Mind | MindRouter
Track: TypeAlias = Callable[[Collection[Any], str], Iterable[Any]]
"""Yields items one by one, and tells the user how far the work on them is; the text says what is done with them."""
Pending: TypeAlias = tuple[World[Any], Turn[None], Sequence[Question[Any]]]
"""A world that waits for answers, its turn and its questions."""


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
        ask_again_from: int | None = None,
        notify: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Set up a run.

        Args:
            worlds: One per replicate, fresh; all at step 0.
            make_mind: Builds the mind when the first live batch needs it, so that a replay starts no engine.
            log: Where the run is written, and read from as far as it goes.
            max_fallback_rate: Stop when a larger share of a mind's answers are fallbacks; at 1, never.
            progress: Receives what happens.
            before_step: Called with each step before the worlds begin it.
            listen: Called with each answered batch of questions, live or from the log.
            ask_again_from: First step whose logged fallbacks are asked again; None: they stay as they are.
            notify: Is told what is asked again.
        """
        self.worlds = worlds
        self.log = log
        self.progress = progress or Progress()
        self._make_mind = make_mind
        self._mind: Answerer | None = None
        self._guard = FallbackGuard(max_fallback_rate)
        self._before_step = before_step
        self._listen = listen
        self._ask_again_from = ask_again_from
        self._notify = notify
        self._batch = 0

    def run(self, steps: int) -> None:
        """Run until every world has done `steps` steps.

        Raises:
            BackendError: Too many answers are fallbacks.
        """
        with _collect_garbage_rarely():
            for step in range(min(world.now for world in self.worlds), steps):
                self._before_step(step)
                self.progress.begin_step(step)
                self._record_interventions(step)
                self._step()
        self._guard.finish()

    def ask_aside(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Have a batch answered live, off the timeline: nothing is logged, and no world gets the answers."""
        return self._live_mind(questions).answer(questions)

    def close(self) -> None:
        """Close the mind, if one was built."""
        if self._mind is not None:
            self._mind.close()

    def _step(self) -> None:
        pending = [more for world in self.worlds if (more := _play_on(world, world.play(), (), None))]
        while pending:
            answers = iter(self._answer([question for _, _, questions in pending for question in questions]))
            pending = [
                more
                for world, turn, questions in pending
                if (more := _play_on(world, turn, questions, [next(answers) for _ in questions]))
            ]

    def _answer(self, questions: list[Question[Any]]) -> list[Answer]:
        _check_one_question_each(questions)
        batch, self._batch = self._batch, self._batch + 1
        answers = self._replay(batch, questions) if batch < self.log.num_batches else self._ask(questions)
        self._listen(questions)
        return answers

    def _replay(self, batch: int, questions: list[Question[Any]]) -> list[Answer]:
        answers = self._ask_fallbacks_again(batch, questions, self.log.replay(batch, questions))
        self._guard.add(questions, answers)
        self.progress.add_answers(len(answers), None)
        return answers

    def _ask_fallbacks_again(self, batch: int, questions: list[Question[Any]], answers: list[Answer]) -> list[Answer]:
        """Return the answers of a logged batch with its fallbacks asked again, if they are to be.

        If some of them are answered now, the log ends with this batch: what came later followed from random draws.
        """
        if self._ask_again_from is None or questions[0].step < self._ask_again_from:
            return answers
        places = [place for place, answer in enumerate(answers) if answer.source == "fallback"]
        if not places:
            return answers
        new_answers, seconds = self._ask_live([questions[place] for place in places])
        if all(answer.source == "fallback" for answer in new_answers):
            return answers
        merged = list(answers)
        for place, answer in zip(places, new_answers, strict=True):
            merged[place] = answer
        num_later = self.log.drop_from(batch) - len(questions)
        self.log.append(questions, merged, seconds, time.time())
        later = f"; {num_later:,} later decisions, which followed from them, are made again" if num_later else ""
        self._notify(f"fallbacks asked again in step {questions[0].step}: {len(places)}{later}.")
        return merged

    def _ask(self, questions: list[Question[Any]]) -> list[Answer]:
        answers, seconds = self._ask_live(questions)
        self._guard.add(questions, answers)  # before the log, so that what breaks the bound is asked again
        self.log.append(questions, answers, seconds, time.time())
        self.progress.add_answers(len(answers), seconds)
        return answers

    def _ask_live(self, questions: list[Question[Any]]) -> tuple[list[Answer], float]:
        """Return the mind's answers to a batch and how many seconds they took."""
        mind = self._live_mind(questions)
        start = time.perf_counter()
        answers = mind.answer(questions)
        seconds = time.perf_counter() - start
        check_answers(questions, answers)
        return answers, seconds

    def _live_mind(self, questions: Sequence[Question[Any]]) -> Answerer:
        """Return the mind; built before its first batch, whose templates are tried first."""
        if self._mind is None:
            _render_each_template(questions)
            self._mind = self._make_mind()
        return self._mind

    def _record_interventions(self, step: int) -> None:
        for world in self.worlds:
            due = [intervention for intervention in world.scheduled if intervention.step == step]
            for number, intervention in enumerate(due):
                with explain_world(world, list):
                    description = f"{type(intervention).__name__} {intervention.model_dump_json()}"
                self.log.record_intervention(world.replicate, step, number, description)


def _play_on(
    world: World[Any], turn: Turn[None], questions: Sequence[Question[Any]], answers: list[Answer] | None
) -> Pending | None:
    """Give a world the answers to its questions; return its next questions, or None where its step is over."""
    with explain_world(world, lambda: questions):
        more = advance(turn, answers)
    return None if more is None else (world, turn, more)


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
