"""What an agent is asked and what it answers: `Question`, its `Form`, and the `Answer`.

A question holds all that the agent knows. The world declares the legal answers together with the question, so
an illegal answer cannot come back. These are records (msgspec): cheap to make, immutable, comparable by value.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal, TypeAlias

import msgspec
from pydantic import BaseModel, ValidationError

from sandbox.errors import ContractError
from sandbox.people import MemoryView, Profile
from sandbox.presentation import PLAIN, Presentation

Source: TypeAlias = Literal["model", "cache", "rule", "random", "fallback"]
Value: TypeAlias = str | dict[str, Any]

MAX_OPTIONS = 26
"""One capital letter labels one option."""


class Option(msgspec.Struct, frozen=True, gc=False):
    """One legal answer of a `Choose`."""

    key: str
    """What the answer's value will be; unique among the options."""
    text: str = ""
    """How the option reads to a mind that reads text; empty: the key."""


class Choose(msgspec.Struct, frozen=True, tag="choose"):
    """Pick exactly one option. Costs one forward pass of a language model."""

    options: tuple[Option, ...]
    ordered: bool = False
    """True where the order itself means something (a search page); otherwise it is shuffled from the seed."""

    def __post_init__(self) -> None:
        keys = {option.key for option in self.options}
        if len(keys) != len(self.options) or not 2 <= len(keys) <= MAX_OPTIONS:
            raise ContractError(
                f"Choose needs 2 to {MAX_OPTIONS} options with different keys, "
                f"found {[option.key for option in self.options]}"
            )

    def index(self, key: str) -> int:
        """Position of `key` among the declared options, 0-based."""
        return next(i for i, option in enumerate(self.options) if option.key == key)


class Write(msgspec.Struct, frozen=True, tag="write"):
    """Write free text."""

    max_words: int
    """Upper bound; longer text is cut at a word and counted as truncated."""


class Fill(msgspec.Struct, frozen=True, tag="fill"):
    """Fill in the fields of a pydantic model; the answer's value is its `model_dump()`."""

    model: type[BaseModel]


Form: TypeAlias = Choose | Write | Fill


class Template(msgspec.Struct, frozen=True):
    """Text that a question is rendered with, in Jinja syntax; one object is shared by all questions of a kind."""

    name: str
    """World and template, such as `marketplace/choose`."""
    rules: str
    """What all templates of the world begin with; no facts."""
    situation: str
    """What is asked; the facts are its variables."""


class Question(msgspec.Struct, frozen=True):
    """One decision put to one agent."""

    replicate: str
    """Which replicate of the run asks, such as `main/0`: arm and seed."""
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
    """Structured values that the situation consists of (JSON types)."""
    form: Form
    profile: Profile
    memory: MemoryView
    seed: int
    """64 bits from the seed tree; all randomness of the answer comes from it."""
    voice: str = ""
    """Which of the run's voices answers; empty: the default voice. Not part of what is asked."""
    presentation: Presentation = PLAIN
    """How it is laid out; its wording is in the template already."""

    def content(self) -> bytes:
        """Canonical JSON of what is asked: the facts and the form."""
        return _ENCODER.encode((self.template.name, self.facts, form_schema(self.form)))

    def digest(self, content: bytes | None = None, memory: bytes | None = None) -> bytes:
        """16-byte hash of all that the answer may depend on, the voice apart; its parts can be passed where known."""
        where = f"{self.step}/{self.round}/{self.agent}/{self.role}/{self.seed}".encode()
        state = blake2b(content or self.content(), digest_size=16)
        if self.presentation != PLAIN:
            state.update(_ENCODER.encode(self.presentation))
        for part in (where, _wording(self.template), self.profile.digest(), memory or self.memory.digest()):
            state.update(part)
        return state.digest()


@lru_cache(maxsize=1024)
def _wording(template: Template) -> bytes:
    """16-byte hash of a template's words."""
    return blake2b(_ENCODER.encode((template.rules, template.situation)), digest_size=16).digest()


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    value: Value
    """Key of the option, the text, or the filled fields."""
    source: Source
    voice: str = ""
    model: str = ""
    """Model and adapter behind a `model` or `cache` answer."""
    probs: tuple[float, ...] | None = None
    """Probability of every option, in declared order; only for `Choose`."""
    position: int | None = None
    """0-based place on the list, as shown, of the option that was chosen; only for `Choose`."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that the engine took from its prefix cache."""
    output_tokens: int = 0
    truncated: bool = False
    """True where text hit its bound."""
    retried: bool = False
    """True where the first text was unusable and the question was asked again."""


def choose(*options: str | tuple[str, str], ordered: bool = False) -> Choose:
    """Build a `Choose` from keys or (key, text) pairs."""
    made = (Option(o) if isinstance(o, str) else Option(*o) for o in options)
    return Choose(tuple(made), ordered=ordered)


STARS = choose(*((str(stars), f"{stars} star{'s' * (stars > 1)}") for stars in range(1, 6)), ordered=True)
"""How many stars? Worst first: a scale has an order of its own."""


def form_schema(form: Form) -> Any:
    """JSON-able description of a form; equal for equal forms."""
    return form.model.model_json_schema() if isinstance(form, Fill) else form


def check_answer(question: Question, answer: Answer) -> None:
    """Raise `ContractError` unless `answer` is legal for `question`."""
    form, value = question.form, answer.value
    if isinstance(form, Choose):
        legal = any(option.key == value for option in form.options)
    elif isinstance(form, Write):
        legal = isinstance(value, str) and len(value.split()) <= form.max_words
    else:
        legal = isinstance(value, dict) and _fits(form, value)
    if not legal:
        raise ContractError(
            f"illegal answer from voice {answer.voice!r} to {question.template.name}, step {question.step}, "
            f"agent {question.agent}: {value!r} is not a {type(form).__name__}; mend that mind"
        )


def _fits(form: Fill, value: dict[str, Any]) -> bool:
    try:
        form.model.model_validate(value)
    except ValidationError:
        return False
    return True


def check_answers(questions: Sequence[Question], answers: Sequence[Answer]) -> None:
    """Raise `ContractError` unless every question has its legal answer."""
    if len(questions) != len(answers):
        raise ContractError(f"{len(questions)} questions got {len(answers)} answers; a mind must answer each, in order")
    for question, answer in zip(questions, answers, strict=True):
        check_answer(question, answer)


_ENCODER = msgspec.json.Encoder(order="sorted")
