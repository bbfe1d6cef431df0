"""Find names that a text itself says are names: after "my name is" or "call me", under a letter, before "speaking".

After such a cue a word that is no ordinary word is a name, whatever its case and whether or not a list has it. Ordinary
words that are names too, such as `Will`, are left to the lists (`names.py`).
"""

import re
from typing import NamedTuple

from training.curation.words import is_ordinary_word

NAME = "[NAME]"

_LETTER = r"[^\W\d_]"
_WORD = rf"{_LETTER}(?:(?!['’]s\b)['’-]?{_LETTER}|\.(?={_LETTER}))*"
_GAP = r"[^\S\n]{1,2}"
_RUN = rf"(?P<run>{_WORD}(?:\.?{_GAP}{_WORD}){{0,3}})"
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "la",
        "del",
        "di",
        "da",
        "dos",
        "das",
        "du",
        "bin",
        "ibn",
        "al",
        "el",
        "ten",
        "ter",
    ]
)
"""Words in lower case between the first and the last name."""
NEVER = frozenset([
    "I", "The", "And", "But", "We", "He", "She", "They", "It", "Then", "When", "So", "My", "Our", "Is", "Was",
    "If",
])  # fmt: skip
"""Capitalised words that never belong to a name."""
_MAX_WORDS = 4


_LONG_LETTER = r"yours(?:\s(?:very\s)?(?:truly|sincerely|faithfully))?|(?:sincerely|truly|respectfully)(?:\syours)?"
_SHORT_LETTER = r"cheers|thanks|thank\syou|thx|love|best|hugs|cordially|greetings"
_AT_END = r"(?=[\s.!]*$)"


class _Cue(NamedTuple):
    form: re.Pattern[str]
    in_any_case: bool = False
    """Whether a name in lower case counts; if not, each of its words begins with a capital."""
    is_complete: bool = False
    """Whether it is a name only if all words of the run are."""
    is_certain: bool = False
    """Whether any capitalised word is a name, as far as capitals reach."""


_CUES = (
    _Cue(
        re.compile(rf"\b(?i:my|his|her|their)\s(?:\w+\s)?(?i:name(?:\sis|\swas|['’]s))[:\s\"'“‘]{{1,4}}{_RUN}"),
        is_certain=True,
    ),
    _Cue(
        re.compile(
            rf"\b(?i:{_LONG_LETTER}|(?:kind|best|warm|kindest|warmest)?\s?regards|best\swishes|signed),?\s?\n?[–—~-]{{0,2}}\s?{_RUN}{_AT_END}"
        ),
        is_complete=True,
        is_certain=True,
    ),
    _Cue(
        re.compile(
            r"\b(?i:name(?:\sis|\swas|['’]s|s)|name\s?[:=]|call(?:s|ed|ing)?\sme|(?:am|i['’]m|im|is|was)\scalled|"
            r"(?:goes|go|went)\sby|known\sas|signed|regards|wishes|xoxo|xo)"
            rf"[,:;.!]?[\s\"'“‘*_–—-]{{1,4}}{_RUN}"
        ),
        in_any_case=True,
    ),
    _Cue(
        re.compile(rf"\b(?i:{_LONG_LETTER})(?:[,.!]\s|\s?\n|\s)\s?[–—~-]{{0,2}}\s?{_RUN}{_AT_END}"),
        True,
        is_complete=True,
    ),
    _Cue(re.compile(rf"\b(?i:{_SHORT_LETTER})\s?\n[–—~-]{{0,2}}\s?{_RUN}{_AT_END}"), True, is_complete=True),
    _Cue(re.compile(rf"\b(?i:{_SHORT_LETTER})[,.!]?\s{{1,3}}[–—~-]{{0,2}}\s?{_RUN}{_AT_END}"), is_complete=True),
    _Cue(re.compile(rf"(?:^|\n|[.!?)]\s)\s*[–—~-]{{1,2}}\s?{_RUN}{_AT_END}"), True, is_complete=True),
    _Cue(re.compile(rf"(?:[,;:.!?]\s){_RUN}(?=\s(?:here|speaking|calling)\b)")),
    _Cue(
        re.compile(rf"\b(?i:it['’]s|i['’]m|i\sam|this\sis)\s{_RUN}(?=\s(?:here|speaking|calling)\b)"),
        in_any_case=True,
        is_complete=True,
        is_certain=True,
    ),
    _Cue(re.compile(rf"\b(?:[DM]r|Mrs|Ms|Prof)\.?\s{_RUN}"), in_any_case=True),
    _Cue(re.compile(rf"\b(?i:work(?:s|ed|ing)?|live[sd]?|dating|married\sto)\s(?:with\s)?{_RUN}")),
    _Cue(
        re.compile(rf"\b(?i:i\sam|i['’]m|im)\s{_RUN}(?=,?\s(?i:by\sthe\sway|btw|and\si|from)\b)"),
        True,
        is_complete=True,
    ),
)


def replace_introduced(text: str) -> tuple[str, int]:
    """Return the text with the names after and before such cues replaced, and their number."""
    num_replaced = 0
    for cue in _CUES:
        pieces, end = list[str](), 0
        for match in cue.form.finditer(text):
            start, stop = _find_name(match["run"], match.start("run"), cue)
            if start < stop and (stop == match.end("run") or not cue.is_complete):
                pieces += [text[end:start], NAME]
                end = stop
                num_replaced += 1
        text = "".join((*pieces, text[end:]))
    return text, num_replaced


def _find_name(run: str, offset: int, cue: _Cue) -> tuple[int, int]:
    """Return start and end (exclusive) in the text of the name with which a run of words begins; equal if with none.

    Args:
        run: The words.
        offset: Where they begin in the text.
        cue: What is before or after them.
    """
    stop = offset
    for index, match in enumerate(re.finditer(_WORD, run)):
        word = match[0]
        is_capital = word[0].isupper() and word not in NEVER
        belongs = (_is_new(word) and (cue.in_any_case or is_capital)) or (cue.is_certain and is_capital)
        follows = index and (word in _PARTICLES or (len(word) == 1 and word.isupper()))
        if index >= _MAX_WORDS or not (belongs or follows):
            break
        if belongs:
            stop = offset + match.end()
    return offset, stop


def _is_new(word: str) -> bool:
    """Return whether a word is no ordinary word, no contraction such as `they'll`, and not drawn out like `sooo`."""
    word = re.sub(r"(?i)(?:n['’]t|['’](?:ll|ve|re|d|m|s))$", "", word)
    return len(word) > 2 and not is_ordinary_word(word) and not re.search(r"(.)\1\1", word)
