"""Measure how much of a text is in other texts: content words, numbers, names, and runs of words."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

STEM = 5
"""Words with the same first letters, this many, count as the same: a stemmer without a dictionary."""


def words_of(text: str) -> list[str]:
    """Return the words in lower case, without punctuation and possessive endings."""
    return [word.replace("’", "'").removesuffix("'s") for word in _WORD.findall(text.lower())]


def stems_of(text: str) -> set[str]:
    """Return the first letters of the content words."""
    return {
        word[:STEM]
        for word in words_of(_PLACEHOLDER.sub(" ", text))
        if len(word) > 2 and not word[0].isdigit() and word not in _function_words() and word[:STEM] not in _FRAME
    }


def support(text: str, sources: Sequence[str]) -> float:
    """Return the share of a text's content words that occur in its sources; 1 if it has none."""
    stems = stems_of(text)
    source_stems = set[str]().union(*map(stems_of, sources))
    return len(stems & source_stems) / len(stems) if stems else 1.0


def unsupported_claims(text: str, sources: Sequence[str]) -> list[str]:
    """Return a reason for numbers and one for capitalised names if some of the text's occur in none of its sources."""
    source_words = {word for source in sources for word in words_of(source)}
    source_numbers = {number for source in sources for number in _numbers(source)}
    source_numbers |= {digits for word, digits in _NUMBER_WORDS.items() if word in source_words}
    reasons = ["unsupported number"] if _numbers(text) - source_numbers else []
    return [*reasons, "unsupported name"] if _names(text) - source_words else reasons


def longest_copied_run(text: str, sources: Iterable[str]) -> int:
    """Return the length, in words, of the longest run of words of a text that occurs in one of its sources.

    Words are numbered by their first occurrence in the text. Runs are compared by 64-bit hashes, a batch of sources at
    a time, and each batch is searched only for runs longer than the longest so far: a doubling search finds an upper
    bound, a bisection the length.
    """
    numbers: dict[str, int] = {}
    text_numbers = np.array([numbers.setdefault(word, len(numbers) + 1) for word in words_of(text)], np.uint64)
    longest = 0
    for batch in _batches(sources, numbers):
        low, high = longest, longest + 1
        while _shares_run(text_numbers, batch, high):
            low, high = high, 2 * high
        sizes = range(low + 1, high)
        longest = low + bisect_left(sizes, True, key=lambda size: not _shares_run(text_numbers, batch, size))
    return longest


def _names(text: str) -> set[str]:
    """Return the capitalised words in lower case, except for a sentence's first word, which is always capitalised."""
    names = _NAME.findall(" ".join(_PLACEHOLDER.sub("", text).split()))
    return {word for name in names for word in words_of(name) if word.partition("'")[0] != "i"}


def _numbers(text: str) -> set[str]:
    return {number.replace(",", "").lstrip("0") or "0" for number in _NUMBER.findall(text)}


def _shares_run(text: npt.NDArray[np.uint64], sources: npt.NDArray[np.uint64], size: int) -> bool:
    """Return whether some run of `size` words of the text is in the sources; both are arrays of word numbers."""
    if size > min(text.size, sources.size):
        return False
    return bool(np.isin(_hash_runs(sources, size), _hash_runs(text, size)).any())


def _hash_runs(numbers: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.uint64]:
    """Return a polynomial hash of every run of `size` numbers that contains no 0."""
    num_runs = numbers.size - size + 1
    hashes, is_complete = np.zeros(num_runs, np.uint64), np.ones(num_runs, np.bool_)
    for offset in range(size):
        part = numbers[offset : offset + num_runs]
        hashes = hashes * _BASE + part
        is_complete &= part > 0
    return hashes[is_complete]


def _batches(sources: Iterable[str], numbers: Mapping[str, int]) -> Iterator[npt.NDArray[np.uint64]]:
    """Yield sources as word numbers: 0 for words without one, and a 0 after each source, so that no run spans two."""
    batch: list[int] = []
    for source in sources:
        batch += [numbers.get(word, 0) for word in words_of(source)]
        batch.append(0)
        if len(batch) >= _BATCH:
            yield np.array(batch, np.uint64)
            batch = []
    yield np.array(batch, np.uint64)


@lru_cache(maxsize=1)
def _function_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS)


_BASE = np.uint64(0x9E3779B97F4A7C15)
_BATCH = 1_000_000
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_NAME = re.compile(r"(?<![.!?:…\"“”])\s[\"“(]?([A-Z][\w'’-]+)")
_PLACEHOLDER = re.compile(r"\[[A-Z_]{2,}\]|@user\b")
_NUMBER_WORDS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
_FRAME = frozenset(
    ("perso", "peopl", "autho", "write", "user", "poste", "post", "revie", "descr", "menti", "expre", "seem", "seems")
)
"""Stems of words that descriptions of people contain whatever they say; they are no content."""
