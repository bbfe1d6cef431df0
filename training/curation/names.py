"""Find names of persons in running text by rules: no maker of a named-entity model ships its weights in a package.

A capitalised word that is a first or last name (the lists that ship with `faker`, some forty countries) is a name,
unless it is also an ordinary word, place, month or brand (`ambiguous.txt`): such a word needs a cue next to it, such as
a title, `my friend`, `I'm`, or an unambiguous name. After a title, a word of kinship or `my name is`, any capitalised
word is a name. Two capitalised words in a row that are no ordinary words (`words.py`) are one too. Capitalised words
right after a name belong to it. What a text itself says is a name comes first (`introductions.py`). A single name that
is in no list and has no such cue is missed, and so is one in lower case unless it follows a word of kinship.
"""

import importlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from training.curation.introductions import NAME, NEVER, replace_introduced
from training.curation.words import is_ordinary_word

AMBIGUOUS = Path(__file__).parent / "ambiguous.txt"
"""Names that are ordinary words too."""
COUNTRIES = ("en_US", "en_GB", "es_ES", "es_MX", "de_DE", "fr_FR", "it_IT", "en_IN", "pt_BR", "nl_NL", "sv_SE", "pl_PL")
"""Locales of `faker` whose names are used."""
FURTHER_COUNTRIES = (
    "az_AZ", "cs_CZ", "da_DK", "de_AT", "de_CH", "en_NZ", "es_AR", "es_CO", "et_EE", "fi_FI", "fr_BE", "fr_CH",
    "ga_IE", "ha_NG", "hr_HR", "hu_HU", "id_ID", "ig_NG", "is_IS", "lt_LT", "lv_LV", "no_NO", "pt_PT", "ro_RO", "sk_SK",
    "sl_SI", "tr_TR", "tw_GH", "uz_UZ", "vi_VN", "yo_NG", "zu_ZA",
)  # fmt: skip
"""Locales whose names count as ambiguous if they are ordinary words of English."""
_LISTS = (
    "first_names",
    "first_names_male",
    "first_names_female",
    "last_names",
    "last_names_male",
    "last_names_female",
)
_LATIN = [chr(code) for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))]
_CAPITAL = f"[A-Z{''.join(filter(str.isupper, _LATIN))}]"
_SMALL = f"[a-z{''.join(filter(str.islower, _LATIN))}]"
_WORD = rf"{_CAPITAL}[\w'’-]*{_SMALL}"
_CAPITALISED_RUN = re.compile(rf"(?<![\w.@#/\[]){_WORD}(?: (?:[B-HJ-Z]\.? |[AI]\. )?{_WORD})*")
_TITLES = frozenset([
    "Mr", "Mrs", "Ms", "Miss", "Dr", "Prof", "Professor", "Sir", "Lady", "Uncle", "Aunt", "Auntie", "Aunty",
    "Grandma", "Grandpa", "Sgt", "Rev", "Father", "Sister", "Brother", "Coach", "Senator", "Captain", "Cousin",
    "Nurse", "Officer", "Judge",
])  # fmt: skip
_GREETINGS = frozenset([
    "Hi", "Hello", "Hey", "Dear", "Thanks", "Love", "Meet", "Regards", "Cheers", "Sincerely", "Goodbye", "Bye",
    "Congratulations",
])  # fmt: skip
_KINSHIP = (
    r"[Mm]y|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Yy]our) (?:\w+ )?(?:friend|wife|husband|son|daughter|brother|sister|mother|"
    r"father|mom|mum|dad|boss|cousin|neighbou?r|teacher|girlfriend|boyfriend|partner|roommate|colleague|buddy|nephew|niece|"
    r"dog|cat|uncle|aunt|ex|co-?worker|landlord|landlady|therapist|doctor|manager|fianc[ée]e?|stepdad|stepmom|niece|client|"
    r"grandma|grandpa|auntie|mate|kid|pal|"
    r"grandmother|grandfather|grandson|granddaughter)s?,?"
)
_PARTICLES = r"(?:(?:van|von|der|den|de|la|las|los|del|di|da|dos|das|du|bin|ibn|al|el|zu|le|ten|ter|af|av) ){1,3}"
_CUE_FOR_ANY_WORD = re.compile(
    rf"(?:\b(?:{'|'.join(sorted(_TITLES))})\.?|\b(?:{_KINSHIP})\s(?:[A-Z]\.\s)?(?:{_PARTICLES})?$"
)
"""A capitalised word after this is a name, whether or not it is in a list."""
_CUE_BEFORE = re.compile(
    r"\b(?:I am|I'm|I’m|[Nn]ame is|[Nn]ame's|named|called|thanks|thank you|signed|regards|cheers),?\s$"
)
"""A word after this is a name if it may be one."""
_CUE_AFTER = re.compile(r"^(?:'s| and I\b| said\b| told\b| asked\b| says\b)")
"""A word before this is a name if it may be one."""
_KIN = re.compile(rf"\b(?:{_KINSHIP} (?P<name>[a-z{''.join(filter(str.islower, _LATIN))}-]{{3,}})\b")
_INTRODUCED = re.compile(r"\b(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir|[Tt]he) name(?: is| was|'s|’s) (?P<name>\w[\w-]{2,})")
_SHOUTED = re.compile(rf"(?<![\w.@#/\[-]){_CAPITAL}{{4,}}(?: {_CAPITAL}{{4,}})*(?![\w\]])")
_LAST_NAME = re.compile(rf"\[NAME\] {_PARTICLES}{_WORD}")
_MAX_WORDS = 3
"""Words that a name has at most, counted from its first listed word."""


