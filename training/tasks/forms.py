"""Task forms: a task is a chat for training, together with the question behind it for evaluation."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
import polars as pl
from jinja2 import Environment, StrictUndefined
from jinja2 import Template as JinjaTemplate

from sandbox.core.answering import display_order
from sandbox.core.form import Choose, Write
from sandbox.core.memory import MemoryView
from sandbox.core.presentation import PLAIN, Presentation
from sandbox.core.profile import Profile
from sandbox.core.question import Question, Template
from sandbox.core.replicate import Replicate
from sandbox.errors import ConfigError
from sandbox.prompting.render import option_labels, render
from training.sources.platform import find_platform
from training.tasks.decision_points import DecisionPoint
from training.tasks.worlds import SEPARATOR, is_world_template, list_wordings, world_template

PROMPTS = Path(__file__).parent / "prompts"
TASK_REPLICATE = Replicate("next", 0)
"""Questions of a corpus name it as their replicate."""

Family: TypeAlias = Literal[
    "sandbox", "reading", "profile", "stories", "social_qa", "scenario", "writing", "comment", "preference"
]
"""`sandbox` has the forms of a simulation, `reading` list look-up; the rest are the paper's, with scenario, social QA
and stories as families of their own."""

TASK: dict[str, pl.DataType] = {
    "family": pl.String(),  # a `Family`
    "form": pl.String(),
    "source": pl.String(),  # of logs, or a panel
    "platform": pl.String(),  # of a panel, the world whose question it is
    "user": pl.String(),
    "split": pl.String(),
    "record": pl.String(),  # id of what the person really did; "" if the answer is synthetic
    "messages": pl.String(),  # the chat, as JSON; the last message is what the person did
    "question": pl.String(),  # a `TaskQuestion` as JSON; "" for the paper's forms
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
    """True if the answer is what the person really did, False if a model made it."""


class TaskQuestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question without its person, who is looked up by id, so that evaluation can ask another person, or none."""

    template: str
    """Name of a template in `prompts/`, or of a world's, such as `commons/contribute`."""
    facts: dict[str, Any]
    form: Choose[Any] | Write
    memory: MemoryView
    seed: int
    presentation: Presentation = PLAIN


def sandbox_task(
    point: DecisionPoint,
    form: str,
    facts: dict[str, Any],
    answer_form: Choose[Any] | Write,
    answer: str,
    variant: str = "",
    family: Family = "sandbox",
    template: str = "",
    **meta: Any,
) -> Task:
    """Build a task in the sandbox's own form, rendered as a simulation renders it.

    Args:
        point: The decision point that it asks about.
        form: Name of the task form.
        facts: The template's variables.
        answer_form: The legal answers.
        answer: What they did: the key of an option, or a text.
        variant: Distinguishes several questions of one form about one decision point.
        family: `reading` if the answer follows from the question, whoever is asked.
        template: Name of the template, such as a world's; empty: that of the form, which may be followed by the
            platform.
        meta: What evaluation needs to know; the answer is added.
    """
    platform = point.record["platform"]
    template = template or (f"{form}_{platform}" if _platform_prompt(form, platform) else form)
    num_wordings = len(list_wordings(template.partition(SEPARATOR)[0])) if is_world_template(template) else 1
    seed, presentation = point.seed_for(form + variant), point.presentation(form + variant, num_wordings)
    stored_form = answer_form.without_objects() if isinstance(answer_form, Choose) else answer_form
    task_question = TaskQuestion(template, facts, stored_form, point.memory_for(form + variant), seed, presentation)
    question = build_question(task_question, point.profile)
    meta = {"answer": answer, **meta} if isinstance(answer_form, Choose) else meta
    messages = [*prompt_messages(question), {"role": "assistant", "content": answer_text(question, answer)}]
    encoded = msgspec.json.encode(task_question).decode()
    return Task(family, form, messages, encoded, meta, is_record=family == "sandbox")


def build_question(task_question: TaskQuestion, profile: Profile) -> Question[Any]:
    """Return the question as a simulation would put it to a person with this profile."""
    return Question(
        replicate=TASK_REPLICATE,
        step=0,
        round=0,
        agent=0,
        role="person",
        template=task_template(task_question.template, profile.platform, task_question.presentation.wording),
        facts=task_question.facts,
        form=task_question.form,
        profile=profile,
        memory=task_question.memory,
        seed=task_question.seed,
        presentation=task_question.presentation,
    )


def prompt_messages(question: Question[Any]) -> list[dict[str, str]]:
    """Return what comes before the answer, as messages."""
    prompt = render(question)
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]


def answer_text(question: Question[Any], answer: str) -> str:
    """Return the answer as a model writes it: lead and label of a choice, or the text."""
    form = question.form
    if not isinstance(form, Choose):
        return answer
    position = display_order(question).index(form.index(answer))
    return f"{render(question).lead} {option_labels(form, question.presentation)[position]}"


@lru_cache(maxsize=256)
def task_template(name: str, platform: str, wording: int = 0) -> Template:
    """Return the template of this name: a world's in that wording, or else a task form's with the platform's preamble.

    Raises:
        ConfigError: There is no such world, or the platform has no preamble.
    """
    if is_world_template(name):
        return world_template(name, wording)
    # The prefix stays "genome": a question's digest, and so the key of its cached answer, covers its template's name.
    situation = _platform_prompt(name.removesuffix(f"_{platform}"), platform)
    preamble = _platform_prompt("preamble", platform)
    if not preamble:
        raise ConfigError(f"platform {platform!r} has no prompt 'preamble'; add it to the `prompts` of its PLATFORM")
    return Template(f"genome/{name}", preamble, situation or load_prompt(name))


@lru_cache(maxsize=256)
def _platform_prompt(name: str, platform: str) -> str:
    """Return the text that a platform has for a prompt, from its declaration or from a file; "" if it has none."""
    path = PROMPTS / f"{name}_{platform}.txt"
    if text := find_platform(platform).prompts.get(name):
        return text
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@lru_cache(maxsize=256)
def load_prompt(name: str) -> str:
    """Return the text of a prompt file."""
    path = PROMPTS / f"{name}.txt"
    if not path.is_file():
        raise ConfigError(f"there is no prompt {name!r} for tasks; add it to the `prompts` of the platform's PLATFORM")
    return path.read_text(encoding="utf-8")


def paper_task(family: Family, form: str, prompt: str, answer: str, is_record: bool = True, **meta: Any) -> Task:
    """Build a task in one of the paper's forms: one message, one answer, no system prompt."""
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return Task(family, form, messages, "", meta, is_record)


def render_paper_prompt(name: str, **facts: Any) -> str:
    """Return a prompt of the paper's forms, filled in."""
    return _compile_prompt(name).render(facts).strip()


@lru_cache(maxsize=256)
def _compile_prompt(name: str) -> JinjaTemplate:
    return _JINJA.from_string(load_prompt(f"paper/{name}"))


_JINJA = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
