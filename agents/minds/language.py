"""People who answer with a language model, whatever engine runs it.

A choice costs one forward pass: the engine returns the log-probabilities of the options' labels and we draw from
them with the question's own random stream, so results do not depend on the batch. Text is generated with a seed per
question, stripped to what was asked, asked again once where it is unusable, and a fallback after that.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from math import exp, isfinite
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import Field, ValidationError

from agents.cache import AnswerCache
from agents.prompt import Prompt, labels, render
from sandbox.config import Frozen
from sandbox.mind import Context, Mind, chosen, random_reply, shown_order
from sandbox.question import Answer, Choose, Fill, Question, Write, form_schema

TOKENS_PER_WORD = 1.6
"""Upper bound for the tokens of a written word, punctuation included."""
FILL_TOKENS = 256
"""Bound of a filled form, in tokens."""


class Sampling(Frozen):
    """How answers are drawn."""

    temperature: float = Field(gt=0)
    """Divides the log-probabilities of a choice's labels; 1 is the model's own distribution."""
    text_temperature: float = Field(gt=0)
    """The same for the tokens of text."""
    top_p: float = Field(gt=0, le=1)
    """Smallest probability mass of tokens that text is drawn from; below 1 it costs a sort of the vocabulary."""
    min_p: float = Field(ge=0, lt=1)
    """Tokens less likely than this share of the likeliest one are never drawn (Nguyen et al., arXiv:2407.01082)."""

    def sampling(self) -> "Sampling":
        """These settings without those that a subclass adds."""
        return Sampling(**{name: getattr(self, name) for name in Sampling.model_fields})


class Job(NamedTuple):
    """One prompt for an engine."""

    prompt: Prompt
    labels: str
    """Letters of a choice's options, by place shown; empty: text."""
    max_tokens: int
    schema: dict[str, Any] | None
    """JSON schema that the text must fit."""
    seed: int
    """Below 2^31, for text."""
    voice: str
    sampling: Sampling
    many_lines: bool = False
    """Whether text may go on after the end of its first line."""


class Raw(NamedTuple):
    """What an engine returns for a job."""

    logprobs: tuple[float, ...] | None = None
    """Log-probability of each label, by place shown."""
    text: str = ""
    finished: bool = True
    """False where the bound on tokens cut the text."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


class Engine(ABC):
    """Runs a model."""

    writing: ClassVar[str] = ""
    """What its texts depend on besides, so that kept ones are told from those that were written otherwise."""

    @abstractmethod
    def generate(self, jobs: Sequence[Job]) -> list[Raw | None]:
        """Run all jobs in one batch; None for a job that could not be had."""

    @abstractmethod
    def model(self, voice: str) -> str:
        """Model and adapter behind a voice, with their hashes: all that its answers depend on besides the job."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Settings for the manifest."""

    def voices(self) -> tuple[str, ...]:
        """Names of its adapters."""
        return ()

    def close(self) -> None:  # noqa: B027  # most engines hold nothing
        """Stop it."""


