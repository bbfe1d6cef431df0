"""Proof that adapters change answers: an engine that has loaded them answers the same prompts with and without each.

Files that fit are no proof that an engine applies them: an engine that skips every layer answers with the base model,
and two arms are equal to the last digit.
"""

from collections.abc import Sequence
from math import isfinite
from typing import TypeAlias

from agents.minds.language import Engine, Job, Sampling
from sandbox.errors import BackendError
from sandbox.prompting.render import Prompt

LABELS = "ABCD"
QUESTIONS = (
    "Which of these would you rather do this evening?",
    "How much would you pay for a used bicycle?",
    "Whom do you trust most with a secret?",
)
"""They begin unlike the prompts of all worlds, so that no prefix of a run is computed here."""

LabelScores: TypeAlias = list[tuple[float, ...]]
"""Log-probabilities of the labels, by question."""


def prove_change(engine: Engine, adapters: Sequence[str], sampling: Sampling) -> None:
    """Ask some questions with and without each adapter, and close the engine if one fails.

    Every prompt is a batch of its own: equal arithmetic gives equal numbers, so any difference is the adapter's.

    Raises:
        BackendError: An adapter cannot be loaded, gives no finite probability, or changes no probability at all.
    """
    try:
        base = _ask(engine, "", sampling) if adapters else []
        for name in adapters:
            _compare(name, base, _ask(engine, name, sampling))
    except BackendError:
        engine.close()
        raise


def _compare(name: str, base: LabelScores, tuned: LabelScores) -> None:
    if not all(isfinite(value) for logprobs in tuned for value in logprobs):
        raise BackendError(f"mind.adapters.{name}: with it, probabilities are not finite numbers; train it again")
    if tuned == base:
        raise BackendError(
            f"mind.adapters.{name}: the engine answers {len(QUESTIONS)} questions with it exactly as without it, so it "
            "would repeat the base model; the engine skips its layers, or they are too weak to change a number"
        )


def _ask(engine: Engine, adapter: str, sampling: Sampling) -> LabelScores:
    """Return the log-probabilities of the labels after each question."""
    jobs = [
        Job(Prompt("", f"{question}\n{' '.join(LABELS)}", "Answer:"), LABELS, 1, None, 0, adapter, sampling)
        for question in QUESTIONS
    ]
    try:
        generations = [engine.generate([job])[0] for job in jobs]
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise BackendError(f"mind.adapters.{adapter}: the engine cannot load it: {reason}") from error
    return [generation.logprobs or () if generation else () for generation in generations]
