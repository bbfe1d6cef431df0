"""Made-up private details of twelve kinds, each in a sentence that somebody could write.

Words are made of syllables, so that no list can have them; numbers are valid in form only. In which forms the details
are written is in `private_forms.yaml`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import yaml

FORMS = Path(__file__).parent / "private_forms.yaml"
SYLLABLES = (
    "ba", "cor", "dri", "el", "fen", "gra", "hol", "iv", "jas", "kel", "lum", "mar", "nep", "or", "pra", "quen", "ros",
    "stev", "tal", "ul", "vor", "wyn", "yar", "zen",
)  # fmt: skip
FRAMES = (
    "We talked about it for an hour. {} That was all.",
    "{}",
    "The shop was closed again, so here it is: {}",
    "lol ok. {} anyway the soup was great",
    "(edit: {})",
    "I waited for two weeks and nothing came.\n\n{}\n\nWhat would you do?",
)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_PLACEHOLDER = re.compile(
    r"\{(#[^}]+|login|domain|street|first|small|last|other|north|east|day|month|mm|name|year|yy)\}"
)
_DETAIL = re.compile(rf"‹[^›]*›|{_PLACEHOLDER.pattern}")


class Detail(NamedTuple):
    """A private detail in a sentence."""

    kind: str
    sentence: str
    parts: tuple[str, ...]
    """What must not be left of it, each by itself."""

    def survives_in(self, text: str) -> bool:
        """Return whether one of its parts is still in a text."""
        return any(part in text for part in self.parts)


class Facts:
    """What forms are filled with: words, names and numbers of one made-up person."""

    def __init__(self, random: Random) -> None:
        self._random = random
        first, last = self._make_word(2), self._make_word(3)
        number, short = random.randint(10, 99), self._make_word(2)
        self._values = {
            "login": random.choice((f"{last}{number}", f"{first}_{short}", f"{first}{short}")),
            "domain": self._make_word(3),
            "street": self._make_word(3).title(),
            "first": first.title(),
            "small": first,
            "last": last.title(),
            "other": last,
            "north": f"{random.randint(12, 79)}.{self._fill_pattern('99999')}",
            "east": f"{random.randint(12, 79)}.{self._fill_pattern('99999')}",
            **self._draw_date(),
        }

    def fill(self, form: str) -> tuple[str, tuple[str, ...]]:
        """Return a form with its placeholders filled, and the details in it."""
        parts: list[str] = []

        def fill_detail(match: re.Match[str]) -> str:
            parts.append(_PLACEHOLDER.sub(self._replace, match[0].strip("‹›")))
            return parts[-1]

        return _DETAIL.sub(fill_detail, form), tuple(parts)

    def _replace(self, match: re.Match[str]) -> str:
        name = match[1]
        return self._fill_pattern(name[1:]) if name.startswith("#") else self._values[name]

    def _make_word(self, syllables: int) -> str:
        return "".join(self._random.choice(SYLLABLES) for _ in range(syllables))

    def _fill_pattern(self, pattern: str) -> str:
        return "".join(map(self._draw_character, pattern))

    def _draw_character(self, mark: str) -> str:
        alphabets = {"9": "123456789", "A": "BCDFGHJKLMNPRSTVWXYZ", "h": "0123456789abcdef"}
        if mark == "n":
            return str(self._random.randint(11, 249))
        return self._random.choice(alphabets.get(mark, mark))

    def _draw_date(self) -> dict[str, str]:
        year, month, day = (self._random.randint(*bounds) for bounds in ((1950, 2003), (1, 12), (13, 28)))
        numbers = {
            "year": f"{year}",
            "yy": f"{year % 100:02}",
            "month": f"{month}",
            "mm": f"{month:02}",
            "day": f"{day}",
        }
        return {**numbers, "name": MONTHS[month - 1]}


def read_forms(name: str) -> Mapping[str, Sequence[str]]:
    """Return the forms of each kind: `tried`, with which the rules were mended, or `fresh`, written afterwards."""
    forms: Mapping[str, Mapping[str, Sequence[str]]] = yaml.safe_load(FORMS.read_text(encoding="utf-8"))
    return forms[name]


def draw_details(forms: Mapping[str, Sequence[str]], number_of_each: int, seed: int) -> list[Detail]:
    """Draw details, the same number of each kind."""
    random = Random(seed)
    details: list[Detail] = []
    for kind, choices in forms.items():
        for _ in range(number_of_each):
            text, parts = Facts(random).fill(random.choice(choices))
            details.append(Detail(kind, random.choice(FRAMES).format(text), parts))
    return details
