"""Show the shape of a line that could not be read, but not what people wrote in it.

A reject is kept before anything is cleaned, so its letters and digits are replaced: `{"id": "x7", "text": "Hi Tom"}`
becomes `{"id": "a9", "text": "Aa Aaa"}`. Names of fields stay, since they say what kind of file it is.
"""

import re

SAMPLE_CHARACTERS = 200
"""Characters, from the start of a line, that are kept."""
_FIELD = re.compile(r"""(["'])[A-Za-z_][A-Za-z_ ]{0,30}\1(?=\s*:)""")
_HARMLESS = r"[a-z_]{1,20}|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[\d:TZ.+ -]{0,20}|[\d.eE+-]{1,8}"
"""A word in lower case, a date or a short number, without which a reason says nothing."""
_QUOTED = re.compile(rf"""(?<!time zone )(['"])(?!(?:{_HARMLESS})\1)(?P<value>.*?)\1(?!\w)""")
_LONG_NUMBER = re.compile(r"\d{9,}(?!\d| s\b)|\S+@\S+")
"""What may be somebody's; a number of seconds is a time, whose day the reason names anyway."""


def show_shape(sample: str) -> str:
    """Return the start of a line with every letter as `a` or `A` and every digit as `9`, except in names of fields."""
    text, pieces, end = sample[:SAMPLE_CHARACTERS], list[str](), 0
    for field in _FIELD.finditer(text):
        pieces += [_mask(text[end : field.start()]), field[0]]
        end = field.end()
    return "".join((*pieces, _mask(text[end:])))


def hide_values(reason: str) -> str:
    """Return a reason in which quoted values, except words, dates and short numbers, show only their shape."""
    reason = _QUOTED.sub(lambda match: match[1] + _mask(match["value"]) + match[1], reason)
    return _LONG_NUMBER.sub(lambda match: _mask(match[0]), reason)


def _mask(text: str) -> str:
    return "".join(_mask_character(character) for character in text)


def _mask_character(character: str) -> str:
    if character.isdigit():
        return "9"
    if not character.isalpha():
        return character
    return "A" if character.isupper() else "a"
