"""Generated text: strip it to what was asked, detect that it repeats its prompt, parse it as a form."""

import re
from typing import Any

from pydantic import ValidationError

from sandbox.core.answering import dump_form
from sandbox.core.form import Fill
from sandbox.prompting.render import Prompt

MIN_REPEATED_WORDS = 5
"""A shorter text may occur in its prompt by chance."""


def strip_text(text: str, max_words: int) -> tuple[str, bool]:
    """Strip generated text to what was asked, and say whether it was too long.

    Removes surrounding quotes and a lead-in ("Sure, here is my review:"). Text over `max_words` is cut after its last
    complete sentence, or after a word if that would leave less than half of it.
    """
    text = _LEAD_IN.sub("", text.strip()).strip()
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
    """Return the fields in a JSON text; None if they are not a valid answer to the form."""
    try:
        return dump_form(form.model.model_validate_json(text))
    except ValidationError:
        return None


_LEAD_IN = re.compile(
    r"^((sure|okay|ok|of course|certainly)[,.!\s]+)?(here('s| is)|this is) (a|an|my|the|your)\b[^:.\n]{0,40}"
    r"\b(review|reply|post|message|comment|text|answer)\b[^:.\n]{0,20}:\s*"
    r"|^(sure|of course|certainly)[,.!][^:.\n]{0,60}:\s*",
    re.IGNORECASE,
)
