"""What an agent is asked: the `Question`, and how a world gathers the answers to a batch of them.

A question holds all that the agent knows. The world declares the legal answers (`form`) together with the question, so
an illegal answer cannot come back. These are records (msgspec): cheap to create, immutable and comparable by value.
"""

from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Generic, TypeAlias, TypeVar, cast

import msgspec
from pydantic import BaseModel, ValidationError

from sandbox.core.answer import Answer
from sandbox.core.form import MAX_OPTIONS, Choose, Form, Write, form_schema
from sandbox.core.memory import MemoryView
from sandbox.core.presentation import PLAIN, Presentation
from sandbox.core.profile import Profile
from sandbox.core.replicate import Replicate
from sandbox.errors import ContractError

T = TypeVar("T")


class Template(msgspec.Struct, frozen=True):
    """Jinja text that a question is rendered with; all questions of one kind share one object."""

    name: str
    """World and template, such as `marketplace/choose`."""
    preamble: str
    """What all templates of the world begin with; it has no variables."""
    situation: str
    """What is asked; the facts are its variables."""

    @property
    def key(self) -> str:
        """The template's name within its world, such as `choose`."""
        return self.name.rpartition("/")[2]


class Question(msgspec.Struct, Generic[T], frozen=True):
    """One decision put to one agent; `T` is what the world gets back."""

    replicate: Replicate
    """Which replicate of the run asks."""
    step: int
    """0-based tick of the world."""
    round: int
    """0-based batch inside the step."""
    agent: int
    """Id of the agent in its world."""
    role: str
    """What the agent is in its world, such as `buyer`."""
    template: Template
    facts: dict[str, Any]
    """Structured values that make up the situation (JSON types)."""
    form: Form
    profile: Profile
    memory: MemoryView
    seed: int
    """64 bits from the seed tree; all randomness of the answer comes from it."""
    mind: str = ""
    """Name of the mind that answers; empty: the run's default. Not part of what is asked."""
    presentation: Presentation = PLAIN
    """How the question is laid out; its wording is already in the template."""

    def __post_init__(self) -> None:
        if isinstance(self.form, Choose) and not self.form.is_legal:
            keys = [option.key for option in self.form.options]
            raise ContractError(
                f"{self.template.name}: Choose needs 2 to {MAX_OPTIONS} options with different keys, "
                f"found {len(keys)}: {keys}"
            )

    def content(self) -> bytes:
        """Return what is asked as canonical JSON: the facts and the form."""
        try:
            return _ENCODER.encode((self.template.name, self.facts, form_schema(self.form)))
        except TypeError as error:
            raise ContractError(
                f"{self.template.name}: facts and options must be JSON types, so that the log can hold them: {error}"
                f"{_name_bad_fact(self.facts)}"
            ) from error

    def digest(self, content: bytes | None = None, memory: bytes | None = None) -> bytes:
        """Return a 16-byte hash of all that the answer may depend on, except for the mind.

        Args:
            content: The result of `content()`, where the caller has it.
            memory: The hash of the memory, where the caller has it.
        """
        context = f"{self.step}/{self.round}/{self.agent}/{self.role}/{self.seed}".encode()
        state = blake2b(content or self.content(), digest_size=16)
        if self.presentation != PLAIN:
            state.update(_ENCODER.encode(self.presentation))
        for part in (context, _template_digest(self.template), self.profile.digest(), memory or self.memory.digest()):
            state.update(part)
        return state.digest()

    def result(self, answer: Answer) -> T:
        """Return what `answer` means to the world: the object that was chosen, the text, or the filled model."""
        return cast("T", self.form.result(answer))


Turn: TypeAlias = Generator[Sequence[Question[Any]], list[Answer], T]
"""Part of a world's step: yields batches of questions, gets their answers, returns `T`."""


def gather(questions: Sequence[Question[T]]) -> Turn[list[T]]:
    """Ask a batch of questions and return what their answers mean to the world, in order.

    Use it with `yield from` in a world's `turn`: `moves = yield from gather([...])`.
    """
    answers = yield questions
    return [cast("T", question.form.result(answer)) for question, answer in zip(questions, answers, strict=True)]


def check_answer(question: Question[Any], answer: Answer) -> None:
    """Raise `ContractError` unless `answer` is legal for `question`."""
    form, value = question.form, answer.value
    if isinstance(form, Choose):
        legal = any(option.key == value for option in form.options)
    elif isinstance(form, Write):
        legal = isinstance(value, str) and len(value.split()) <= form.max_words
    else:
        legal = isinstance(value, dict) and _is_valid(form.model, value)
    if not legal:
        raise ContractError(
            f"illegal answer from mind {answer.mind!r} to {question.template.name}, step {question.step}, "
            f"agent {question.agent}: {value!r} is not a valid answer to {type(form).__name__}; fix that mind"
        )


def check_answers(questions: Sequence[Question[Any]], answers: Sequence[Answer]) -> None:
    """Raise `ContractError` unless every question has its legal answer."""
    if len(questions) != len(answers):
        raise ContractError(f"{len(questions)} questions got {len(answers)} answers; a mind must answer each, in order")
    for question, answer in zip(questions, answers, strict=True):
        check_answer(question, answer)


def _is_valid(model: type[BaseModel], value: Mapping[str, Any]) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


def _name_bad_fact(facts: Mapping[str, Any]) -> str:
    """Say which fact cannot be stored; empty if it is none of them."""
    for name, value in facts.items():
        try:
            _ENCODER.encode(value)
        except TypeError:
            return f", found fact {name!r}: {value!r}"
    return ""


@lru_cache(maxsize=1024)
def _template_digest(template: Template) -> bytes:
    """16-byte hash of a template's text."""
    return blake2b(_ENCODER.encode((template.preamble, template.situation)), digest_size=16).digest()


_ENCODER = msgspec.json.Encoder(order="sorted")
