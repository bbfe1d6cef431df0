"""A task as a row: a chat for whoever trains, and the question behind it for whoever judges."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
import polars as pl
from jinja2 import Environment, StrictUndefined
from jinja2 import Template as Prompt

from agents.prompt import labels, render
from sandbox.mind import shown_order
from sandbox.people import MemoryView, Profile
from sandbox.presentation import PLAIN, Presentation
from sandbox.question import Choose, Question, Template, Write
from training.tasks.moments import Moment

PROMPTS = Path(__file__).parent / "prompts"
NEXT = "next"
"""What records of the corpus are called where a simulation names its replicate."""

Family: TypeAlias = Literal[
    "sandbox", "reading", "profile", "stories", "social_qa", "scenario", "writing", "comment", "preference"
]
"""The paper's families, scenario and social QA and stories apart; the sandbox's own forms; how lists are read."""

TASK: dict[str, pl.DataType] = {
    "family": pl.String(),  # a `Family`
    "form": pl.String(),
    "source": pl.String(),
    "platform": pl.String(),
    "user": pl.String(),
    "split": pl.String(),
    "record": pl.String(),  # id of what the person really did; "" where the answer is made
    "messages": pl.String(),  # the chat, as JSON; the last message is what the person did
    "question": pl.String(),  # what `question_of` reads, as JSON; "" where the form is no form of the sandbox
    "meta": pl.String(),  # JSON: of a choice, its answer and what each option is
}
"""Columns of a table of tasks."""


class Task(NamedTuple):
    """One example."""

    family: Family
    form: str
    messages: Sequence[Mapping[str, str]]
    question: str = ""
    meta: Mapping[str, Any] = {}
    is_record: bool = True
    """Whether the answer is what the person really did, rather than made by a model."""


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question without its person, who is found by id: so another person, or none, can be put in their place."""

    template: str
    facts: dict[str, Any]
    form: Choose | Write
    memory: MemoryView
    seed: int
    presentation: Presentation = PLAIN


def sandbox_task(
    moment: Moment,
    name: str,
    facts: dict[str, Any],
    form: Choose | Write,
    answer: str,
    which: str = "",
    family: Family = "sandbox",
    **meta: Any,
) -> Task:
    """An example in the sandbox's own form, rendered as a simulation renders it.

    Args:
        moment: Whom it is asked about.
        name: Of the form, which is its template's too, with or without the platform.
        facts: What the template shows.
        form: What can be answered.
        answer: What they did: key of an option, or text.
        which: Tells several questions of one form about one moment apart.
        family: `reading` where the answer follows from what is shown, whoever is asked.
        meta: What a judge wants to know; the answer is added.
    """
    special = f"{name}_{moment.record['platform']}"
    template = special if (PROMPTS / f"{special}.txt").exists() else name
    asked = Asked(template, facts, form, moment.memory, moment.seed_of(name + which), moment.presentation(name + which))
    question = question_of(asked, moment.profile)
    meta = {"answer": answer, **meta} if isinstance(form, Choose) else meta
    messages = [*chat_of(question), {"role": "assistant", "content": said(question, answer)}]
    return Task(family, name, messages, msgspec.json.encode(asked).decode(), meta, is_record=family == "sandbox")


def question_of(asked: Asked, profile: Profile) -> Question:
    """The question as a simulation would put it to a person with this profile."""
    return Question(
        replicate=NEXT,
        step=0,
        round=0,
        agent=0,
        role="person",
        template=template_of(asked.template, profile.platform),
        facts=asked.facts,
        form=asked.form,
        profile=profile,
        memory=asked.memory,
        seed=asked.seed,
        presentation=asked.presentation,
    )


def chat_of(question: Question) -> list[dict[str, str]]:
    """What comes before the answer, as messages."""
    prompt = render(question)
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]


def said(question: Question, answer: str) -> str:
    """The answer as a model says it: lead and label of a choice, or the text."""
    form = question.form
    if not isinstance(form, Choose):
        return answer
    place = shown_order(question).index(form.index(answer))
    return f"{render(question).lead} {labels(form, question.presentation)[place]}"


@lru_cache(maxsize=256)
def template_of(name: str, platform: str) -> Template:
    """The sandbox's template of that name, with the rules of the platform."""
    return Template(f"genome/{name}", text_of(f"rules_{platform}"), text_of(name))


@lru_cache(maxsize=256)
def text_of(name: str) -> str:
    """A prompt file."""
    return (PROMPTS / f"{name}.txt").read_text(encoding="utf-8")


def worded(name: str, **facts: Any) -> str:
    """A prompt of the paper's forms, filled in."""
    return _compiled(name).render(facts).strip()


def paper_task(family: Family, form: str, asked: str, answer: str, is_record: bool = True, **meta: Any) -> Task:
    """An example in one of the paper's forms: one message, one answer, no system prompt."""
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return Task(family, form, messages, "", meta, is_record)


@lru_cache(maxsize=256)
def _compiled(name: str) -> Prompt:
    return _JINJA.from_string(text_of(f"paper/{name}"))


_JINJA = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
