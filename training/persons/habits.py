"""Measure how and when somebody writes: lengths, punctuation, capitals, first person, hours.

Texts may contain markup and placeholders; neither is counted. No text leaves this module.
"""

import html
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from statistics import fmean, median

import msgspec

WORD = re.compile(r"[\w'’$%-]+")
SENTENCE_END = re.compile(r"[.!?]+(?:\s+|$)|\n+")
PLACEHOLDER = re.compile(r"\[\[.*?\]\]|\[(?:URL|EMAIL|PHONE|NAME|ID|ADDRESS|USER)\]|<br\s*/?>|@user\b|\bu/(?=\s|$)")
SHOUT = re.compile(r"\b[A-Z]{4,}\b")
FIRST_PERSON = re.compile(r"\b(?:I|[Mm]y|[Mm]e|[Ww]e|[Oo]ur)\b")
EMOTICON = re.compile(r"[:;=]-?[)(DPp]|[\U0001F300-\U0001FAFF]|<3")


class Habits(msgspec.Struct, frozen=True):
    """Habits of writing. Shares are of texts, lengths are in words."""

    words: int
    """Median length of a text."""
    longest: int
    """Length of the longest text."""
    sentence: int
    """Median length of a sentence."""
    exclaim_share: float
    """Texts with an exclamation mark."""
    question_share: float
    """Texts with a question mark."""
    shout_share: float
    """Texts with a word of four or more capitals."""
    first_person_share: float
    """Texts with `I`, `my`, `me`, `we` or `our`."""
    lower_share: float
    """Texts that begin with a small letter."""
    emoticon_share: float
    """Texts with an emoticon or emoji."""
    tag_share: float
    """Texts with a #tag."""
    link_share: float
    """Texts with a link."""


def measure_habits(texts: Sequence[str]) -> Habits:
    """Measure somebody's texts, of which there must be at least one."""
    plain_texts = [remove_placeholders(text) for text in texts]
    sentences = [
        len(WORD.findall(sentence))
        for text in plain_texts
        for sentence in SENTENCE_END.split(text)
        if WORD.search(sentence)
    ]
    lengths = [len(WORD.findall(text)) for text in plain_texts]

    def share(pattern: re.Pattern[str]) -> float:
        return fmean(pattern.search(text) is not None for text in plain_texts)

    return Habits(
        words=max(1, round(median(lengths))),
        longest=max(lengths),
        sentence=round(median(sentences)) if sentences else 1,
        exclaim_share=fmean("!" in text for text in plain_texts),
        question_share=fmean("?" in text for text in plain_texts),
        shout_share=share(SHOUT),
        first_person_share=share(FIRST_PERSON),
        lower_share=fmean(text[:1].islower() for text in plain_texts),
        emoticon_share=share(EMOTICON),
        tag_share=fmean("#" in text for text in texts),
        link_share=fmean("[URL]" in text or "http" in text for text in texts),
    )


def hour_shares(times: Sequence[datetime]) -> tuple[float, ...]:
    """Return the share of the times in each hour of the day; empty if all are midnight: the source gives only days."""
    if not any(time.hour or time.minute or time.second for time in times):
        return ()
    counts = Counter(time.hour for time in times)
    return tuple(round(counts[hour] / len(times), 3) for hour in range(24))


def remove_placeholders(text: str) -> str:
    """Return the text without markup and placeholders; a line break ends a sentence."""
    return html.unescape(PLACEHOLDER.sub("\n", text)).strip()


def count_words(text: str) -> int:
    """Return the length of a text in words."""
    return len(WORD.findall(remove_placeholders(text)))
