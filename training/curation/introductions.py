"""Find names that a text itself says are names: after "my name is" or "call me", under a letter, before "speaking".

After such a cue a word that is no ordinary word is a name, whatever its case and whether or not a list has it. Ordinary
words that are names too, such as `Will`, are left to the lists (`names.py`).
"""

import re
from typing import NamedTuple

from training.curation.details.rule import Signs
from training.curation.words import is_misspelling, is_ordinary_word

NAME = "[NAME]"

_LETTER = r"[^\W\d_]"
_WORD = rf"{_LETTER}(?:(?!['’]s\b)['’-]?{_LETTER}|\.(?={_LETTER}))*"
_GAP = r"[^\S\n]{1,2}"
_RUN = rf"(?P<run>{_WORD}(?:(?:(?<=\b[A-Z])\.)?{_GAP}{_WORD}){{0,3}})"
_PARTICLES = frozenset([
    "van", "von", "der", "den", "de", "la", "del", "di", "da", "dos", "das", "du", "bin", "ibn", "al", "el", "ten",
    "ter",
])  # fmt: skip
"""Words in lower case between the first and the last name."""
NEVER = frozenset([
    "I", "The", "And", "But", "We", "He", "She", "They", "It", "Then", "When", "So", "My", "Our", "Is", "Was",
    "If",
])  # fmt: skip
"""Capitalised words that never belong to a name."""
_MAX_WORDS = 4


_LONG_LETTER = r"yours(?:\s(?:very\s)?(?:truly|sincerely|faithfully))?|(?:sincerely|truly|respectfully)(?:\syours)?"
_SHORT_LETTER = r"cheers|thanks|thank\syou|thx|love|best|hugs|cordially|greetings"
_AT_END = r"(?=[^\S\n]*(?:[.!)]|\n|$))"


_LETTER_WORDS = frozenset([
    "yours", "sincerely", "truly", "respectfully", "faithfully", "regards", "wishes", "signed", "cheers", "thanks",
    "thank", "thx", "love", "best", "hugs", "cordially", "greetings",
])  # fmt: skip
_SPEAKING = frozenset({"here", "speaking", "calling"})


KIN_WORDS = (
    "friend|wife|husband|son|daughter|brother|sister|mother|father|mom|mum|dad|boss|cousin|neighbou?r|teacher|girlfriend|"
    "boyfriend|partner|roommate|colleague|buddy|nephew|niece|uncle|aunt|ex|co-?worker|landlord|landlady|therapist|doctor|"
    "manager|grandmother|grandfather|grandson|granddaughter|fianc[ée]e?|stepdad|stepmom|grandma|grandpa|auntie|client|"
    "dog|cat|mate|kid|pal|bff?|gf|hubby|wifey|baby|ma|pa|granny|nan"
)
"""Words for people, and pets, that a name follows."""
_KIN = frozenset(
    [*KIN_WORDS.replace("?", "").split("|"), "neighbor", "worker", "fiance", "fiancé", "fiancee", "fiancée", "bf"]
)


class _Cue(NamedTuple):
    form: re.Pattern[str]
    words: frozenset[str]
    """One of these words, in lower case, is in every text that has the cue; empty if none need be."""
    in_any_case: bool = False
    """Whether a name in lower case counts; if not, each of its words begins with a capital."""
    is_complete: bool = False
    """Whether it is a name only if all words of the run are."""
    is_strange: bool = False
    """Whether a name counts only if it is no misspelling of a frequent word."""
    is_certain: bool = False
    """Whether any capitalised word is a name, as far as capitals reach."""


