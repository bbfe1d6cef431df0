"""Characters that must reach neither a terminal nor a file: what a model writes is text and no command."""

import re
from typing import Any


def remove_control_characters(text: str) -> str:
    """Return the text without terminal commands and other characters that no reader can see.

    Tabs and line ends stay, and so do the joiners that emoji and Persian need. What goes: escape sequences, control
    characters, marks that reverse the direction of writing, halves of surrogate pairs, code points that are no
    characters.
    """
    return _INVISIBLE.sub("", _ESCAPE_SEQUENCE.sub("", text))


def remove_from_strings(value: Any) -> Any:
    """Return a value of JSON types whose strings have no control characters."""
    if isinstance(value, str):
        return remove_control_characters(value)
    if isinstance(value, list):
        return [remove_from_strings(part) for part in value]
    if isinstance(value, dict):
        return {key: remove_from_strings(part) for key, part in value.items()}
    return value


_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # titles, links, clipboard
    r"|\x1b[ -/]*[0-~]"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
