"""Minds: a batch of questions in, a batch of answers out. Here is the contract and the minds that need no model.

A mind is pure: equal question (with its seed), equal answer, whatever else is in the batch. `RuleMind` and
`RandomMind` live beside the contract because a world must be able to step and to be checked without `agents/`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeAlias

from sandbox.errors import ConfigError, ContractError, unknown
from sandbox.question import Answer, Choose, Question, Source, Value, Write
from sandbox.seeds import draw, permutation, uniforms

Reply: TypeAlias = Sequence[float] | str | dict[str, Any]
"""What a rule says: a weight for every option of a `Choose`, else the value itself."""

Rule: TypeAlias = Callable[[Question], Reply]


class Context(NamedTuple):
    """What a run tells a mind that it builds from settings."""

    rule: Rule
    """The world's rule twin."""
    model: str
    """Name, hub id or folder of the language model."""
    cache: Path | None
    """File of the answer cache; None: no cache."""
    say: Callable[[str], None]
    """Tells the user what takes long."""


class Mind(ABC):
    """Answers questions."""

    name: str

    @classmethod
    @abstractmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        """Make this mind from its node of the configuration; raise `ConfigError` on what it does not know."""

    @classmethod  # noqa: B027  # most minds need nothing
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Raise `SandboxError` on what would keep this mind from being built, without fetching or starting anything."""

    @abstractmethod
    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answer all `questions` in one batch; same length, same order."""

    def voices(self) -> tuple[str, ...]:
        """Names of the voices this mind speaks with besides its own, such as adapters."""
        return ()

    def describe(self) -> dict[str, Any]:
        """What a reader of the manifest must know to repeat this mind's answers (JSON types)."""
        return {"mind": self.name}

    def close(self) -> None:  # noqa: B027  # most minds hold nothing
        """Free what the mind holds."""


class RuleMind(Mind):
    """Rule-following people: the world's own rule, read from the facts, with weights drawn by the seed."""

    name = "rule"

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        """Take the world's own rule; there is nothing to set."""
        _nothing_to_set(cls.name, settings)
        return cls(context.rule)

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Ask the rule about every question."""
        return [_decided(question, self.rule(question), "rule") for question in questions]


class RandomMind(Mind):
    """Zero intelligence: every legal answer is equally likely (Gode & Sunder 1993, doi:10.1086/261868)."""

    name = "random"

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        """There is nothing to set."""
        _nothing_to_set(cls.name, settings)
        return cls()

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Draw every answer."""
        return [_decided(question, random_reply(question), "random") for question in questions]


class Panel:
    """All minds of a run behind one `answer`: each question goes to the mind that owns its voice.

    Questions to voices of one mind (a base model and its adapters) stay together in one batch.
    """

    def __init__(self, main: Mind, others: Mapping[str, Mind]) -> None:
        self.main = main
        self._owner: dict[str, Mind] = {"": main, main.name: main}
        for name, mind in [*((name, main) for name in main.voices()), *others.items()]:
            if name in self._owner:
                raise ConfigError(f"voice {name!r} is named twice, as an adapter or mind and in `voices`; rename one")
            self._owner[name] = mind

    def voices(self) -> tuple[str, ...]:
        """All names that a cast may use."""
        return tuple(name for name in self._owner if name)

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answer each question by its voice's mind, one batch a mind."""
        places: dict[int, list[int]] = {}
        for place, question in enumerate(questions):
            places.setdefault(id(self._owner[question.voice]), []).append(place)
        answers: dict[int, Answer] = {}
        for mine in places.values():
            mind = self._owner[questions[mine[0]].voice]
            answers.update(zip(mine, mind.answer([questions[place] for place in mine]), strict=True))
        return [answers[place] for place in range(len(questions))]

    def describe(self) -> dict[str, Any]:
        """Every mind by the voices it owns."""
        return {name or "main": mind.describe() for name, mind in self._owner.items() if name != self.main.name}

    def close(self) -> None:
        """Close every mind once."""
        for mind in {id(mind): mind for mind in self._owner.values()}.values():
            mind.close()