_CUES = (
    _Cue(
        re.compile(rf"\b(?i:my|his|her|their)\s(?:\w+\s)?(?i:name(?:\sis|\swas|['’]s))[:\s\"'“‘]{{1,4}}{_RUN}"),
        frozenset({"name"}),
        is_certain=True,
    ),
    _Cue(
        re.compile(
            rf"\b(?i:{_LONG_LETTER}|(?:(?:kind|best|warm|kindest|warmest)\s)?regards|best\swishes|signed)"
            rf",?\s?\n?[–—~-]{{0,2}}\s?{_RUN}{_AT_END}"
        ),
        _LETTER_WORDS,
        is_complete=True,
        is_certain=True,
    ),
    _Cue(
        re.compile(
            r"\b(?i:name(?:\sis|\swas|['’]s|s)|name\s?[:=]|call(?:s|ed|ing)?\sme|(?:am|i['’]m|im|is|was)\scalled|"
            r"(?:goes|go|went)\sby|kn(?:own|ow|ew)\s(?:me\s)?as|signed|regards|wishes|xoxo|xo)"
            rf"[,:;.!]?[\s\"'“‘*_–—-]{{1,4}}{_RUN}"
        ),
        _LETTER_WORDS
        | {"name", "names", "call", "calls", "called", "calling", "by", "known", "know", "knew", "xoxo", "xo"},
        in_any_case=True,
    ),
    _Cue(
        re.compile(
            rf"\b(?i:(?:{_LONG_LETTER})(?:[,.!]\s|\s?\n|\s)|(?:{_SHORT_LETTER})[,.!]?\s?\n)\s?[–—~-]{{0,2}}\s?{_RUN}{_AT_END}"
        ),
        _LETTER_WORDS,
        in_any_case=True,
        is_complete=True,
    ),
    _Cue(
        re.compile(rf"\b(?i:{_SHORT_LETTER})[,.!]?\s{{1,3}}[–—~-]{{0,2}}\s?{_RUN}{_AT_END}"),
        _LETTER_WORDS,
        is_complete=True,
    ),
    _Cue(
        re.compile(rf"(?:^|\n|[.!?:)]\s)\s*[–—~-]{{1,2}}\s?{_RUN}{_AT_END}"),
        frozenset(),
        in_any_case=True,
        is_complete=True,
    ),
    _Cue(
        re.compile(
            rf"\b(?i:hello|hi|hey)(?:\s(?:all|guys|everyone|everybody))?[,!.]?\s{_RUN}(?=\s(?:here|speaking|calling)\b)"
        ),
        frozenset({"hello", "hi", "hey"}),
        in_any_case=True,
        is_complete=True,
    ),
    _Cue(
        re.compile(rf"\b(?P<run>{_WORD}\s{_WORD})(?=,\s(?i:my|his|her|our|their)\s(?:\w+\s)?(?i:{KIN_WORDS})\b)"),
        _KIN,
        is_complete=True,
        is_strange=True,
    ),
    _Cue(re.compile(rf"\b(?i:dear)\s{_RUN}(?=[,.!])"), frozenset({"dear"}), is_complete=True, is_strange=True),
    _Cue(
        re.compile(rf"\b(?P<run>{_WORD})(?=,\s(?i:my|his|her|our|their)\s(?:\w+\s)?(?i:{KIN_WORDS})\b)"),
        _KIN,
        is_strange=True,
    ),
    _Cue(
        re.compile(
            rf"\b(?i:my|his|her|our)\s(?:(?i:little|older|younger|big|best|late|good|old|dear|new|twin)\s)?(?i:{KIN_WORDS})"
            rf",?\s(?P<run>{_WORD})(?=\s|[,.!?;:)]|$)"
        ),
        _KIN,
        in_any_case=True,
        is_strange=True,
    ),
    _Cue(re.compile(rf"(?:[,;:.!?]\s){_RUN}(?=\s(?:here|speaking|calling)\b)"), _SPEAKING),
    _Cue(
        re.compile(rf"\b(?i:it['’]s|i['’]m|i\sam|this\sis)\s{_RUN}(?=\s(?:here|speaking|calling)\b)"),
        _SPEAKING,
        in_any_case=True,
        is_complete=True,
        is_certain=True,
    ),
    _Cue(
        re.compile(rf"\b(?i:hello|hi|hey),?\s(?:\w+,?\s)?(?i:this\sis|i\sam|i['’]?m|it['’]s)\s{_RUN}"),
        frozenset({"hello", "hi", "hey"}),
        in_any_case=True,
    ),
    _Cue(
        re.compile(rf"\b(?i:n[ée]e|go(?:es)?\sby)\s{_RUN}"),
        frozenset({"nee", "née", "by"}),
        in_any_case=True,
        is_certain=True,
    ),
    _Cue(
        re.compile(rf"\b(?i:i\sam|i['’]m|im|this\sis|it['’]s)\s{_RUN}(?=,\s(?i:nice|pleased|happy|glad|hello|hi)\b)"),
        frozenset({"nice", "pleased", "happy", "glad", "hello", "hi"}),
        in_any_case=True,
        is_complete=True,
        is_certain=True,
    ),
    _Cue(
        re.compile(
            r"\b(?i:named|(?:man|woman|guy|girl|boy|friend|lady|dude|kid|person|doctor|teacher)\scalled)\s"
            rf"(?:(?i:her|him|them)\s)?{_RUN}"
        ),
        frozenset({"named", "called"}),
    ),
    _Cue(
        re.compile(
            rf"\b(?i:call(?:s|ed)?\s(?:her|him|them))\s{_RUN}(?=[.,;!?)\n]|$|\s(?i:and|but|or|because|since|for)\b)"
        ),
        frozenset({"call", "calls", "called"}),
        in_any_case=True,
        is_complete=True,
        is_strange=True,
    ),
    _Cue(re.compile(rf"\b(?i:named\s(?:her|him|them|it))\s{_RUN}"), frozenset({"named"}), in_any_case=True),
    _Cue(
        re.compile(rf"\b(?i:[dm]r|mrs|ms|prof)\.?\s{_RUN}"),
        frozenset({"dr", "mr", "mrs", "ms", "prof"}),
        in_any_case=True,
    ),
    _Cue(
        re.compile(rf"\b(?i:work(?:s|ed|ing)?|live[sd]?|dating|married)\s(?i:with|to)\s{_RUN}"),
        frozenset({"work", "works", "worked", "working", "live", "lives", "lived", "dating", "married"}),
    ),
    _Cue(
        re.compile(rf"\b(?i:this\sis)\s{_RUN}(?=\s(?i:from|with|calling|writing)\b)"),
        frozenset({"from", "with", "calling", "writing"}),
        is_complete=True,
        is_strange=True,
    ),
    _Cue(
        re.compile(rf"\b(?i:i\sam|i['’]m|im)\s{_RUN}(?=,?\s(?i:by\sthe\sway|btw|and\si|from)\b)"),
        frozenset({"way", "btw", "and", "from"}),
        in_any_case=True,
        is_complete=True,
    ),
)


