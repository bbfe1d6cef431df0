"""A step of synthesis as questions for any mind: one batch for all inputs, rules over every answer, one retry.

An answer that fails the rules of its step is asked for once more with another seed, then dropped; both are counted by
object and reason. An answer depends only on its own input (its seed is a hash of user, record and step), never on the
batch.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pydantic import NonNegativeInt

from sandbox.composition import resolve_target
from sandbox.core.answer import Answer
from sandbox.core.form import Form
from sandbox.core.memory import NO_MEMORY
from sandbox.core.mind import Mind, MindContext, RuleMind
from sandbox.core.profile import Profile
from sandbox.core.question import Question, Template, check_answers
from sandbox.core.replicate import Replicate
from sandbox.errors import BackendError, ConfigError
from sandbox.runtime import assembly
from sandbox.settings import Settings, validate
from training.curation.quality import failures
from training.pipeline.funnel import Tally

PROMPTS = Path(__file__).parent / "prompts"
SYNTHESIZER = Profile("synthesizer", "You prepare research data with care. You add nothing that is not in your source.")
"""The profile of the agent that every question is put to."""
DECLINED = "declined"
"""The mind said that the source does not support an answer, which is not a failure."""
MAX_LOST = 10
MAX_LOST_SHARE = 0.05
"""If more questions of a batch than both get no answer, the engine is gone, and going on would leave a corpus of
gaps."""


class AskConfig(Settings):
    """The mind that answers the questions of a stage."""

    mind: dict[str, Any]
    """Node of a mind, as in `conf/mind/`."""
    model: str
    """Language model: a known name, a hub id or a folder."""
    cache: bool
    """Whether answers are cached and reused."""
    seed: NonNegativeInt


class StepInput(NamedTuple):
    """What one answer is made from."""

    source: str
    """Name of the source of the logs."""
    user: str
    record: str
    """Id of the record; "" if the input is about a user's records together."""
    facts: dict[str, Any]
    """Variables of the step's prompt."""
    sources: tuple[str, ...]
    """Texts that the answer must be supported by."""


class Step(NamedTuple):
    """One kind of object that a mind is asked to make."""

    kind: str
    """Name of the object, under which it is counted, and of its rules."""
    prompt: str
    """Name of the prompt's file."""
    form: Form
    texts: Mapping[str, str] = {}
    """Kind of text, as in `quality.RULES`, by field of the answer; the field is `text` for a `Write`."""
    check: Callable[[Mapping[str, Any], StepInput], list[str]] = lambda value, step_input: []
    """Returns further reasons why an answer cannot be used."""


class StepOutput(NamedTuple):
    """An answer that passed all rules."""

    value: dict[str, Any]
    model: str
    """The model that wrote it."""


StepRequest: TypeAlias = tuple[Step, StepInput]


class Asker:
    """Asks a mind, checks its answers, asks again, and counts."""

    def __init__(self, mind: Mind, seed: int, tally: Tally) -> None:
        self.mind = mind
        self.seed = seed
        self.tally = tally

    def ask(self, requests: Sequence[StepRequest]) -> list[StepOutput | None]:
        """Answer all requests in one batch, counted by object and reason; None if declined or not passed."""
        replies = self.collect_replies(requests)
        for (step, step_input), reply in zip(requests, replies, strict=True):
            self.tally.add(step_input.source, step.kind, "in", 1)
            self.tally.add(step_input.source, step.kind, "out" if isinstance(reply, StepOutput) else reply, 1)
        return [reply if isinstance(reply, StepOutput) else None for reply in replies]

    def collect_replies(self, requests: Sequence[StepRequest]) -> list[StepOutput | str]:
        """Answer all requests in one batch, and those that failed in a second; return outputs or reasons of failure."""
        replies = self._ask_batch(requests, 0)
        failed = [place for place, reply in enumerate(replies) if isinstance(reply, str) and reply != DECLINED]
        for place, reply in zip(failed, self._ask_batch([requests[place] for place in failed], 1), strict=True):
            replies[place] = reply
        return replies

    def _ask_batch(self, requests: Sequence[StepRequest], attempt: int) -> list[StepOutput | str]:
        if not requests:
            return []
        questions = [_build_question(step, step_input, self.seed, attempt) for step, step_input in requests]
        answers = self.mind.answer(questions)
        check_answers(questions, answers)
        if not attempt:
            _check_engine(answers)
        self.tally.add("all", "questions", "asked again" if attempt else "asked", len(requests))
        return [
            _check_reply(step, step_input, answer) for (step, step_input), answer in zip(requests, answers, strict=True)
        ]


