"""A step of synthesis as questions for any mind: one batch for all cases, rules over every answer, one second try.

What fails the rules of its step is asked once again with another seed, then dropped; both are counted by object and
reason. An answer depends on its case alone (its seed is a hash of user, record and step), never on the batch.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import NonNegativeInt

from sandbox import assembly
from sandbox.config import Frozen, targeted
from sandbox.errors import BackendError, ConfigError
from sandbox.mind import Context, Mind, Reply
from sandbox.people import NO_MEMORY, Profile
from sandbox.question import Answer, Form, Question, Template, check_answers
from sandbox.validation import validated
from training.funnel import Tally
from training.quality import failures

PROMPTS = Path(__file__).parent / "prompts"
WORKER = Profile("synthesizer", "You prepare research data with care. You add nothing that is not in your source.")
"""Who a synthesizing mind is."""
DECLINED = "declined"
"""That the mind said that the source does not carry it: an answer, not a failure."""
LOST = 10
LOST_SHARE = 0.05
"""An engine that fails to answer more of a batch than both is gone: to go on would make a corpus of its silence."""


class AskConfig(Frozen):
    """Whom a stage asks."""

    mind: dict[str, Any]
    """Node of a mind, as in `conf/mind/`."""
    model: str
    """Language model: a known name, a hub id or a folder."""
    cache: bool
    """Whether answers are kept and used again."""
    seed: NonNegativeInt


class Case(NamedTuple):
    """What one answer is made from."""

    source: str
    """Name of the source of the logs."""
    user: str
    record: str
    """Id of the record; "" where it is about the whole user."""
    facts: dict[str, Any]
    """What the step's prompt shows."""
    sources: tuple[str, ...]
    """Texts that the answer must rest on."""


class Step(NamedTuple):
    """One kind of thing that a mind is asked to make."""

    kind: str
    """Name of the object, under which it is counted, and of its rules."""
    prompt: str
    """Name of the file of its prompt."""
    form: Form
    texts: Mapping[str, str] = {}
    """Kind of text, as in `quality.RULES`, by field of the answer; `text` for a `Write`."""
    check: Callable[[Mapping[str, Any], Case], list[str]] = lambda value, case: []
    """Further reasons why an answer is not fit to be used."""


class Made(NamedTuple):
    """An answer that passed."""

    value: dict[str, Any]
    model: str
    """What made it."""


class Asker:
    """Asks a mind, checks, asks again, counts."""

    def __init__(self, mind: Mind, seed: int, tally: Tally) -> None:
        self.mind = mind
        self.seed = seed
        self.tally = tally

    def ask(self, asked: Sequence[tuple[Step, Case]]) -> list[Made | None]:
        """One batch for all, counted by object and reason; None for what was declined or did not pass."""
        replies = self.replies(asked)
        for (step, case), reply in zip(asked, replies, strict=True):
            self.tally.add(case.source, step.kind, "in", 1)
            self.tally.add(case.source, step.kind, "out" if isinstance(reply, Made) else reply, 1)
        return [reply if isinstance(reply, Made) else None for reply in replies]

    def replies(self, asked: Sequence[tuple[Step, Case]]) -> list[Made | str]:
        """One batch for all, and one more for what failed: what passed, or the reason why it did not."""
        replies = self._batch(asked, 0)
        failed = [place for place, reply in enumerate(replies) if isinstance(reply, str) and reply != DECLINED]
        for place, reply in zip(failed, self._batch([asked[place] for place in failed], 1), strict=True):
            replies[place] = reply
        return replies

    def _batch(self, asked: Sequence[tuple[Step, Case]], attempt: int) -> list[Made | str]:
        if not asked:
            return []
        questions = [_question(step, case, self.seed, attempt) for step, case in asked]
        answers = self.mind.answer(questions)
        check_answers(questions, answers)
        if not attempt:
            _check_lost(answers)
        self.tally.add("all", "questions", "asked again" if attempt else "asked", len(asked))
        return [_reply(step, case, answer) for (step, case), answer in zip(asked, answers, strict=True)]


