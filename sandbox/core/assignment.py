"""Which agents use which mind: `Assignment`, and the `MindRouter` that sends each question to its mind."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.answer import Answer
from sandbox.core.mind import Mind
from sandbox.core.question import Question
from sandbox.core.seeds import draw
from sandbox.errors import ConfigError, ContractError, unknown
from sandbox.user_code import explain_user_code


class Assignment:
    """Which mind each role uses: one for all agents, or shares that are drawn per agent from the seed."""

    def __init__(self, shares: Mapping[str, str | Mapping[str, float]], minds: Sequence[str]) -> None:
        """Check the shares.

        Args:
            shares: By role: the name of a mind, or the share of each mind.
            minds: Names of the run's minds.

        Raises:
            ConfigError: A mind is unknown, or shares do not sum to 1.
        """
        self._shares = {role: {mix: 1.0} if isinstance(mix, str) else dict(mix) for role, mix in shares.items()}
        for role, mind in ((role, mind) for role, mix in self._shares.items() for mind in mix):
            if mind not in minds:
                raise ConfigError(f"assignment.{role}: {unknown('mind', mind, minds)}")
        for role, mix in self._shares.items():
            if min(mix.values(), default=0) < 0 or abs(sum(mix.values()) - 1) > 1e-6:
                raise ConfigError(f"assignment.{role}: shares must be positive and sum to 1, found {mix}")

    def mind_of(self, role: str, seed: int) -> str:
        """Return the name of one agent's mind, drawn with the agent's own 64 bits; empty: the run's default."""
        mix = self._shares.get(role)
        return "" if mix is None else list(mix)[draw(list(mix.values()), seed)]


NO_ASSIGNMENT = Assignment({}, ())


class MindRouter:
    """All minds of a run behind one `answer`.

    Questions to a mind and to its adapters (a base model and its LoRAs) stay together in one batch.
    """

    def __init__(self, default: Mind | None, extra_minds: Mapping[str, Mind]) -> None:
        """Take the minds by name.

        Args:
            default: Answers for agents that are assigned no mind; None if there are none.
            extra_minds: Further minds.

        Raises:
            ConfigError: Two minds have one name.
        """
        self.default = default
        self._owners: dict[str, Mind] = {}
        owners = list(extra_minds.items())
        if default is not None:
            self._owners = {"": default, default.name: default}
            owners = [*((name, default) for name in default.adapter_names()), *owners]
        for name, mind in owners:
            if name in self._owners:
                raise ConfigError(f"two minds are called {name!r}, as an adapter and in `extra_minds`; rename one")
            self._owners[name] = mind

    def names(self) -> tuple[str, ...]:
        """Return all names that an assignment may use."""
        return tuple(name for name in self._owners if name)

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Have each question answered by its mind, in one batch for each."""
        places_by_mind: dict[int, list[int]] = {}
        for place, question in enumerate(questions):
            places_by_mind.setdefault(id(self._owners[question.mind]), []).append(place)
        answers: dict[int, Answer] = {}
        for places in places_by_mind.values():
            batch = [questions[place] for place in places]
            answers.update(zip(places, _ask(self._owners[batch[0].mind], batch), strict=True))
        return [answers[place] for place in range(len(questions))]

    def describe(self) -> dict[str, Any]:
        """Return the description of every mind, by name."""
        own_name = self.default.name if self.default is not None else None
        return {name or "main": mind.describe() for name, mind in self._owners.items() if name != own_name}

    def close(self) -> None:
        """Close every mind once."""
        for mind in {id(mind): mind for mind in self._owners.values()}.values():
            mind.close()


def _ask(mind: Mind, questions: Sequence[Question[Any]]) -> list[Answer]:
    """Return the answers of one mind, which may be of the user's own."""

    def describe() -> str:
        return f"mind {mind.name}: answering {questions[0].template.name} in step {questions[0].step}"

    with explain_user_code(describe, lambda: mind):
        answers = mind.answer(questions)
        if len(answers) != len(questions):
            raise ContractError(
                f"mind {mind.name} returned {len(answers)} answers to {len(questions)} questions; it must answer each, "
                "in order"
            )
        return answers
