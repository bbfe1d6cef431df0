"""Drive all replicates of a run in lockstep: one batch per round over all of them.

The runner knows neither minds nor worlds, only their contracts. Where the log already holds a batch, its answers
come from there, after a check that the very same questions are asked; where it ends, the mind goes on live.
"""

import gc
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from sandbox.errors import BackendError, ContractError
from sandbox.log import DecisionLog
from sandbox.mind import Mind, Panel
from sandbox.question import Answer, Question, check_answers
from sandbox.world import Turn, World, advance

MIN_DECISIONS = 20
"""Fewer live decisions than this never stop a run for their share of fallbacks."""


class Progress:
    """What a runner reports; the base class is silent."""

    def stepped(self, step: int) -> None:
        """Step `step` has begun."""

    def answered(self, num: int, seconds: float | None) -> None:
        """So many decisions were answered: by the mind in `seconds`, or from the log (None)."""


class Runner:
    """Worlds, a mind and a log."""

    def __init__(
        self,
        worlds: Sequence[World],
        mind: Callable[[], Mind | Panel],
        log: DecisionLog,
        *,
        max_fallback_share: float,
        progress: Progress | None = None,
        before_step: Callable[[int], None] = lambda step: None,
    ) -> None:
        """Set up a run.

        Args:
            worlds: One per replicate, fresh; all at step 0.
            mind: Makes the mind when the first live batch needs it, so that a replay starts no engine.
            log: Where the run is written, and read from as far as it goes.
            max_fallback_share: Stop when more of the answers than this are fallbacks.
            progress: Who is told.
            before_step: Called with each step before the worlds begin it.
        """
        self.worlds = worlds
        self.log = log
        self.progress = progress or Progress()
        self._make_mind = mind
        self._mind: Mind | Panel | None = None
        self._max_fallback_share = max_fallback_share
        self._before_step = before_step
        self._batch = 0
        self._answers = self._fallbacks = 0

    def run(self, steps: int) -> None:
        """Go on until every world has done `steps` steps."""
        with _rare_collections():
            for step in range(min(world.now for world in self.worlds), steps):
                self._before_step(step)
                self.progress.stepped(step)
                self._note_events(step)
                self._step()

    def close(self) -> None:
        """Close the mind, if one was made."""
        if self._mind is not None:
            self._mind.close()

    def _step(self) -> None:
        turns: list[tuple[Turn, list[Question]]] = []
        for world in self.worlds:
            turn = world.play()
            turns += [(turn, asked)] if (asked := advance(turn, None)) is not None else []
        while turns:
            answers = iter(self._ask([question for _, asked in turns for question in asked]))
            going: list[tuple[Turn, list[Question]]] = []
            for turn, asked in turns:
                mine = [next(answers) for _ in asked]
                if (more := advance(turn, mine)) is not None:
                    going.append((turn, more))
            turns = going

    def _ask(self, questions: list[Question]) -> list[Answer]:
        _check_asked_once(questions)
        batch, self._batch = self._batch, self._batch + 1
        if batch < self.log.num_batches:
            answers = self.log.replay(batch, questions)
            self._tally(answers)
            self.progress.answered(len(answers), None)
            return answers
        if self._mind is None:
            self._mind = self._make_mind()
        start = time.perf_counter()
        answers = self._mind.answer(questions)
        seconds = time.perf_counter() - start
        check_answers(questions, answers)
        if self._tally(answers):
            self._check_fallbacks()
        self.log.append(questions, answers, seconds, time.time())
        self.progress.answered(len(answers), seconds)
        return answers

    def _tally(self, answers: Sequence[Answer]) -> int:
        """Count answers and fallbacks; returns how many fallbacks there are among these."""
        fallbacks = sum(answer.source == "fallback" for answer in answers)
        self._answers += len(answers)
        self._fallbacks += fallbacks
        return fallbacks

    def _check_fallbacks(self) -> None:
        """Stop before too many fallbacks are logged, so that they are asked again by whoever resumes."""
        share = self._fallbacks / self._answers
        if self._answers >= MIN_DECISIONS and share > self._max_fallback_share:
            raise BackendError(
                f"{self._fallbacks} of {self._answers} answers ({share:.0%}) are fallbacks, max_fallback_share is "
                f"{self._max_fallback_share:.0%}; the log is intact: mend the mind and resume, or raise the bound"
            )

    def _note_events(self, step: int) -> None:
        for world in self.worlds:
            for number, event in enumerate(one for one in world.events if one.step == step):
                what = f"{type(event).__name__} {event.model_dump_json()}"
                self.log.record_event(world.replicate, step, number, what)


@contextmanager
def _rare_collections() -> Generator[None]:
    """Look for cyclic garbage rarely: a run makes many small objects and few cycles (15 % of a large rule run)."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _check_asked_once(questions: Sequence[Question]) -> None:
    seen: set[tuple[str, int]] = set()
    for question in questions:
        who = (question.replicate, question.agent)
        if who in seen:
            raise ContractError(
                f"{question.template.name}: agent {question.agent} of {question.replicate} is asked twice in round "
                f"{question.round} of step {question.step}; ask the second question in a later round"
            )
        seen.add(who)
