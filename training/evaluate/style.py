"""How a text is written, whatever it is about: as numbers."""

import re
from collections.abc import Sequence

import numpy as np

from training.evaluate.samples import Array

FUNCTION_WORDS = (
    "the", "a", "an", "and", "but", "or", "so", "because", "if", "though", "i", "me", "my", "you", "your", "he",
    "she", "it", "its", "we", "they", "them", "this", "that", "these", "those", "is", "am", "are", "was", "were",
    "be", "been", "have", "has", "had", "do", "does", "did", "will", "would", "can", "could", "should", "just",
    "very", "really", "too", "not", "no", "never", "all", "some", "any", "more", "most", "much", "many", "few",
    "only", "also", "even", "still", "again", "then", "now", "here", "there", "when", "where", "who", "what",
    "which", "how", "why", "to", "of", "in", "on", "at", "for", "with", "from", "by", "about", "into", "over",
    "up", "out", "as", "than", "like",
)  # fmt: skip
"""English words that tell little about a topic and much about a writer (Mosteller and Wallace 1964)."""
MARKS = ".,!?;:'\"()-&*"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE = re.compile(r"[.!?]+")
_VOWELS = re.compile(r"[aeiouy]+")


def features(texts: Sequence[str]) -> Array:
    """Style of each text: (texts, features).

    Shares of function words and marks, capitals and digits; mean length of words and sentences; Flesch's reading ease
    (1948, doi:10.1037/h0057532), syllables being runs of vowels; logarithm of the number of words.
    """
    return np.array([_features(text) for text in texts], float)


def _features(text: str) -> list[float]:
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    number, size = max(1, len(words)), max(1, len(text))
    sentences = max(1, sum(1 for part in _SENTENCE.split(text) if part.strip()))
    syllables = sum(max(1, len(_VOWELS.findall(word))) for word in words)
    found = [words.count(word) / number for word in FUNCTION_WORDS]
    found += [text.count(mark) / size for mark in MARKS]
    found += [sum(map(str.isupper, text)) / size, sum(map(str.isdigit, text)) / size]
    found += [sum(map(len, words)) / number, number / sentences]
    ease = 206.835 - 1.015 * number / sentences - 84.6 * syllables / number
    return [*found, ease, float(np.log(number))]
