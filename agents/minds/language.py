"""Minds that answer with a language model, whatever engine runs it.

A choice costs one forward pass: the engine returns the log-probabilities of the options' labels, and we draw from them
with the question's own random stream, so results do not depend on the batch. Text is generated with one seed per
question and stripped to what was asked. If it is unusable, the question is asked once more with another seed; after
that, the answer is a fallback.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from math import exp, inf, isfinite, isnan
from typing import Any, ClassVar, NamedTuple, Self

import msgspec
from pydantic import Field

from agents.cache import AnswerCache
from agents.minds.generated_text import parse_form, repeats_prompt, strip_text, strip_thoughts
from sandbox.characters import remove_from_strings
from sandbox.core.answer import Answer
from sandbox.core.answering import display_order, draw_option, fallback_fields
from sandbox.core.form import Choose, Fill, Write, form_schema
from sandbox.core.mind import Mind, MindContext
from sandbox.core.question import Question
from sandbox.prompting.render import Prompt, option_labels, render
from sandbox.settings import Settings

TOKENS_PER_WORD = 1.6
"""Upper bound on the tokens of a written word, punctuation included."""
FILL_TOKENS = 256
"""Bound on a filled form, in tokens."""


class Sampling(Settings):
    """How answers are drawn."""

    temperature: float = Field(gt=0)
    """Divides the log-probabilities of a choice's labels; 1 is the model's own distribution."""
    text_temperature: float = Field(gt=0)
    """The same for the tokens of text."""
    top_p: float = Field(gt=0, le=1)
    """Smallest probability mass of tokens that text is drawn from; below 1 it costs a sort of the vocabulary."""
    min_p: float = Field(ge=0, lt=1)
    """Tokens less likely than this share of the likeliest one are never drawn (Nguyen et al., arXiv:2407.01082)."""

    def sampling_only(self) -> "Sampling":
        """Return these settings without those that a subclass adds."""
        return Sampling(**{name: getattr(self, name) for name in Sampling.model_fields})


class Job(NamedTuple):
    """One prompt for an engine."""

    prompt: Prompt
    labels: str
    """Letters of a choice's options, by display position; empty: text."""
    max_tokens: int
    schema: dict[str, Any] | None
    """JSON schema that the text must match."""
    seed: int
    """Below 2^31, for text."""
    adapter: str
    """Name of the adapter; empty: the base model."""
    sampling: Sampling
    multiline: bool = False
    """True if text may continue after its first line."""


class Generation(NamedTuple):
    """What an engine returns for a job."""

    logprobs: tuple[float, ...] | None = None
    """Log-probability of each label, by display position."""
    text: str = ""
    finished: bool = True
    """False if the text was cut at `max_tokens`."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


class Engine(ABC):
    """Runs a model."""

    text_variant: ClassVar[str] = ""
    """What its texts depend on beyond model and job; part of the cache key of text, so that variants stay separate."""

    @abstractmethod
    def generate(self, jobs: Sequence[Job]) -> list[Generation | None]:
        """Run all jobs in one batch.

        Returns:
            In the order of the jobs: None if none came back, a generation with neither probabilities nor text if what
            came back is unusable.
        """

    @abstractmethod
    def model(self, adapter: str) -> str:
        """Return the model and adapter with their hashes: all that answers depend on except for the job."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return the models and settings for the manifest."""

    def adapter_names(self) -> tuple[str, ...]:
        """Return the names of its adapters."""
        return ()

    def close(self) -> None:  # noqa: B027  # most engines hold nothing
        """Stop it."""


