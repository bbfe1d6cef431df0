"""Questions as a page for a person: a questionnaire to hand out, or the decisions of a running world.

The page is one file without anything from the network. Whatever worlds, agents and corpora say reaches it as JSON, and
is only ever set as text, so nothing of it is read as HTML or as a script.
"""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from sandbox.core.answering import display_order
from sandbox.core.form import Choose, Write
from sandbox.core.question import Question
from sandbox.errors import ContractError
from sandbox.prompting.render import describe_situation, memory_section, one_line, person_section

TEMPLATE = Path(__file__).with_name("questions.html")
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""Characters that could end a script, and how JSON writes them."""


def build_page(title: str, data: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        title: What it is called.
        data: `token` for a running world; else `ask_person`, the question who answers, and `items`, what everybody is
            asked, or `by_person`, what each is asked; see `describe_question`.
    """
    text = json.dumps(data, ensure_ascii=False)
    for character, written in _UNSAFE.items():
        text = text.replace(character, written)
    page = TEMPLATE.read_text(encoding="utf-8")
    return page.replace("{{ title }}", escape(title)).replace("{{ data }}", text)


def describe_question(question: Question[Any], is_self: bool) -> dict[str, Any]:
    """Return a question as the page shows it, options in the order in which an agent sees them.

    Args:
        question: Asks to choose or to write.
        is_self: Whether the person answers for themselves, without persona and memory of the agent.

    Raises:
        ContractError: It asks to fill in a form.
    """
    described: dict[str, Any] = {"text": describe_situation(question)}
    if not is_self:
        described["sections"] = _list_sections(question)
    form = question.form
    if isinstance(form, Choose):
        displayed = [form.options[place] for place in display_order(question)]
        described["options"] = [
            {"key": option.key, "text": one_line(option.text or option.key)} for option in displayed
        ]
    elif isinstance(form, Write):
        described["max_words"] = form.max_words
    else:
        raise ContractError(f"{question.template.name} asks to fill in a form, which no page can show yet")
    return described


def _list_sections(question: Question[Any]) -> list[dict[str, Any]]:
    texts = {
        "Where you are": question.template.preamble.strip(),
        "Who you are": person_section(question.profile).removeprefix("About you:").strip(),
        "What you remember": memory_section(question.memory).removeprefix("You remember:").strip(),
    }
    return [{"title": title, "text": text, "open": True} for title, text in texts.items() if text]