def replace_introduced(text: str) -> tuple[str, int]:
    """Return the text with the names after and before such cues replaced, and their number."""
    num_replaced, lowered_words = 0, Signs(text).words
    for cue in _CUES:
        if cue.words and cue.words.isdisjoint(lowered_words):
            continue
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
    words = list(re.finditer(_WORD, run))[:_MAX_WORDS]
    capitals = [word[0] for word in words if word[0][0].isupper() and word[0] not in NEVER]
    is_name = cue.is_complete and any(map(_is_new, capitals))
    stop = offset
    for match in words:
        word = match[0]
        is_capital = word in capitals
        is_part = is_capital and (cue.is_certain or is_name or stop > offset)
        is_strange = not (cue.is_strange and is_misspelling(word))
        if is_part or (_is_new(word) and is_strange and (cue.in_any_case or is_capital)):
            stop = offset + match.end()
        elif not _may_lie_inside(word):
            break
    return offset, stop


def _may_lie_inside(word: str) -> bool:
    """Return whether a word may precede another one of a name: an initial, or a particle such as `van`."""
    return word in _PARTICLES or (len(word) == 1 and word.isupper())


def _is_new(word: str) -> bool:
    """Return whether a word is no ordinary word, no contraction such as `they'll`, and not drawn out like `sooo`."""
    word = re.sub(r"(?i)(?:n['’]t|['’](?:ll|ve|re|d|m|s))$", "", word)
    return len(word) > 2 and not is_ordinary_word(word) and not re.search(r"(.)\1\1", word)
