"""The prompt of a question: preamble, person, memory, situation, in that order.

One function of a question, used by simulations and by the training examples of HumanLLM; it needs no model. What
changes least comes first, so that an engine's prefix cache serves it. Whatever a person or a corpus says is data: it is
put on one line, so it cannot start a section or an option, and every part is cut to its budget of tokens.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sandbox.core.answering import display_order
from sandbox.core.form import Choose, Form, Write
from sandbox.core.memory import MemoryView, count_tokens
from sandbox.core.presentation import PLAIN, Presentation
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.errors import ContractError
from sandbox.prompting.origin import find_template_line, line_of_error
from sandbox.user_code import DEBUG_HINT

_FOLDER = Path(__file__).parent
SECTION_FILES = tuple(sorted(_FOLDER.glob("*.txt")))
"""Templates of the person and the memory, the same in every world; preamble and situation are the worlds' own."""
PERSONA_TOKENS = 160
"""Budget of the persona, by `count_tokens`."""
STYLE_TOKENS = 80
"""Budget of the writing style."""
FACT_TOKENS = 160
"""Budget of each fact that is text, and of each option."""


class Prompt(NamedTuple):
    """A question as text."""

    system: str
    """Preamble of the world."""
    user: str
    """Person, memory and situation, with the options where there are some."""
    lead: str
    """How the answer begins; a choice's label follows it."""

    def as_text(self) -> str:
        """Return the prompt as a model without a chat template reads it."""
        return f"{self.system}\n\n{self.user}\n{self.lead}".rstrip("\n")

    def num_tokens(self) -> int:
        """Return an upper bound on the tokens of the prompt, by `count_tokens`."""
        return sum(map(count_tokens, self))


def render(question: Question[Any]) -> Prompt:
    """Render a question as text.

    Raises:
        ContractError: A template is malformed or uses a variable that is not among the facts.
    """
    template = question.template
    sections = [person_section(question.profile, question.presentation.profile_reversed)]
    if memory := memory_section(question.memory):
        sections.append(memory)
    sections.append("\n".join((describe_situation(question), *_answer_lines(question))))
    lead = "Answer:" if isinstance(question.form, Choose) else ""
    return Prompt(_fill_in(f"{template.name} (preamble)", template.preamble, {}), "\n\n".join(sections), lead)


def describe_situation(question: Question[Any]) -> str:
    """Render what is asked, without the person, the memory and the options."""
    return _fill_in(question.template.name, question.template.situation, question.facts)


def person_section(profile: Profile, is_reversed: bool = False) -> str:
    """Render who the person is; reversed, the same sentences from the last to the first."""
    parts = [one_line(profile.persona, PERSONA_TOKENS), one_line(profile.writing_style, STYLE_TOKENS)]
    description = " ".join(part for part in parts if part)
    if is_reversed:
        description = " ".join(reversed(_SENTENCE_END.split(description)))
    return _FILES.get_template("person.txt").render(description=description)


def memory_section(memory: MemoryView) -> str:
    """Render what the person remembers; empty if that is nothing."""
    events = [one_line(event.text, FACT_TOKENS) for event in (*memory.salient, *memory.recent)]
    long_ago = ", ".join(f"{count} x {one_line(kind, 8)}" for kind, count in memory.summary)
    if not (events or long_ago):
        return ""
    return _FILES.get_template("memory.txt").render(events=events, long_ago=long_ago).rstrip("\n")


def one_line(value: Any, tokens: int = FACT_TOKENS) -> Any:
    """Return text as data: white space folded, control characters dropped, cut to its budget. Other values stay."""
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub("", " ".join(value.split()))
    if count_tokens(text) > tokens:
        text = text.encode()[: (tokens - 2) * 3].decode(errors="ignore").rstrip() + "…"
    return text


def break_special_tokens(text: str, special_tokens: Sequence[str]) -> str:
    """Break every special token of a tokenizer in `text`, so that it is read as plain characters."""
    for token in special_tokens:
        if len(token) > 1 and token in text:
            text = text.replace(token, token[0] + " " + token[1:])
    return text


def option_labels(form: Form, presentation: Presentation = PLAIN) -> str:
    """Return the letters that label the options of a choice, by display position."""
    return presentation.labels(len(form.options)) if isinstance(form, Choose) else ""


def _answer_lines(question: Question[Any]) -> list[str]:
    """Render options with their labels behind them: a causal model meets a label after what it stands for.

    With labels in front, SmolLM2-135M did not learn to look an option up from 1,000 lists; behind, it took 500.
    """
    form = question.form
    if isinstance(form, Choose):
        displayed = [form.options[index] for index in display_order(question)]
        texts = [one_line(option.text or option.key) for option in displayed]
        letters = option_labels(form, question.presentation)
        return [f"* {text}: {letter}" for letter, text in zip(letters, texts, strict=True)]
    return [] if isinstance(form, Write) else ["Answer in JSON."]


def _fill_in(name: str, text: str, facts: dict[str, Any]) -> str:
    try:
        return _compile(text).render(facts).strip()
    except Exception as error:  # the expressions of a template may raise anything
        kind = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
        message = str(error).rstrip(".")
        broken = ContractError(f"template {name}: {kind}{message}; its facts are {', '.join(facts) or 'none'}")
        broken.add_note(f"{find_template_line(name, text, line_of_error(error))}\n{DEBUG_HINT}")
        raise broken from error


def template_variables(name: str, text: str) -> set[str]:
    """Return the variables that a template uses, in all of its branches.

    Raises:
        ContractError: The template is malformed.
    """
    try:
        return meta.find_undeclared_variables(_TEXTS.parse(text))
    except TemplateError as error:
        broken = ContractError(f"template {name}: {error}")
        broken.add_note(f"{find_template_line(name, text, line_of_error(error))}\n{DEBUG_HINT}")
        raise broken from error


@lru_cache(maxsize=1024)
def _compile(text: str) -> Template:
    return _TEXTS.from_string(text)


_TEXTS = ImmutableSandboxedEnvironment(undefined=StrictUndefined, finalize=one_line, trim_blocks=True)
_FILES = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, loader=FileSystemLoader(_FOLDER), auto_reload=False
)
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
