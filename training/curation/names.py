"""Find names of persons in running text by rules: no package ships a named-entity model with its weights.

A capitalised word that is a first or last name (the lists that ship with `faker`, twelve countries) is a name, unless
it is also an ordinary word, place, month or brand (`ambiguous.txt`): such a word needs a cue next to it, such as a
title, `my friend`, `I'm`, or an unambiguous name. After a title or a word of kinship, any capitalised word is a name.
Capitalised words right after a name belong to it. A name that is in no list and has no such cue is missed.
"""

import importlib
import re
from functools import cache
from pathlib import Path

NAME = "[NAME]"
AMBIGUOUS = Path(__file__).parent / "ambiguous.txt"
"""Names that are ordinary words too."""
COUNTRIES = ("en_US", "en_GB", "es_ES", "es_MX", "de_DE", "fr_FR", "it_IT", "en_IN", "pt_BR", "nl_NL", "sv_SE", "pl_PL")
"""Locales of `faker` whose names are used."""
_LISTS = ("first_names", "first_names_male", "first_names_female", "last_names")
_WORD = r"[A-ZÀ-ÖØ-Þ][\w'’-]*[a-zß-öø-ÿ]"
_CAPITALISED_RUN = re.compile(rf"(?<![\w.@#/\[]){_WORD}(?: (?:[A-Z]\. )?{_WORD})*")
_TITLES = frozenset(
    [
        "Mr",
        "Mrs",
        "Ms",
        "Miss",
        "Dr",
        "Prof",
        "Professor",
        "Sir",
        "Lady",
        "Uncle",
        "Aunt",
        "Auntie",
        "Aunty",
        "Grandma",
        "Grandpa",
        "Sgt",
        "Rev",
        "Father",
        "Sister",
        "Brother",
        "Coach",
        "Senator",
        "Captain",
        "Cousin",
    ]
)
_GREETINGS = frozenset(
    [
        "Hi",
        "Hello",
        "Hey",
        "Dear",
        "Thanks",
        "Love",
        "Meet",
        "Regards",
        "Cheers",
        "Sincerely",
        "Goodbye",
        "Bye",
        "Congratulations",
    ]
)
_KINSHIP = (
    r"[Mm]y|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Yy]our) (?:\w+ )?(?:friend|wife|husband|son|daughter|brother|sister|mother|"
    r"father|mom|mum|dad|boss|cousin|neighbou?r|teacher|girlfriend|boyfriend|partner|roommate|colleague|buddy|nephew|niece|"
    r"dog|cat|uncle|aunt)s?,?"
)
_CUE_FOR_ANY_WORD = re.compile(rf"(?:\b(?:{'|'.join(sorted(_TITLES))})\.?|\b(?:{_KINSHIP})\s$")
"""A capitalised word after this is a name, whether or not it is in a list."""
_CUE_BEFORE = re.compile(
    r"\b(?:I am|I'm|I’m|[Nn]ame is|[Nn]ame's|named|called|thanks|thank you|signed|regards|cheers),?\s$"
)
"""A word after this is a name if it may be one."""
_CUE_AFTER = re.compile(r"^(?:'s| and I\b| said\b| told\b| asked\b| says\b)")
"""A word before this is a name if it may be one."""
_NEVER = frozenset(
    ["I", "The", "And", "But", "We", "He", "She", "They", "It", "Then", "When", "So", "My", "Our", "Is", "Was", "If"]
)
"""Capitalised words that never belong to a name."""
_MAX_WORDS = 3
"""Words that a name has at most, counted from its first listed word."""


def replace_names(text: str) -> tuple[str, int]:
    """Return the text with every name replaced by `NAME`, and the number of replacements."""
    num_replaced = 0

    def replace_name(match: re.Match[str]) -> str:
        nonlocal num_replaced
        words = match[0].split(" ")
        before = text[max(0, match.start() - 40) : match.start()]
        after = text[match.end() : match.end() + 10]
        follows_title = bool(_CUE_FOR_ANY_WORD.search(before))
        has_cue = bool(_CUE_BEFORE.search(before)) or bool(_CUE_AFTER.match(after))
        start, end = _find_name([_strip_possessive(word) for word in words], follows_title, has_cue)
        if start == end:
            return match[0]
        num_replaced += 1
        possessive = words[end - 1][len(_strip_possessive(words[end - 1])) :]
        return " ".join((*words[:start], NAME + possessive, *words[end:]))

    return _CAPITALISED_RUN.sub(replace_name, text), num_replaced


def _find_name(words: list[str], follows_title: bool, has_cue: bool) -> tuple[int, int]:
    """Return the start and end (exclusive) of the name in a run of capitalised words; (0, 0) if there is none.

    Args:
        words: The run, without possessive endings.
        follows_title: Whether the text before it makes its first word a name, whatever the word.
        has_cue: Whether the text around it makes its first word a name if it may be one.
    """
    unambiguous, ambiguous = load_names()
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        after = words[index + 1] if index + 1 < len(words) else ""
        is_titled = before in _TITLES or (follows_title and not index)
        is_next_to_name = before in unambiguous or after in unambiguous
        is_cued = is_titled or before in _GREETINGS or (has_cue and not index) or is_next_to_name
        if word in unambiguous or (word in ambiguous and is_cued) or (is_titled and word not in _NEVER):
            end = index + 1
            while end < min(len(words), index + _MAX_WORDS) and words[end] not in _NEVER:
                end += 1
            return index - _extends_name(before), end
    return 0, 0


def _extends_name(before: str) -> bool:
    """Return whether the capitalised word before a name is part of it, such as a first name that is in no list."""
    return bool(before) and before not in _TITLES | _GREETINGS | _NEVER


def _strip_possessive(word: str) -> str:
    return re.sub(r"['’]s$", "", word)


@cache
def load_names() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that are nothing else, and the names that are ordinary words too."""
    names: set[str] = set()
    for country in COUNTRIES:
        provider = importlib.import_module(f"faker.providers.person.{country}").Provider
        for attribute in _LISTS:
            names.update(str(name) for name in getattr(provider, attribute, ()))
    ambiguous = frozenset(AMBIGUOUS.read_text(encoding="utf-8").split())
    plain = {name for name in names if re.fullmatch(_WORD, name) and len(name) > 2}
    return frozenset(plain - ambiguous), frozenset(plain & ambiguous)
