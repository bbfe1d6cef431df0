"""How far the words of one text are those of others: content words, numbers, names, and runs of words."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

STEM = 5
"""Words count as one by their first letters: a stemmer without a dictionary, good enough for plain overlap."""


def words_of(text: str) -> list[str]:
    """Words in small letters, without punctuation and possessive endings."""
    return [word.replace("’", "'").removesuffix("'s") for word in _WORD.findall(text.lower())]


def stems_of(text: str) -> set[str]:
    """First letters of the words that carry content."""
    return {
        word[:STEM]
        for word in words_of(_PLACEHOLDER.sub(" ", text))
        if len(word) > 2 and not word[0].isdigit() and word not in _function_words() and word[:STEM] not in _FRAME
    }


def support(text: str, sources: Sequence[str]) -> float:
    """Share of a text's content words that stand in its sources; 1 for a text that has none."""
    stems = stems_of(text)
    known = set[str]().union(*map(stems_of, sources))
    return len(stems & known) / len(stems) if stems else 1.0


def unsupported(text: str, sources: Sequence[str]) -> list[str]:
    """Whether a number or a capitalised name of a text stands in none of its sources."""
    known = {word for source in sources for word in words_of(source)}
    numbers = {number for source in sources for number in _numbers(source)}
    numbers |= {figure for word, figure in _FIGURES.items() if word in known}
    reasons = ["unsupported number"] if _numbers(text) - numbers else []
    return [*reasons, "unsupported name"] if _names(text) - known else reasons


def longest_copied_run(text: str, sources: Iterable[str]) -> int:
    """Length, in words, of the longest run of words of a text that stands in one of its sources.

    Words are numbered as they stand in the text; runs are compared by 64-bit hashes, a batch of sources at once, and
    only runs that are longer than the longest found so far are looked for.
    """
    numbers: dict[str, int] = {}
    mine = np.array([numbers.setdefault(word, len(numbers) + 1) for word in words_of(text)], np.uint64)
    longest = 0
    for batch in _batches(sources, numbers):
        low, high = longest, longest + 1
        while _shares_run(mine, batch, high):
            low, high = high, 2 * high
        sizes = range(low + 1, high)
        longest = low + bisect_left(sizes, True, key=lambda size: not _shares_run(mine, batch, size))
    return longest


def _names(text: str) -> set[str]:
    """Capitalised words within sentences, in small letters; a sentence's first word says nothing."""
    found = _NAME.findall(" ".join(_PLACEHOLDER.sub("", text).split()))
    return {word for name in found for word in words_of(name) if word.partition("'")[0] != "i"}


def _numbers(text: str) -> set[str]:
    return {number.replace(",", "").lstrip("0") or "0" for number in _NUMBER.findall(text)}


def _shares_run(mine: npt.NDArray[np.uint64], theirs: npt.NDArray[np.uint64], size: int) -> bool:
    """Whether `size` words in a row of one are in the other."""
    if size > min(mine.size, theirs.size):
        return False
    return bool(np.isin(_hashes(theirs, size), _hashes(mine, size)).any())


def _hashes(numbers: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.uint64]:
    """A polynomial hash of every run of so many words that holds no 0."""
    runs = numbers.size - size + 1
    hashes, is_whole = np.zeros(runs, np.uint64), np.ones(runs, np.bool_)
    for place in range(size):
        part = numbers[place : place + runs]
        hashes = hashes * _BASE + part
        is_whole &= part > 0
    return hashes[is_whole]


def _batches(sources: Iterable[str], numbers: Mapping[str, int]) -> Iterator[npt.NDArray[np.uint64]]:
    """Sources as numbers of their words, a 0 after each; words that are not numbered are 0 too."""
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
_FIGURES = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
_FRAME = frozenset(
    ("perso", "peopl", "autho", "write", "user", "poste", "post", "revie", "descr", "menti", "expre", "seem", "seems")
)
"""Stems of what descriptions of people are made of, whatever they say."""
