"""Names of persons in running text, found by rules: no named-entity model ships with its weights in a package.

A capitalised word that is a first or last name (the lists that ship with `faker`, twelve countries) is a name, unless
it is an ordinary word, place, month or brand as well (`ambiguous.txt`): that needs a sign beside it, such as a title,
`my friend`, `I'm`, or a name that is nothing else. After a title or a word of kinship any capitalised word is a name.
Capitalised words right after a name belong to it. A name that is in no list and has no such sign is missed.
"""

import importlib
import re
from functools import cache
from pathlib import Path

NAME = "[NAME]"
AMBIGUOUS = Path(__file__).parent / "ambiguous.txt"
COUNTRIES = ("en_US", "en_GB", "es_ES", "es_MX", "de_DE", "fr_FR", "it_IT", "en_IN", "pt_BR", "nl_NL", "sv_SE", "pl_PL")
_LISTS = ("first_names", "first_names_male", "first_names_female", "last_names")
_WORD = r"[A-ZÀ-ÖØ-Þ][\w'’-]*[a-zß-öø-ÿ]"
_RUN = re.compile(rf"(?<![\w.@#/\[]){_WORD}(?: (?:[A-Z]\. )?{_WORD})*")
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
_KIN = (
    r"[Mm]y|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Yy]our) (?:\w+ )?(?:friend|wife|husband|son|daughter|brother|sister|mother|"
    r"father|mom|mum|dad|boss|cousin|neighbou?r|teacher|girlfriend|boyfriend|partner|roommate|colleague|buddy|nephew|niece|"
    r"dog|cat|uncle|aunt)s?,?"
)
_STRONG = re.compile(rf"(?:\b(?:{'|'.join(sorted(_TITLES))})\.?|\b(?:{_KIN})\s$")
"""Before a capitalised word: it is a name, known or not."""
_WEAK = re.compile(r"\b(?:I am|I'm|I’m|[Nn]ame is|[Nn]ame's|named|called|thanks|thank you|signed|regards|cheers),?\s$")
"""Before a word that may be a name: it is one."""
_AFTER = re.compile(r"^(?:'s| and I\b| said\b| told\b| asked\b| says\b)")
"""After a word that may be a name: it is one."""
_NEVER = frozenset(
    ["I", "The", "And", "But", "We", "He", "She", "They", "It", "Then", "When", "So", "My", "Our", "Is", "Was", "If"]
)
"""Capitalised words that never belong to a name."""
_LONGEST = 3


def without_names(text: str) -> tuple[str, int]:
    """The text with every name replaced, and how many were."""
    found = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal found
        words = match[0].split(" ")
        before = text[max(0, match.start() - 40) : match.start()]
        is_strong = bool(_STRONG.search(before))
        is_weak = bool(_WEAK.search(before)) or bool(_AFTER.match(text[match.end() : match.end() + 10]))
        start, end = _span([_bare(word) for word in words], is_strong, is_weak)
        if start == end:
            return match[0]
        found += 1
        return " ".join((*words[:start], NAME + words[end - 1][len(_bare(words[end - 1])) :], *words[end:]))

    return _RUN.sub(replaced, text), found


def _span(words: list[str], is_strong: bool, is_weak: bool) -> tuple[int, int]:
    """Which words of a capitalised run are a name: from, to."""
    known, unsure = names()
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        after = words[place + 1] if place + 1 < len(words) else ""
        strong = before in _TITLES or (is_strong and not place)
        signed = strong or before in _GREETINGS or (is_weak and not place) or before in known or after in known
        if word in known or (word in unsure and signed) or (strong and word not in _NEVER):
            end = place + 1
            while end < min(len(words), place + _LONGEST) and words[end] not in _NEVER:
                end += 1
            return place - _belongs(before), end
    return 0, 0


def _belongs(before: str) -> bool:
    """Whether the capitalised word before a name is part of it, as a first name in no list is."""
    return bool(before) and before not in _TITLES | _GREETINGS | _NEVER


def _bare(word: str) -> str:
    return re.sub(r"['’]s$", "", word)


@cache
def names() -> tuple[frozenset[str], frozenset[str]]:
    """Names that are nothing else, and names that are ordinary words too."""
    every: set[str] = set()
    for country in COUNTRIES:
        provider = importlib.import_module(f"faker.providers.person.{country}").Provider
        for one in _LISTS:
            every.update(str(name) for name in getattr(provider, one, ()))
    ambiguous = frozenset(AMBIGUOUS.read_text(encoding="utf-8").split())
    plain = {name for name in every if re.fullmatch(_WORD, name) and len(name) > 2}
    return frozenset(plain - ambiguous), frozenset(plain & ambiguous)