def asker_of(settings: Mapping[str, Any], tally: Tally) -> Asker:
    """The asker that the settings of a stage name."""
    config = validated(AskConfig, settings)
    return Asker(mind_of(config), config.seed, tally)


def mind_of(config: AskConfig) -> Mind:
    """The mind that is asked; one is open at a time in a process, since two engines seldom fit a machine."""
    from sandbox.progress import say

    name = json.dumps((config.mind, config.model, config.cache), sort_keys=True)
    if name not in _OPEN:
        close_mind()
        kind, settings = mind_class(config.mind, "mind")
        cache = assembly.answers_file() if config.cache else None
        _OPEN[name] = kind.build(settings, Context(_no_rule, config.model, cache, say))
    return _OPEN[name]


def close_mind() -> None:
    """Free what the mind that is open holds."""
    while _OPEN:
        _OPEN.popitem()[1].close()


def mind_class(node: Mapping[str, Any], where: str) -> tuple[type[Mind], dict[str, Any]]:
    """The class that a node of the configuration names, and its settings."""
    kind, settings = targeted(node, where)
    if not (isinstance(kind, type) and issubclass(kind, Mind)):
        raise ConfigError(f"{where}._target_ must name a subclass of sandbox.mind.Mind, found {kind!r}")
    return kind, settings


@cache
def template(name: str) -> Template:
    """The prompt of that name: the posts come first, so that an engine reads them once for all steps over them."""
    rules, posts, task = ((PROMPTS / f"{part}.txt").read_text(encoding="utf-8") for part in ("rules", "posts", name))
    return Template(f"synthesis/{name}", rules, f"{posts}\n{task}")


def _no_rule(question: Question) -> Reply:
    raise ConfigError(
        f"mind=rule knows no rule for {question.template.name}: rules make people with synthesizer=extractive; "
        "synthesizer=llm needs mind vllm or server"
    )


def _question(step: Step, case: Case, seed: int, attempt: int) -> Question:
    about = json.dumps((seed, step.kind, case.source, case.user, case.record, case.facts, attempt), sort_keys=True)
    return Question(
        replicate=f"synthesis/{seed}",
        step=0,
        round=attempt,
        agent=0,
        role="synthesizer",
        template=template(step.prompt),
        facts=case.facts,
        form=step.form,
        profile=WORKER,
        memory=NO_MEMORY,
        seed=int.from_bytes(blake2b(about.encode(), digest_size=8).digest(), "little"),
    )


def _check_lost(answers: Sequence[Answer]) -> None:
    """Raise `BackendError` where the engine gave hardly an answer, which is not the same as an unusable one."""
    lost = sum(answer.source == "fallback" and not answer.retried for answer in answers)
    if lost > max(LOST_SHARE * len(answers), min(LOST, len(answers) - 1)):
        raise BackendError(
            f"{lost} of {len(answers)} questions of a batch got no answer; mend the engine or its servers, then run "
            "the same command again: what was answered is kept"
        )


def _reply(step: Step, case: Case, answer: Answer) -> Made | str:
    value = answer.value if isinstance(answer.value, dict) else {"text": answer.value}
    return _fault(step, case, answer, value) or Made(value, answer.model or answer.voice)


def _fault(step: Step, case: Case, answer: Answer, value: Mapping[str, Any]) -> str:
    """The first reason why an answer cannot be used, or "" where there is none."""
    if answer.source == "fallback":
        return "no answer"
    if any(part is None for part in value.values()):
        return DECLINED
    prompt = template(step.prompt)
    for field, kind in step.texts.items():
        text = value[field] if isinstance(value[field], str) else "; ".join(value[field])
        if reasons := failures(kind, text, case.sources, (prompt.rules, prompt.situation)):
            return reasons[0] if len(step.texts) == 1 else f"{field} {reasons[0]}"
    return next(iter(step.check(value, case)), "")


_OPEN: dict[str, Mind] = {}
"""The mind that is open, by its settings."""
