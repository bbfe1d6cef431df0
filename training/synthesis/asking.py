"""A step of synthesis as questions for any mind: one batch for all cases, rules over every answer, one second try.

What fails the rules of its step is asked once again with another seed, then dropped; both are counted by object and
reason. An answer depends on its case alone (its seed is a hash of user, record and step), never on the batch.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from sandbox import assembly
from sandbox.config import targeted
from sandbox.errors import ConfigError
from sandbox.mind import Context, Mind, Reply
from sandbox.people import NO_MEMORY, Profile
from sandbox.question import Answer, Form, Question, Template, check_answers
from training.funnel import Tally
from training.quality import failures

PROMPTS = Path(__file__).parent / "prompts"
ATTEMPTS = 2
WORKER = Profile("synthesizer", "You prepare research data with care. You add nothing that is not in your source.")
"""Who a synthesizing mind is."""
_LOG = logging.getLogger(__name__)


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
        """One batch for all; None for what was declined or did not pass."""
        made: dict[int, Made] = {}
        why: dict[int, str] = {}
        left = list(range(len(asked)))
        for attempt in range(ATTEMPTS):
            answers = self._answers([asked[place] for place in left], attempt)
            for place, answer in zip(left, answers, strict=True):
                value = _value(answer)
                why[place] = _verdict(*asked[place], answer, value)
                if not why[place]:
                    made[place] = Made(value, answer.model or answer.voice)
            left = [place for place in left if why[place] not in ("", DECLINED)]
        for place, (step, case) in enumerate(asked):
            self.tally.add(case.source, step.kind, "in", 1)
            self.tally.add(case.source, step.kind, why[place] or "out", 1)
        return [made.get(place) for place in range(len(asked))]

    def _answers(self, asked: Sequence[tuple[Step, Case]], attempt: int) -> list[Answer]:
        if not asked:
            return []
        questions = [_question(step, case, self.seed, attempt) for step, case in asked]
        answers = self.mind.answer(questions)
        check_answers(questions, answers)
        self.tally.add("all", "questions", "asked again" if attempt else "asked", len(asked))
        self.tally.add("all", "tokens", "read", sum(answer.prompt_tokens for answer in answers))
        self.tally.add("all", "tokens", "written", sum(answer.output_tokens for answer in answers))
        return answers


def mind_of(node: Mapping[str, Any], model: str, use_cache: bool) -> Mind:
    """The mind that a node of the configuration names; one in a process for equal settings."""
    return _built(json.dumps(node, sort_keys=True), model, assembly.answers_file() if use_cache else None)


def check_room(node: Mapping[str, Any], needed: int, where: str) -> None:
    """Raise `ConfigError` where prompts of so many tokens, with their answers, do not fit a mind that says its room."""
    room = node.get("max_model_len")
    if isinstance(room, int) and needed > room:
        raise ConfigError(
            f"{where}: prompts with their answers take up to {needed} tokens but mind.max_model_len is {room}; raise "
            "it or show less of the source (max_source_tokens, max_post_tokens)"
        )


@cache
def template(name: str) -> Template:
    """The prompt of that name: the posts come first, so that an engine reads them once for all steps over them."""
    rules, posts, task = ((PROMPTS / f"{part}.txt").read_text(encoding="utf-8") for part in ("rules", "posts", name))
    return Template(f"synthesis/{name}", rules, f"{posts}\n{task}")


def fingerprint() -> str:
    """Hash of the code and the prompts of synthesis, for the settings of its stages: other wording, other output."""
    state = blake2b(digest_size=8)
    for path in sorted([*PROMPTS.parent.glob("*.py"), *PROMPTS.glob("*.txt")]):
        state.update(path.read_bytes())
    return state.hexdigest()


@lru_cache(maxsize=4)
def _built(node: str, model: str, cache: Path | None) -> Mind:
    kind, settings = targeted(json.loads(node), "mind")
    if not (isinstance(kind, type) and issubclass(kind, Mind)):
        raise ConfigError(f"mind._target_ must name a subclass of sandbox.mind.Mind, found {kind!r}")
    return kind.build(settings, Context(_no_rule, model, cache, _LOG.info))


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


def _value(answer: Answer) -> dict[str, Any]:
    return answer.value if isinstance(answer.value, dict) else {"text": answer.value}


def _verdict(step: Step, case: Case, answer: Answer, value: Mapping[str, Any]) -> str:
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


DECLINED = "declined"
"""That the mind said that the source does not carry it: an answer, not a failure."""
