"""Ordinary words of English, to tell a word from a made-up name.

They come with `pyspellchecker`: 160,000 words of film subtitles, with frequent names and brands. What people write in
forums besides is in `slang.txt`.
"""

import gzip
import json
from functools import cache, lru_cache
from pathlib import Path

SLANG = Path(__file__).parent / "slang.txt"
"""Words of forums and brands that the subtitles do not have."""
FREQUENT = 200
"""Times that a frequent word is in the subtitles."""
MIN_MISSPELLING = 6
"""Letters of the shortest word that is taken for a misspelling."""
_ENDINGS = ("'s", "’s", "s", "es", "ed", "d", "ing", "er", "ers", "ly", "y", "ish", "like", "less", "ness")


@lru_cache(maxsize=1 << 16)
def is_ordinary_word(word: str) -> bool:
    """Return whether a word, or the word that it is formed from, is in the list; any case."""
    words, lowered = load_words(), word.lower()
    if lowered in words:
        return True
    stems = (lowered.removesuffix(ending) for ending in _ENDINGS if lowered.endswith(ending))
    return any(stem in words for stem in stems) or ("-" in word and all(map(is_ordinary_word, word.split("-"))))


@lru_cache(maxsize=1 << 12)
def is_misspelling(word: str) -> bool:
    """Return whether one letter more, less, other or exchanged makes a word of six letters or more a frequent one.

    Words of fewer letters have so many neighbours that a name would always be one.
    """
    if len(word) < MIN_MISSPELLING:
        return False
    lowered, frequent = word.lower(), _load_frequent_words()
    splits = [(lowered[:index], lowered[index:]) for index in range(len(lowered) + 1)]
    letters = "abcdefghijklmnopqrstuvwxyz'"
    neighbours = (
        *(head + tail[1:] for head, tail in splits if tail),
        *(head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1),
        *(head + letter + tail[1:] for head, tail in splits if tail for letter in letters),
        *(head + letter + tail for head, tail in splits for letter in letters),
    )
    return not frequent.isdisjoint(neighbours)


@cache
def _load_frequent_words() -> frozenset[str]:
    return frozenset(word for word, number in _read_subtitles().items() if number >= FREQUENT)


@cache
def load_words() -> frozenset[str]:
    """Return the ordinary words, in lower case."""
    return frozenset(_read_subtitles()) | frozenset(SLANG.read_text(encoding="utf-8").split())


def _read_subtitles() -> dict[str, int]:
    """Return the words of the subtitles, and how often each is there."""
    import spellchecker

    path = Path(spellchecker.__file__).parent / "resources" / "en.json.gz"
    words: dict[str, int] = json.loads(gzip.decompress(path.read_bytes()))
    return words
