"""Minds: a batch of questions in, a batch of answers out. The contract, and the minds that need no model.

A mind is pure: an equal question (with its seed) gets an equal answer, whatever else is in the batch. `RuleMind` and
`RandomMind` live beside the contract because a world must be able to step and to be checked without `agents/`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self, TypeAlias

import msgspec
from pydantic import BaseModel, NonNegativeInt

from sandbox.core.answer import Answer
from sandbox.core.answering import Reply, draw_option, dump_form, random_reply
from sandbox.core.form import Choose
from sandbox.core.question import Question
from sandbox.core.seeds import reseed
from sandbox.errors import ConfigError, ContractError
from sandbox.settings import Settings, validate
from sandbox.user_code import explain_user_code

Rule: TypeAlias = Callable[[Question[Any]], Reply]
"""What simple people would answer to the questions of one template."""
Rules: TypeAlias = Mapping[str, Rule]
"""A rule for each template of a world, by the template's key."""


class MindContext(NamedTuple):
    """What a run passes to a mind that it builds from settings."""

    rules: Rules
    """The world's rules."""
    model: str
    """Name, hub id or folder of the language model."""
    cache: Path | None
    """File of the answer cache; None: no cache."""
    notify: Callable[[str], None]
    """Tells the user about work that takes a while."""


class Mind(ABC):
    """Answers questions."""

    name: str
    asks_people: ClassVar[bool] = False
    """Whether people answer, who are not asked the same again with a fact changed."""

    @classmethod
    @abstractmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Create this mind from its node of the configuration; raise `ConfigError` on unknown settings."""

    @classmethod  # noqa: B027  # most minds need nothing
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Raise `SandboxError` if this mind could not be built, without fetching or starting anything."""

    @classmethod  # noqa: B027  # most minds answer for whoever asks
    def check_agents(cls, settings: Mapping[str, Any], agents: Collection[int]) -> None:
        """Raise `ConfigError` if settings name an agent who is not among those of the run."""

    @abstractmethod
    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Answer all `questions` in one batch; same length, same order."""

    def adapter_names(self) -> tuple[str, ...]:
        """Return the names of further minds that this one answers for, such as its adapters."""
        return ()

    def describe(self) -> dict[str, Any]:
        """Return what a reader of the manifest needs to repeat this mind's answers (JSON types)."""
        return {"mind": self.name}

    def close(self) -> None:  # noqa: B027  # most minds hold nothing
        """Free what the mind holds."""


class RuleMind(Mind):
    """Rule-following people: the world's own rules, read from the facts, with weights drawn by the seed."""

    name = "rule"

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Raise `ConfigError` if there are any settings."""
        _refuse_settings(cls.name, settings)

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Take the world's own rules; there are no settings."""
        _refuse_settings(cls.name, settings)
        return cls(context.rules)

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Apply the rule of each question's template."""
        answers: list[Answer] = []

        def describe() -> str:
            question = questions[len(answers)]
            return (
                f"the rule of {question.template.name}, step {question.step}, agent {question.agent} of "
                f"{question.replicate},"
            )

        with explain_user_code(describe, lambda: self._rule_of(questions[len(answers)])):
            for question in questions:
                answers.append(_answer_from(question, self._rule_of(question)(question), self.name))
        return answers

    def _rule_of(self, question: Question[Any]) -> Rule:
        rule = self.rules.get(question.template.key)
        if rule is None:
            raise ContractError(
                f"{question.template.name} has no rule; add {question.template.key!r} to the world's `rules`, "
                f"which has {sorted(self.rules)}"
            )
        if not callable(rule):
            raise ContractError(f"the rule of {question.template.name} is {rule!r}; a rule is a function of a question")
        return rule


class RandomSettings(Settings):
    """Settings of `RandomMind`."""

    salt: NonNegativeInt = 0
    """Which of many independent sets of draws; equal questions get other answers under another salt."""


class RandomMind(Mind):
    """Zero intelligence: every legal answer is equally likely (Gode & Sunder 1993, doi:10.1086/261868)."""

    name = "random"
    salt = 0

    def __init__(self, salt: int = 0) -> None:
        """Take the salt, see `RandomSettings`."""
        self.salt = salt

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Build it from `RandomSettings`."""
        return cls(validate(RandomSettings, settings, f"mind={cls.name}").salt)

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Raise `ConfigError` if a setting is unknown or out of bounds."""
        validate(RandomSettings, settings, f"mind={cls.name}")

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Draw every answer."""
        if self.salt:
            replace = msgspec.structs.replace
            questions = [replace(question, seed=reseed(question.seed, self.salt)) for question in questions]
        return [_answer_from(question, random_reply(question), self.name) for question in questions]

    def describe(self) -> dict[str, Any]:
        """Return the name, and the salt if there is one."""
        return {"mind": self.name, **({"salt": self.salt} if self.salt else {})}


def _refuse_settings(name: str, settings: Mapping[str, Any]) -> None:
    if settings:
        raise ConfigError(f"mind={name} has no settings, found {', '.join(settings)}; remove them")


def _answer_from(question: Question[Any], reply: Reply, source: str) -> Answer:
    mind = question.mind or source
    if isinstance(reply, BaseModel):
        reply = dump_form(reply)
    if not isinstance(question.form, Choose):
        return Answer(reply if isinstance(reply, str | dict) else str(reply), source, mind=mind)
    if isinstance(reply, str | dict) or len(reply) != len(question.form.options):
        raise ContractError(
            f"{question.template.name}: a rule answers a Choose with a weight for every option, "
            f"found {reply!r} for {len(question.form.options)} options"
        )
    return draw_option(question, reply, source, mind=mind)
