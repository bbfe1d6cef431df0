"""The prompt of a question: rules, person, memory, situation, in that order.

One function of a question, used by simulations and by the training examples of HumanLLM. What changes
least comes first, so that an engine's prefix cache serves it. Whatever a person or a corpus says is data: it is put
on one line, so it cannot start a section or an option, and every part is cut to its budget of tokens.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sandbox.mind import shown_order
from sandbox.people import MemoryView, Profile, count_tokens
from sandbox.presentation import PLAIN, Presentation
from sandbox.question import Choose, Form, Question, Write

_FOLDER = Path(__file__).parent / "prompts"
SECTIONS = tuple(sorted(_FOLDER.glob("*.txt")))
"""What is said of a person and of what they remember, in every world; rules and situations are the worlds' own."""
PERSONA_TOKENS = 160
"""Budget of the persona, by `count_tokens`."""
STYLE_TOKENS = 80
"""Budget of the writing style."""
FACT_TOKENS = 160
"""Budget of each fact that is text, and of each option."""


class Prompt(NamedTuple):
    """A question as text."""

    system: str
    """Rules of the world."""
    user: str
    """Person, memory and situation, with the options where there are some."""
    lead: str
    """How the answer is begun for the model; a choice's label follows it."""


def render(question: Question) -> Prompt:
    """Render a question as text."""
    template = question.template
    sections = [person_section(question.profile, question.presentation.profile_reversed)]
    if memory := memory_section(question.memory):
        sections.append(memory)
    situation = _compiled(template.situation).render(question.facts).strip()
    sections.append("\n".join((situation, *_answer_lines(question))))
    lead = "Answer:" if isinstance(question.form, Choose) else ""
    return Prompt(_compiled(template.rules).render().strip(), "\n\n".join(sections), lead)


def person_section(profile: Profile, is_reversed: bool = False) -> str:
    """Who the person is; reversed, the same sentences from the last to the first."""
    parts = [one_line(profile.persona, PERSONA_TOKENS), one_line(profile.writing_style, STYLE_TOKENS)]
    told = " ".join(part for part in parts if part)
    told = " ".join(reversed(_SENTENCE_END.split(told))) if is_reversed else told
    return _READ.get_template("person.txt").render(told=told)


def memory_section(memory: MemoryView) -> str:
    """What the person remembers; empty where that is nothing."""
    events = [one_line(event.text, FACT_TOKENS) for event in (*memory.salient, *memory.recent)]
    long_ago = ", ".join(f"{count} x {one_line(kind, 8)}" for kind, count in memory.summary)
    if not (events or long_ago):
        return ""
    return _READ.get_template("memory.txt").render(events=events, long_ago=long_ago).rstrip("\n")


def one_line(value: Any, tokens: int = FACT_TOKENS) -> Any:
    """Text as data: white space folded, control characters dropped, cut to its budget. Other values stay."""
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub("", " ".join(value.split()))
    if count_tokens(text) > tokens:
        text = text.encode()[: (tokens - 2) * 3].decode(errors="ignore").rstrip() + "…"
    return text


def defused(text: str, special_tokens: Sequence[str]) -> str:
    """Break every special token of a tokenizer that stands in `text`, so that it is read as plain characters."""
    for token in special_tokens:
        if len(token) > 1 and token in text:
            text = text.replace(token, token[0] + " " + token[1:])
    return text


def labels(form: Form, presentation: Presentation = PLAIN) -> str:
    """The letters that label the options of a choice, by the place where they are shown."""
    return presentation.labels(len(form.options)) if isinstance(form, Choose) else ""


def _answer_lines(question: Question) -> list[str]:
    """Options with their labels behind them: a causal model meets a label when it has read what it stands for.

    With labels in front, SmolLM2-135M did not learn to look an option up from 1,000 lists; behind, it took 500.
    """
    form = question.form
    if isinstance(form, Choose):
        shown = [form.options[index] for index in shown_order(question)]
        options = [one_line(option.text or option.key) for option in shown]
        letters = labels(form, question.presentation)
        return [f"* {text}: {letter}" for letter, text in zip(letters, options, strict=True)]
    return [] if isinstance(form, Write) else ["Answer in JSON."]


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Template:
    return _JINJA.from_string(text)


_JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined, finalize=one_line, trim_blocks=True)
_READ = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, loader=FileSystemLoader(_FOLDER), auto_reload=False
)
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
