"""The bound on fallbacks: one guard for every way of asking, be it a run, an interview or a reaction.

Shares are counted by arm and mind, so that rule or random agents never dilute the share of a language model.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sandbox.core.answer import Answer
from sandbox.core.question import Question, check_answers
from sandbox.errors import BackendError

Ask: TypeAlias = Callable[[Sequence[Question[Any]]], list[Answer]]
"""Has a batch of questions answered by the minds that they name."""
MIN_DECISIONS = 20
"""One fallback among fewer answers than this never stops a run, unless no fallback is allowed."""
CERTAIN_SOURCES = ("rule", "random")
"""Sources that cannot fail; their answers do not count."""
RESUME_ADVICE = (
    "the log is intact: fix the mind and resume, which asks the fallbacks again, or raise the bound in a branch"
)
ASIDE_ADVICE = "nothing was stored: fix the mind and ask again"


class FallbackGuard:
    """Counts answers and fallbacks, and stops the work when a larger share of them than allowed are fallbacks."""

    def __init__(self, max_rate: float, advice: str = RESUME_ADVICE) -> None:
        """Begin with no answers.

        Args:
            max_rate: Largest allowed share of fallbacks, 0 to 1; at 1, nothing stops the work.
            advice: What the user can do, for the error.
        """
        self._max_rate = max_rate
        self._advice = advice
        self._answers: Counter[tuple[str, str]] = Counter()
        """By arm and mind, as are the fallbacks."""
        self._fallbacks: Counter[tuple[str, str]] = Counter()

    @property
    def num_answers(self) -> int:
        """Number of answers that count."""
        return self._answers.total()

    @property
    def num_fallbacks(self) -> int:
        """Number of fallbacks."""
        return self._fallbacks.total()

    def add(self, questions: Sequence[Question[Any]], answers: Sequence[Answer]) -> None:
        """Count a batch.

        Raises:
            BackendError: Too many answers up to now are fallbacks, or all of one mind in this batch are.
        """
        batch: dict[tuple[str, str], list[Answer]] = {}
        for question, answer in zip(questions, answers, strict=True):
            if answer.source not in CERTAIN_SOURCES:
                batch.setdefault((question.replicate.arm, question.mind), []).append(answer)
        for key, parts in batch.items():
            num_fallbacks = sum(answer.source == "fallback" for answer in parts)
            self._answers[key] += len(parts)
            self._fallbacks[key] += num_fallbacks
            if num_fallbacks == len(parts) and self._max_rate < 1 and _is_nothing_usable(parts):
                self._refuse(key, len(parts), len(parts), " of the latest batch")
            if num_fallbacks and not self._may_be_chance(key):
                self._check(key)

    def ask(self, ask: Ask, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Have a batch answered, check that every answer is legal, and count it as `add` does."""
        answers = ask(questions)
        check_answers(questions, answers)
        self.add(questions, answers)
        return answers

    def finish(self) -> None:
        """Check the shares once more, however few answers there are.

        Raises:
            BackendError: Too many answers are fallbacks.
        """
        for key in self._answers:
            if not self._may_be_chance(key) or self._fallbacks[key] == self._answers[key]:
                self._check(key)

    def _may_be_chance(self, key: tuple[str, str]) -> bool:
        """Return whether there is a single fallback among answers too few to judge a share by."""
        return self._max_rate > 0 and self._fallbacks[key] <= 1 and self._answers[key] < MIN_DECISIONS

    def _check(self, key: tuple[str, str]) -> None:
        if self._fallbacks[key] > self._max_rate * self._answers[key]:
            self._refuse(key, self._fallbacks[key], self._answers[key])

    def _refuse(self, key: tuple[str, str], fallbacks: int, answers: int, which: str = "") -> None:
        arm, mind = key
        where = "".join(f"{kind} {name}: " for kind, name in (("arm", arm), ("mind", mind)) if name not in ("", "main"))
        raise BackendError(
            f"{where}{fallbacks} of {answers} answers{which} ({fallbacks / answers:.0%}) are fallbacks, "
            f"max_fallback_rate is {self._max_rate:.0%}; {self._advice}"
        )


def bound_fallbacks(ask: Ask, max_rate: float, notify: Callable[[str], None]) -> Ask:
    """Return `ask` with a guard of its own over every batch: what is asked off the timeline of a run.

    Args:
        ask: Answers a batch.
        max_rate: Largest allowed share of fallbacks, 0 to 1.
        notify: Is told how many answers could not be obtained, where some are allowed.
    """

    def ask_within_bound(questions: Sequence[Question[Any]]) -> list[Answer]:
        guard = FallbackGuard(max_rate, ASIDE_ADVICE)
        answers = guard.ask(ask, questions)
        guard.finish()
        if guard.num_fallbacks:
            notify(f"{guard.num_fallbacks} of {guard.num_answers} answers could not be obtained and are left out.")
        return answers

    return ask_within_bound


def _is_nothing_usable(fallbacks: Sequence[Answer]) -> bool:
    """Return whether a mind failed, and not only on one question: a single refused prompt must not block a run.

    `retried` marks answers that came back, but unusable; without it, no answer came back at all.
    """
    return len(fallbacks) > 1 or not fallbacks[0].retried
