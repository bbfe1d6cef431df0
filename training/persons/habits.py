"""How and when somebody writes, in figures: lengths, punctuation, capitals, first person, hours.

The text may hold mark-up and placeholders; neither is counted. No text leaves this module.
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
    """Shares are of texts, lengths are medians in words."""

    words: int
    longest: int
    sentence: int
    exclaim_share: float
    question_share: float
    shout_share: float
    """Texts with a word of four or more capitals."""
    first_person_share: float
    lower_share: float
    """Texts that begin with a small letter."""
    emoticon_share: float
    tag_share: float
    """Texts with a #tag."""
    link_share: float
    """Texts with a link."""


def habits_of(texts: Sequence[str]) -> Habits:
    """Count over somebody's texts, of which there must be one at least."""
    plains = [plain(text) for text in texts]
    sentences = [len(WORD.findall(part)) for text in plains for part in SENTENCE_END.split(text) if WORD.search(part)]
    lengths = [len(WORD.findall(text)) for text in plains]

    def share(pattern: re.Pattern[str]) -> float:
        return fmean(pattern.search(text) is not None for text in plains)

    return Habits(
        words=max(1, round(median(lengths))),
        longest=max(lengths),
        sentence=round(median(sentences)) if sentences else 1,
        exclaim_share=fmean("!" in text for text in plains),
        question_share=fmean("?" in text for text in plains),
        shout_share=share(SHOUT),
        first_person_share=share(FIRST_PERSON),
        lower_share=fmean(text[:1].islower() for text in plains),
        emoticon_share=share(EMOTICON),
        tag_share=fmean("#" in text for text in texts),
        link_share=fmean("[URL]" in text or "http" in text for text in texts),
    )


def hours_of(times: Sequence[datetime]) -> tuple[float, ...]:
    """Share of the times in each hour of the day; empty where they are only days, which sources tell as midnight."""
    if not any(when.hour or when.minute or when.second for when in times):
        return ()
    hours = Counter(when.hour for when in times)
    return tuple(round(hours[hour] / len(times), 3) for hour in range(24))


def plain(text: str) -> str:
    """The text without mark-up and placeholders; a line break ends a sentence."""
    return html.unescape(PLACEHOLDER.sub("\n", text)).strip()


def num_words(text: str) -> int:
    """Length of a text in words."""
    return len(WORD.findall(plain(text)))
