"""The style of a text as numbers, whatever the text is about."""

import re
from collections.abc import Sequence

import numpy as np

from training.evaluation.metrics import Array

FUNCTION_WORDS = (
    "the", "a", "an", "and", "but", "or", "so", "because", "if", "though", "i", "me", "my", "you", "your", "he",
    "she", "it", "its", "we", "they", "them", "this", "that", "these", "those", "is", "am", "are", "was", "were",
    "be", "been", "have", "has", "had", "do", "does", "did", "will", "would", "can", "could", "should", "just",
    "very", "really", "too", "not", "no", "never", "all", "some", "any", "more", "most", "much", "many", "few",
    "only", "also", "even", "still", "again", "then", "now", "here", "there", "when", "where", "who", "what",
    "which", "how", "why", "to", "of", "in", "on", "at", "for", "with", "from", "by", "about", "into", "over",
    "up", "out", "as", "than", "like",
)  # fmt: skip
"""English words that say little about the topic and much about the writer (Mosteller and Wallace 1964)."""
MARKS = ".,!?;:'\"()-&*"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE = re.compile(r"[.!?]+")
_VOWELS = re.compile(r"[aeiouy]+")


def style_features(texts: Sequence[str]) -> Array:
    """Return the style of each text: (texts, features).

    Features are shares of function words, punctuation marks, capitals and digits; mean lengths of words and sentences;
    Flesch reading ease (1948, doi:10.1037/h0057532), with a syllable for each run of vowels; and the logarithm of the
    number of words.
    """
    return np.array([_text_features(text) for text in texts], float)


def _text_features(text: str) -> list[float]:
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    num_words, num_characters = max(1, len(words)), max(1, len(text))
    num_sentences = max(1, sum(1 for part in _SENTENCE.split(text) if part.strip()))
    num_syllables = sum(max(1, len(_VOWELS.findall(word))) for word in words)
    features = [words.count(word) / num_words for word in FUNCTION_WORDS]
    features += [text.count(mark) / num_characters for mark in MARKS]
    features += [sum(map(str.isupper, text)) / num_characters, sum(map(str.isdigit, text)) / num_characters]
    features += [sum(map(len, words)) / num_words, num_words / num_sentences]
    reading_ease = 206.835 - 1.015 * num_words / num_sentences - 84.6 * num_syllables / num_words
    return [*features, reading_ease, float(np.log(num_words))]