class LanguageMind(Mind):
    """A mind that asks a language model through an engine."""

    def __init__(self, engine: Engine, sampling: Sampling, cache: AnswerCache | None, speaker: str = "") -> None:
        self.engine = engine
        self.sampling = sampling
        self.cache = cache
        self.speaker = speaker
        """The engine's voice for questions that name none; empty: the base."""

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        """Subclasses know their engine."""
        raise NotImplementedError

    def voices(self) -> tuple[str, ...]:
        """The engine's adapters."""
        return self.engine.voices()

    def describe(self) -> dict[str, Any]:
        """Engine, model and sampling."""
        return {"mind": self.name, **self.engine.describe(), **self.sampling.model_dump()}

    def close(self) -> None:
        """Stop the engine and close the cache."""
        self.engine.close()
        if self.cache is not None:
            self.cache.close()

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answer from the cache what is there, and the rest in one batch (two where text must be asked again)."""
        jobs = [self._job(question) for question in questions]
        keys = [self._key(question, job) for question, job in zip(questions, jobs, strict=True)]
        known = self.cache.get(keys) if self.cache is not None else {}
        new = [place for place, key in enumerate(keys) if key not in known]
        made = dict(zip(new, self._ask([questions[i] for i in new], [jobs[i] for i in new]), strict=True))
        if self.cache is not None and made:
            self.cache.put({keys[place]: one for place, one in made.items() if one.source == "model"})
        return [made[place] if place in made else _from_cache(known[key]) for place, key in enumerate(keys)]

    def _ask(self, questions: Sequence[Question], jobs: Sequence[Job]) -> list[Answer]:
        if not jobs:
            return []
        raws = self.engine.generate(jobs)
        answers = [self._read(*both) for both in zip(questions, jobs, raws, strict=True)]
        again = [i for i, answer in enumerate(answers) if answer is None and raws[i] is not None]
        retried: dict[int, Answer | None] = {}
        if again:
            others = [jobs[i]._replace(seed=jobs[i].seed ^ 1) for i in again]
            found = zip(again, others, self.engine.generate(others), strict=True)
            retried = {i: self._read(questions[i], job, _added(raws[i], raw), retried=True) for i, job, raw in found}
        return [
            answer or retried.get(i) or self._fallback(questions[i], retried=i in retried)
            for i, answer in enumerate(answers)
        ]

    def _job(self, question: Question) -> Job:
        form = question.form
        max_tokens = 1
        if isinstance(form, Write):
            max_tokens = int(form.max_words * TOKENS_PER_WORD) + 4
        return Job(
            prompt=render(question),
            labels=labels(form, question.presentation),
            max_tokens=FILL_TOKENS if isinstance(form, Fill) else max_tokens,
            schema=form.model.model_json_schema() if isinstance(form, Fill) else None,
            seed=question.seed >> 33,
            voice=question.voice or self.speaker,
            sampling=self.sampling,
        )

    def _key(self, question: Question, job: Job) -> bytes:
        form = json.dumps(form_schema(question.form), default=repr, sort_keys=True)
        parts = [self.engine.model(job.voice), *job.prompt, form, repr(job.sampling), question.replicate]
        if isinstance(question.form, Write) and self.engine.writing:
            parts.append(self.engine.writing)
        return blake2b(json.dumps((*parts, job.max_tokens, question.seed)).encode(), digest_size=20).digest()

    def _read(self, question: Question, job: Job, raw: Raw | None, retried: bool = False) -> Answer | None:
        """The answer in what the engine returned, or None where there is none to be had."""
        if raw is None:
            return None
        details: dict[str, Any] = {
            "voice": job.voice or self.name,
            "model": self.engine.model(job.voice),
            "prompt_tokens": raw.prompt_tokens,
            "cached_tokens": raw.cached_tokens,
            "output_tokens": raw.output_tokens,
            "retried": retried,
        }
        if isinstance(question.form, Choose):
            weights = label_weights(raw.logprobs, self.sampling.temperature)
            return None if weights is None else chosen(question, declared(question, weights), "model", **details)
        if isinstance(question.form, Write):
            text, cut = strip_text(raw.text, question.form.max_words)
            usable = text and not repeats(text, job.prompt)
            return Answer(text, "model", truncated=cut or not raw.finished, **details) if usable else None
        filled = fill(question.form, raw.text)
        return None if filled is None else Answer(filled, "model", **details)

    def _fallback(self, question: Question, retried: bool) -> Answer:
        """A uniform choice, no text, or a random filling; marked, and counted by the runner."""
        details: dict[str, Any] = {"voice": question.voice or self.speaker or self.name, "retried": retried}
        if isinstance(question.form, Choose):
            return chosen(question, [1.0] * len(question.form.options), "fallback", **details)
        reply = random_reply(question) if isinstance(question.form, Fill) else ""
        return Answer(reply if isinstance(reply, dict) else "", "fallback", **details)


def label_weights(logprobs: Sequence[float] | None, temperature: float) -> list[float] | None:
    """Softmax weights of the labels by place shown; None where there is no finite one."""
    if not logprobs or not any(isfinite(value) for value in logprobs):
        return None
    top = max(value for value in logprobs if isfinite(value))
    return [exp((value - top) / temperature) if isfinite(value) else 0.0 for value in logprobs]


def declared(question: Question, weights: Sequence[float]) -> list[float]:
    """Weights by place shown, put into the options' declared order."""
    by_index = dict(zip(shown_order(question), weights, strict=True))
    return [by_index[index] for index in range(len(weights))]


def strip_text(text: str, max_words: int) -> tuple[str, bool]:
    """Reduce generated text to what was asked; also say whether it had to be cut.

    Quotes around it and a lead-in ("Sure, here is my review:") go; what is too long ends at its last sentence that
    fits, else at a word.
    """
    text = _LEAD_IN.sub("", text.strip()).strip()
    text = " ".join(text.strip("\"'`*“”").split())
    words = text.split(" ")
    if len(words) <= max_words:
        return text, False
    kept = " ".join(words[:max_words])
    end = max(kept.rfind(mark) for mark in ".!?")
    return (kept[: end + 1] if end > len(kept) // 2 else kept), True


def repeats(text: str, prompt: Prompt) -> bool:
    """Whether a text of five words or more stands in its own prompt."""
    folded = " ".join(text.lower().split()).rstrip(".!? ")
    return len(folded.split()) >= 5 and folded in " ".join(f"{prompt.system} {prompt.user}".lower().split())


def fill(form: Fill, text: str) -> dict[str, Any] | None:
    """The filled fields in a JSON text, or None."""
    try:
        return form.model.model_validate_json(text).model_dump(mode="json")
    except ValidationError:
        return None


def _from_cache(answer: Answer) -> Answer:
    return Answer(
        answer.value, "cache", voice=answer.voice, model=answer.model, probs=answer.probs, position=answer.position,
        truncated=answer.truncated, retried=answer.retried,
    )  # fmt: skip


def _added(first: Raw | None, second: Raw | None) -> Raw | None:
    """The second attempt, with the tokens of both."""
    if first is None or second is None:
        return second
    counts = ("prompt_tokens", "cached_tokens", "output_tokens")
    return second._replace(**{name: getattr(first, name) + getattr(second, name) for name in counts})


_LEAD_IN = re.compile(
    r"^((sure|okay|ok|of course|certainly)[,.!\s]+)?(here('s| is)|this is) (a|an|my|the|your)\b[^:.\n]{0,40}"
    r"\b(review|reply|post|message|comment|text|answer)\b[^:.\n]{0,20}:\s*"
    r"|^(sure|of course|certainly)[,.!][^:.\n]{0,60}:\s*",
    re.IGNORECASE,
)
