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
_ENDINGS = ("'s", "’s", "s", "es", "ed", "d", "ing", "er", "ers", "ly", "y", "ish", "like", "less", "ness")


@lru_cache(maxsize=1 << 16)
def is_ordinary_word(word: str) -> bool:
    """Return whether a word, or the word that it is formed from, is in the list; any case."""
    words, lowered = load_words(), word.lower()
    if lowered in words:
        return True
    stems = (lowered.removesuffix(ending) for ending in _ENDINGS if lowered.endswith(ending))
    return any(stem in words for stem in stems) or ("-" in word and all(map(is_ordinary_word, word.split("-"))))


@cache
def load_words() -> frozenset[str]:
    """Return the ordinary words, in lower case."""
    import spellchecker

    path = Path(spellchecker.__file__).parent / "resources" / "en.json.gz"
    subtitles: dict[str, int] = json.loads(gzip.decompress(path.read_bytes()))
    return frozenset(subtitles) | frozenset(SLANG.read_text(encoding="utf-8").split())