class LanguageMind(Mind):
    """A mind that asks a language model through an engine."""

    def __init__(
        self, engine: Engine, sampling: Sampling, cache: AnswerCache | None, default_adapter: str = ""
    ) -> None:
        self.engine = engine
        self.sampling = sampling
        self.cache = cache
        self.default_adapter = default_adapter
        """The adapter for questions that name no mind; empty: the base model."""

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Build the mind with its engine; each subclass has its own engine."""
        raise NotImplementedError

    def adapter_names(self) -> tuple[str, ...]:
        """Return the names of the engine's adapters."""
        return self.engine.adapter_names()

    def describe(self) -> dict[str, Any]:
        """Return engine, model and sampling."""
        return {"mind": self.name, **self.engine.describe(), **self.sampling.model_dump()}

    def close(self) -> None:
        """Stop the engine and close the cache."""
        self.engine.close()
        if self.cache is not None:
            self.cache.close()

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Answer from the cache if possible, and everything else in one batch (two if text must be asked again)."""
        jobs = [self._make_job(question) for question in questions]
        keys = [self._cache_key(question, job) for question, job in zip(questions, jobs, strict=True)]
        cached = _without_thoughts(self.cache.get(keys)) if self.cache is not None else {}
        missing = [i for i, key in enumerate(keys) if key not in cached]
        answers = self._ask_engine([questions[i] for i in missing], [jobs[i] for i in missing])
        new_answers = dict(zip(missing, answers, strict=True))
        if self.cache is not None and new_answers:
            self.cache.add({keys[i]: answer for i, answer in new_answers.items() if answer.source == "model"})
        return [new_answers[i] if i in new_answers else _mark_as_cached(cached[key]) for i, key in enumerate(keys)]

    def _ask_engine(self, questions: Sequence[Question[Any]], jobs: Sequence[Job]) -> list[Answer]:
        if not jobs:
            return []
        generations = self.engine.generate(jobs)
        answers = [self._parse_answer(*parts) for parts in zip(questions, jobs, generations, strict=True)]
        unusable = [i for i, answer in enumerate(answers) if answer is None and generations[i] is not None]
        retried: dict[int, Answer | None] = {}
        if unusable:
            second_jobs = [jobs[i]._replace(seed=jobs[i].seed ^ 1) for i in unusable]
            for i, job, second in zip(unusable, second_jobs, self.engine.generate(second_jobs), strict=True):
                generation = _add_token_counts(second, generations[i])
                retried[i] = self._parse_answer(questions[i], job, generation, retried=True)
        return [
            answer or retried.get(i) or self._fallback(questions[i], retried=i in retried)
            for i, answer in enumerate(answers)
        ]

    def _make_job(self, question: Question[Any]) -> Job:
        form = question.form
        max_tokens = 1
        if isinstance(form, Write):
            max_tokens = int(form.max_words * TOKENS_PER_WORD) + 4
        return Job(
            prompt=render(question),
            labels=option_labels(form, question.presentation),
            max_tokens=FILL_TOKENS if isinstance(form, Fill) else max_tokens,
            schema=form.model.model_json_schema() if isinstance(form, Fill) else None,
            seed=question.seed >> 33,
            adapter=question.mind or self.default_adapter,
            sampling=self.sampling,
        )

    def _cache_key(self, question: Question[Any], job: Job) -> bytes:
        form = json.dumps(form_schema(question.form), default=repr, sort_keys=True)
        parts = [self.engine.model(job.adapter), *job.prompt, form, repr(job.sampling), str(question.replicate)]
        if isinstance(question.form, Write) and self.engine.text_variant:
            parts.append(self.engine.text_variant)
        return blake2b(json.dumps((*parts, job.max_tokens, question.seed)).encode(), digest_size=20).digest()

    def _parse_answer(
        self, question: Question[Any], job: Job, generation: Generation | None, retried: bool = False
    ) -> Answer | None:
        """Return the answer in what the engine returned; None if there is no usable one."""
        if generation is None:
            return None
        details: dict[str, Any] = {
            "mind": job.adapter or self.name,
            "model": self.engine.model(job.adapter),
            "prompt_tokens": generation.prompt_tokens,
            "cached_tokens": generation.cached_tokens,
            "output_tokens": generation.output_tokens,
            "retried": retried,
        }
        if isinstance(question.form, Choose):
            weights = label_weights(generation.logprobs, self.sampling.temperature)
            if weights is None:
                return None
            return draw_option(question, to_declared_order(question, weights), "model", **details)
        spoken = strip_thoughts(generation.text)
        if spoken is None:
            return None
        if isinstance(question.form, Write):
            text, shortened = strip_text(spoken, question.form.max_words)
            usable = text and not repeats_prompt(text, job.prompt)
            truncated = shortened or not generation.finished
            return Answer(text, "model", truncated=truncated, **details) if usable else None
        fields = parse_form(question.form, spoken)
        return None if fields is None else Answer(fields, "model", **details)

    def _fallback(self, question: Question[Any], retried: bool) -> Answer:
        """Return a uniform choice, empty text, or the form's fallback; marked as such, and counted by the runner."""
        details: dict[str, Any] = {"mind": question.mind or self.default_adapter or self.name, "retried": retried}
        if isinstance(question.form, Choose):
            return draw_option(question, [1.0] * len(question.form.options), "fallback", **details)
        value = fallback_fields(question, question.form) if isinstance(question.form, Fill) else ""
        return Answer(value, "fallback", **details)


def label_weights(logprobs: Sequence[float] | None, temperature: float) -> list[float] | None:
    """Return the softmax weights of the labels, by display position; None if there are none.

    Minus infinity is a probability of 0. NaN and infinity are what weights that diverged in training give: no answer.
    """
    if not logprobs or not any(map(isfinite, logprobs)) or any(isnan(value) or value == inf for value in logprobs):
        return None
    # Subtracting the largest keeps exp from underflowing to a total of 0.
    largest = max(value for value in logprobs if isfinite(value))
    return [exp((value - largest) / temperature) if isfinite(value) else 0.0 for value in logprobs]


def to_declared_order(question: Question[Any], weights: Sequence[float]) -> list[float]:
    """Reorder weights by display position into the order in which the options are declared."""
    by_index = dict(zip(display_order(question), weights, strict=True))
    return [by_index[index] for index in range(len(weights))]


def _without_thoughts(cached: Mapping[bytes, Answer]) -> dict[bytes, Answer]:
    """Return the cached answers that are no thoughts of a reasoning model, which earlier versions took for text."""
    return {
        key: answer
        for key, answer in cached.items()
        if not isinstance(answer.value, str) or strip_thoughts(answer.value) == answer.value
    }


def _mark_as_cached(answer: Answer) -> Answer:
    counts = {"prompt_tokens": 0, "cached_tokens": 0, "output_tokens": 0}
    return msgspec.structs.replace(answer, source="cache", value=remove_from_strings(answer.value), **counts)


def _add_token_counts(second: Generation | None, first: Generation | None) -> Generation | None:
    """Return the second attempt with the token counts of the two attempts together."""
    if first is None or second is None:
        return second
    counts = ("prompt_tokens", "cached_tokens", "output_tokens")
    return second._replace(**{name: getattr(first, name) + getattr(second, name) for name in counts})