class Cast:
    """Who speaks with which voice: by role, whole or in shares drawn per agent from the seed."""

    def __init__(self, shares: Mapping[str, str | Mapping[str, float]], voices: Sequence[str]) -> None:
        self._shares = {role: {one: 1.0} if isinstance(one, str) else dict(one) for role, one in shares.items()}
        for role, voice in ((role, voice) for role, mix in self._shares.items() for voice in mix):
            if voice not in voices:
                raise ConfigError(f"cast.{role}: {unknown('voice', voice, voices)}")
        for role, mix in self._shares.items():
            if min(mix.values(), default=0) < 0 or abs(sum(mix.values()) - 1) > 1e-6:
                raise ConfigError(f"cast.{role}: shares must be positive and sum to 1, found {mix}")

    def voice(self, role: str, seed: int) -> str:
        """Voice of one agent, from its own 64 bits."""
        mix = self._shares.get(role)
        return "" if mix is None else list(mix)[draw(list(mix.values()), seed)]


NO_CAST = Cast({}, ())


def shown_order(question: Question) -> list[int]:
    """Order in which the options of a `Choose` are shown: declared index by place."""
    form = question.form
    if not isinstance(form, Choose):
        raise TypeError(f"only a Choose has options, found {form}")
    if form.ordered:
        places = list(range(len(form.options)))
        return places[::-1] if question.presentation.scales_reversed else places
    return permutation(len(form.options), question.seed ^ question.presentation.shuffle)


def chosen(question: Question, weights: Sequence[float], source: Source, **details: Any) -> Answer:
    """Draw an option by `weights` (declared order, any positive total) with the question's own random stream."""
    form = question.form
    if not isinstance(form, Choose):
        raise TypeError(f"only a Choose has options, found {form}")
    total = sum(weights)
    probs = tuple(weight / total for weight in weights)
    index = draw(probs, question.seed)
    place = shown_order(question).index(index)
    return Answer(form.options[index].key, source, probs=probs, position=place, **details)


def random_reply(question: Question) -> Reply:
    """A uniform legal reply: equal weights, or words of the facts, or a random filling of the fields."""
    form = question.form
    if isinstance(form, Choose):
        return [1.0] * len(form.options)
    stream = uniforms(question.seed, b"reply")
    if isinstance(form, Write):
        return _random_words(question, form, stream)
    return _random_value(form.model.model_json_schema(), {}, stream)


def _nothing_to_set(name: str, settings: Mapping[str, Any]) -> None:
    if settings:
        raise ConfigError(f"mind={name} has no settings, found {', '.join(settings)}; remove it")


def _decided(question: Question, reply: Reply, source: Source) -> Answer:
    if isinstance(question.form, Choose):
        if isinstance(reply, str | dict):
            raise ContractError(
                f"{question.template.name}: a rule answers a Choose with a weight for every option, found {reply!r}"
            )
        return chosen(question, reply, source, voice=question.voice or source)
    value: Value = reply if isinstance(reply, str | dict) else str(reply)
    return Answer(value, source, voice=question.voice or source)


def _random_words(question: Question, form: Write, stream: Iterator[float]) -> str:
    words = [word for fact in question.facts.values() if isinstance(fact, str) for word in fact.split()] or ["so"]
    length = 1 + int(next(stream) * form.max_words)
    return " ".join(words[int(point * len(words))] for point in islice(stream, length))


def _random_value(schema: Mapping[str, Any], defs: Mapping[str, Any], stream: Iterator[float]) -> Any:
    """A random instance of a JSON schema as pydantic writes it."""
    defs = schema.get("$defs", defs)
    if "$ref" in schema:
        return _random_value(defs[schema["$ref"].rsplit("/", 1)[1]], defs, stream)
    options = schema.get("enum") or schema.get("anyOf") or ([schema["const"]] if "const" in schema else [])
    if options:
        pick = options[int(next(stream) * len(options))]
        return _random_value(pick, defs, stream) if "anyOf" in schema else pick
    match schema.get("type"):
        case "object":
            return {name: _random_value(part, defs, stream) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [_random_value(schema["items"], defs, stream) for _ in range(schema.get("minItems", 1))]
        case "boolean":
            return next(stream) < 0.5
        case "integer" | "number" as kind:
            return _random_number(schema, kind == "integer", next(stream))
        case "null":
            return None
        case _:
            return "so"


def _random_number(schema: Mapping[str, Any], whole: bool, point: float) -> float | int:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", schema.get("exclusiveMaximum", low + 10))
    if whole:
        low += "exclusiveMinimum" in schema
        return int(low + point * (high - ("exclusiveMaximum" in schema) - low + 1))
    return low + (0.01 + 0.98 * point) * (high - low)