def replace_names(text: str) -> tuple[str, int]:
    """Return the text with every name replaced by `NAME`, and the number of replacements."""
    text, num_replaced = replace_introduced(text)

    def replace_name(match: re.Match[str]) -> str:
        nonlocal num_replaced
        words = match[0].split(" ")
        before = text[max(0, match.start() - 40) : match.start()]
        after = text[match.end() : match.end() + 10]
        cues = _Cues(
            follows_title=bool(_CUE_FOR_ANY_WORD.search(before)),
            is_introduced=bool(_CUE_BEFORE.search(before)),
            acts=bool(_CUE_AFTER.match(after)),
        )
        # "Father's Day" is no name after a title.
        bare = [word if (stem := _strip_possessive(word)) in _TITLES else stem for word in words]
        start, end = _find_name(bare, cues)
        if start == end:
            return match[0]
        num_replaced += 1
        possessive = words[end - 1][len(_strip_possessive(words[end - 1])) :]
        return " ".join((*words[:start], NAME + possessive, *words[end:]))

    text = _LAST_NAME.sub(NAME, _CAPITALISED_RUN.sub(replace_name, text))
    text, num_other = _replace_oddly_cased(text)
    return text, num_replaced + num_other


def _replace_oddly_cased(text: str) -> tuple[str, int]:
    """Replace names in capitals, and after a word of kinship or `name is` names in lower case."""
    unambiguous, ambiguous = load_names()
    num_replaced = 0

    def replace_listed(match: re.Match[str]) -> str:
        nonlocal num_replaced
        name = match["name"]
        is_listed = name.title() in unambiguous or name.title() in ambiguous
        if not is_listed or (is_ordinary_word(name) and name.title() not in unambiguous):
            return match[0]
        num_replaced += 1
        return match[0].removesuffix(name) + NAME

    def replace_shouted(match: re.Match[str]) -> str:
        nonlocal num_replaced
        words = match[0].split(" ")
        if not any(word.title() in unambiguous for word in words):
            return match[0]
        num_replaced += 1
        kept = (word if is_ordinary_word(word) and word.title() not in unambiguous else NAME for word in words)
        return re.sub(rf"{re.escape(NAME)}(?: {re.escape(NAME)})+", NAME, " ".join(kept))

    text = _INTRODUCED.sub(replace_listed, _KIN.sub(replace_listed, text))
    return _SHOUTED.sub(replace_shouted, text), num_replaced


class _Cues(NamedTuple):
    """What the text around a run of capitalised words says about it."""

    follows_title: bool
    """The first word is a name, whatever the word."""
    is_introduced: bool
    """The first word is a name if it may be one, or is no ordinary word."""
    acts: bool
    """The last word is a name if it may be one."""


def _find_name(words: list[str], cues: _Cues) -> tuple[int, int]:
    """Return the start and end (exclusive) of the name in a run of capitalised words; (0, 0) if there is none.

    Args:
        words: The run, without possessive endings.
        cues: What the text around it says.
    """
    for index in range(len(words)):
        if _begins_name(words, index, cues):
            end = index + 1
            while end < min(len(words), index + _MAX_WORDS) and words[end] not in NEVER:
                end += 1
            before = words[index - 1] if index else ""
            return index - _extends_name(before), end
    return 0, 0


def _begins_name(words: list[str], index: int, cues: _Cues) -> bool:
    """Return whether a name begins with this word of a run."""
    unambiguous, ambiguous = load_names()
    word = words[index]
    before, after = (words[place] if 0 <= place < len(words) else "" for place in (index - 1, index + 1))
    if word in unambiguous:
        return True
    if before in _TITLES or (cues.follows_title and not index):
        return re.split("['’]", word)[0] not in NEVER
    if word in ambiguous:
        is_next_to_name = before in unambiguous or after in unambiguous
        is_cued = (cues.is_introduced or cues.acts) and not index
        return before in _GREETINGS or is_cued or is_next_to_name or _is_new(after)
    return _is_new(word) and (_is_new(after) or (cues.is_introduced and not index))


def _is_new(word: str) -> bool:
    """Return whether a capitalised word is no ordinary word; what has a capital inside is mostly a brand."""
    return len(word) > 3 and word[1:].islower() and not is_ordinary_word(word)


def _extends_name(before: str) -> bool:
    """Return whether the capitalised word before a name is part of it, such as a first name that is in no list."""
    return bool(before) and before not in _TITLES | _GREETINGS | NEVER


def _strip_possessive(word: str) -> str:
    return re.sub(r"['’]s$", "", word)


@cache
def load_names() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that are nothing else, and the names that are ordinary words too."""
    listed = frozenset(AMBIGUOUS.read_text(encoding="utf-8").split())
    names, further_names = _read_lists(COUNTRIES), _read_lists(FURTHER_COUNTRIES)
    ambiguous = (names & listed) | {name for name in further_names - names if is_ordinary_word(name) or name in listed}
    return frozenset((names | further_names) - ambiguous), frozenset(ambiguous)


def _read_lists(countries: Sequence[str]) -> set[str]:
    names: set[str] = set()
    for country in countries:
        provider = importlib.import_module(f"faker.providers.person.{country}").Provider
        for attribute in _LISTS:
            names.update(str(name) for name in getattr(provider, attribute, ()))
    return {name for name in names if re.fullmatch(_WORD, name) and len(name) > 2}
