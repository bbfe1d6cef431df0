"""Generated text: strip it to what was asked, detect that it repeats its prompt, parse it as a form.

A reasoning model thinks before it answers. What it thinks is not what the person says.
"""

import re
from typing import Any

from pydantic import ValidationError

from sandbox.characters import remove_control_characters, remove_from_strings
from sandbox.core.answering import dump_form
from sandbox.core.form import Fill
from sandbox.prompting.render import Prompt

MIN_REPEATED_WORDS = 5
"""A shorter text may occur in its prompt by chance."""


def strip_thoughts(text: str) -> str | None:
    """Return a text without the thoughts of a reasoning model; None if a thought is not closed, so no answer came."""
    text = _CLOSED_THOUGHT.sub("", text)
    # A chat template may have opened the thought, so that the text only closes it.
    text = _THOUGHT_END.split(text)[-1]
    return None if _THOUGHT_START.search(text) else text


def strip_text(text: str, max_words: int) -> tuple[str, bool]:
    """Strip generated text to what was asked, and say whether it was too long.

    Removes control characters, surrounding quotes and a lead-in ("Sure, here is my review:"). Text over `max_words` is
    cut after its last complete sentence, or after a word if that would leave less than half of it.
    """
    text = _LEAD_IN.sub("", remove_control_characters(text).strip()).strip()
    text = " ".join(text.strip("\"'`*“”").split())
    words = text.split(" ")
    if len(words) <= max_words:
        return text, False
    beginning = " ".join(words[:max_words])
    end = max(beginning.rfind(mark) for mark in ".!?")
    return (beginning[: end + 1] if end > len(beginning) // 2 else beginning), True


def repeats_prompt(text: str, prompt: Prompt) -> bool:
    """Return whether a text of at least `MIN_REPEATED_WORDS` words is part of its own prompt."""
    folded = " ".join(text.lower().split()).rstrip(".!? ")
    prompt_text = " ".join(f"{prompt.system} {prompt.user}".lower().split())
    return len(folded.split()) >= MIN_REPEATED_WORDS and folded in prompt_text


def parse_form(form: Fill, text: str) -> dict[str, Any] | None:
    """Return the fields in a JSON text, without control characters; None if they are no valid answer to the form."""
    try:
        fields = dump_form(form.model.model_validate_json(text))
        clean_fields = remove_from_strings(fields)
        return fields if clean_fields == fields else dump_form(form.model.model_validate(clean_fields))
    except ValidationError:
        return None


_LEAD_IN = re.compile(
    r"^((sure|okay|ok|of course|certainly)[,.!\s]+)?(here('s| is)|this is) (a|an|my|the|your)\b[^:.\n]{0,40}"
    r"\b(review|reply|post|message|comment|text|answer)\b[^:.\n]{0,20}:\s*"
    r"|^(sure|of course|certainly)[,.!][^:.\n]{0,60}:\s*",
    re.IGNORECASE,
)
_TAG = r"(?:think|thinking|thought|thoughts|reasoning|seed:think)"
_START = rf"<{_TAG}>|\[THINK\]|◁think▷|<\|channel\|>analysis<\|message\|>"
_END = rf"</{_TAG}>|\[/THINK\]|◁/think▷|<\|channel\|>final<\|message\|>"
_THOUGHT_START, _THOUGHT_END = (re.compile(pattern, re.IGNORECASE) for pattern in (_START, _END))
_CLOSED_THOUGHT = re.compile(f"(?:{_START}).*?(?:{_END})", re.IGNORECASE | re.DOTALL)