def build_asker(settings: Mapping[str, Any], tally: Tally) -> Asker:
    """Return the asker that the settings of a stage describe."""
    config = validate(AskConfig, settings)
    return Asker(open_mind(config), config.seed, tally)


def open_mind(config: AskConfig) -> Mind:
    """Return the configured mind; a process has one open at a time, since two engines rarely fit a machine.

    Raises:
        ConfigError: The node names no mind, or rules, which cannot synthesize.
    """
    from sandbox.output.progress import notify

    name = json.dumps((config.mind, config.model, config.cache), sort_keys=True)
    if name not in _OPEN_MINDS:
        close_mind()
        kind, settings = resolve_mind_class(config.mind, "mind")
        if issubclass(kind, RuleMind):
            raise ConfigError(
                "mind=rule has no rules for synthesis: rules make people with synthesizer=extractive; "
                "synthesizer=llm needs mind vllm or server"
            )
        cache_file = assembly.answer_cache_file() if config.cache else None
        _OPEN_MINDS[name] = kind.build(settings, MindContext({}, config.model, cache_file, notify))
    return _OPEN_MINDS[name]


def close_mind() -> None:
    """Free what the open mind holds."""
    while _OPEN_MINDS:
        _OPEN_MINDS.popitem()[1].close()


def resolve_mind_class(node: Mapping[str, Any], where: str) -> tuple[type[Mind], dict[str, Any]]:
    """Return the class that a node of the configuration names, and its settings."""
    kind, settings = resolve_target(node, where)
    if not (isinstance(kind, type) and issubclass(kind, Mind)):
        raise ConfigError(f"{where}._target_ must name a subclass of sandbox.core.mind.Mind, found {kind!r}")
    return kind, settings


@cache
def step_template(name: str) -> Template:
    """Return the template of a prompt; posts come first, so that an engine reads them once for all steps over them."""
    rules, posts, task = ((PROMPTS / f"{part}.txt").read_text(encoding="utf-8") for part in ("rules", "posts", name))
    return Template(f"synthesis/{name}", rules, f"{posts}\n{task}")


def _build_question(step: Step, step_input: StepInput, seed: int, attempt: int) -> Question[Any]:
    source, user, record, facts, _ = step_input
    identity = json.dumps((seed, step.kind, source, user, record, facts, attempt), sort_keys=True)
    return Question(
        replicate=Replicate("synthesis", seed),
        step=0,
        round=attempt,
        agent=0,
        role="synthesizer",
        template=step_template(step.prompt),
        facts=facts,
        form=step.form,
        profile=SYNTHESIZER,
        memory=NO_MEMORY,
        seed=int.from_bytes(blake2b(identity.encode(), digest_size=8).digest(), "little"),
    )


def _check_engine(answers: Sequence[Answer]) -> None:
    """Raise `BackendError` if the engine gave hardly any answers; an unusable answer still counts as an answer."""
    lost = sum(answer.source == "fallback" and not answer.retried for answer in answers)
    if lost > max(MAX_LOST_SHARE * len(answers), min(MAX_LOST, len(answers) - 1)):
        raise BackendError(
            f"{lost} of {len(answers)} questions of a batch got no answer; fix the engine or its servers, then run "
            "the same command again: the answers so far are kept"
        )


def _check_reply(step: Step, step_input: StepInput, answer: Answer) -> StepOutput | str:
    value = answer.value if isinstance(answer.value, dict) else {"text": answer.value}
    return _find_fault(step, step_input, answer, value) or StepOutput(value, answer.model or answer.mind)


def _find_fault(step: Step, step_input: StepInput, answer: Answer, value: Mapping[str, Any]) -> str:
    """Return the first reason why an answer cannot be used, or "" if it can."""
    if answer.source == "fallback":
        return "no answer"
    if any(part is None for part in value.values()):
        return DECLINED
    prompt = step_template(step.prompt)
    for field, kind in step.texts.items():
        text = value[field] if isinstance(value[field], str) else "; ".join(value[field])
        if reasons := failures(kind, text, step_input.sources, (prompt.preamble, prompt.situation)):
            return reasons[0] if len(step.texts) == 1 else f"{field} {reasons[0]}"
    return next(iter(step.check(value, step_input)), "")


_OPEN_MINDS: dict[str, Mind] = {}
"""The mind that is open, by its settings."""
