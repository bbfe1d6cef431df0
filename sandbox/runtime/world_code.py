"""Errors in the code of worlds, told by world, replicate, step and the template that was asked last."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sandbox.core.question import Question
from sandbox.core.world import World
from sandbox.user_code import explain_user_code


def explain_world(
    world: World[Any], latest_questions: Callable[[], Sequence[Question[Any]]]
) -> AbstractContextManager[None]:
    """Explain errors of a step: in `turn`, `metrics`, `check`, an intervention, or in what they return.

    Args:
        world: Which is to go on.
        latest_questions: Returns what it asked last; nothing at the beginning of a step.
    """

    def describe() -> str:
        questions = latest_questions()
        after = f" after {questions[-1].template.name}" if questions else ""
        return f"world {world.name}, {world.replicate}: step {world.now}{after}"

    return explain_user_code(describe, lambda: type(world))
