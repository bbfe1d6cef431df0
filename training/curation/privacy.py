"""Replace private details in texts by placeholders.

The rules match forms (an e-mail address has an @, a phone number a certain number of digits) and cues (a word after
"my username is"), so they find what is written in a usual way and miss what is not. `[EMAIL]`, `[PHONE]`, `[URL]`,
`[ADDRESS]`, `[ID]`, `[PLATE]`, `[DATE]`, `[NAME]`, `@user` and `u/[USER]` stand for what was there.
"""

import re
from collections.abc import Iterator, Sequence

import polars as pl

from training.curation.details.accounts import HANDLE_RULES, USER
from training.curation.details.dates import DATE_RULES
from training.curation.details.links import EMAIL_RULES, URL_RULES
from training.curation.details.machines import MACHINE_RULES, POSITION_RULES
from training.curation.details.numbers import (
    BARE_NUMBER_RULES,
    ID_RULES,
    LETTER_ID_RULES,
    PARTIAL_ID_RULES,
    PASSWORD_RULES,
)
from training.curation.details.phones import INTERNATIONAL_PHONE_RULES, PHONE_RULES, SPELLED_PHONE_RULES
from training.curation.details.places import PLACE_RULES, SPELLED_PLACE_RULES
from training.curation.details.plates import PLATE_RULES
from training.curation.details.rule import Rule, Signs
from training.curation.names import replace_names
from training.curation.words import is_ordinary_word

RULES: tuple[Rule, ...] = (
    *EMAIL_RULES,
    *URL_RULES,
    *HANDLE_RULES,
    *PASSWORD_RULES,
    *LETTER_ID_RULES,
    *SPELLED_PHONE_RULES,
    *SPELLED_PLACE_RULES,
)
"""In order of trial: what may be part of a longer detail comes after it."""
DIGIT_RULES: tuple[Rule, ...] = (
    *MACHINE_RULES,
    *POSITION_RULES,
    *DATE_RULES,
    *PLACE_RULES,
    *PLATE_RULES,
    *INTERNATIONAL_PHONE_RULES,
    *PARTIAL_ID_RULES,
    *ID_RULES,
    *PHONE_RULES,
    *BARE_NUMBER_RULES,
)
"""Rules for details that have digits, in order of trial. They are tried only near digits."""
MIN_ACCOUNT = 5
"""Characters of the shortest account name that is looked for in its owner's texts."""
NEAR = 80
"""Characters before and after a digit that a detail with its cue may take."""
_DIGITS = re.compile(r"\d+")
_INVISIBLE = re.compile("[\u200b\u200c\u2060\ufeff\u00ad]|(?<=\\w)\u200d(?=\\w)")
"""Characters that nobody sees, and that take a detail apart."""


def scrub_texts(texts: pl.Series) -> tuple[pl.Series, dict[str, int]]:
    """Return texts without private details, and the number of replacements of each kind."""
    counts: dict[str, int] = {}
    scrubbed = [scrub_text(text, counts) for text in texts]
    return pl.Series(texts.name, scrubbed, dtype=pl.String), counts


def hide_accounts(texts: pl.Series, users: pl.Series) -> pl.Series:
    """Return texts in which the author's own account name is replaced; one that is an ordinary word stays."""
    hidden = [
        re.sub(rf"(?<!\w){re.escape(user)}(?!\w)", USER, text, flags=re.IGNORECASE)
        if len(user) >= MIN_ACCOUNT and user.lower() in text.lower() and not (user.isdigit() or is_ordinary_word(user))
        else text
        for text, user in zip(texts, users, strict=True)
    ]
    return pl.Series(texts.name, hidden, dtype=pl.String)


def scrub_text(text: str, counts: dict[str, int]) -> str:
    """Return a text without private details; adds the numbers of replacements to `counts`."""
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
    text = _apply_rules(text, RULES, counts)
    pieces, end = list[str](), 0
    for start, stop in _spans_near_digits(text):
        pieces += [text[end:start], _apply_rules(text[start:stop], DIGIT_RULES, counts)]
        end = stop
    text, num_names = replace_names("".join((*pieces, text[end:])))
    _count(counts, "name", num_names)
    return text


def _apply_rules(text: str, rules: Sequence[Rule], counts: dict[str, int]) -> str:
    signs = Signs(text)
    for rule in rules:
        if rule.may_match(signs):
            text, num_replaced = rule.replace(text)
            if num_replaced:
                signs = Signs(text)
                _count(counts, rule.kind, num_replaced)
    return text


def _spans_near_digits(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end (exclusive) of the parts of a text that are near digits, cut at white space."""
    start = stop = -1
    for match in _DIGITS.finditer(text):
        if match.start() > stop:
            if stop >= 0:
                yield start, stop
            start = max(text.rfind(" ", 0, max(0, match.start() - NEAR)) + 1, stop, 0)
        cut = text.find(" ", match.end() + NEAR)
        stop = len(text) if cut < 0 else cut
    if stop >= 0:
        yield start, stop


def _count(counts: dict[str, int], kind: str, number: int) -> None:
    if number:
        counts[kind] = counts.get(kind, 0) + number
