"""Rules that made text must pass, whoever made it: length, support in the source, no leaks, no copies, no chatter.

All are functions of words: they need no model and cannot see meaning. What they refuse is wrong nearly always; what
they let through may still be, which is what a judge is for (`synthesis/judge.py`). Reasons are short and fixed, so
that they can be counted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from sandbox.errors import DataError, unknown
from sandbox.people import Profile
from training.funnel import Tally
from training.overlap import longest_copied_run, stems_of, support, unsupported, words_of
from training.stages import Tables

COPIED_RUN = 8
"""So many words in a row that stand in a source are a copy."""
LEAKED_RUN = 6
"""So many words of the answer in a row give it away."""
LEAKED_SHARE = 0.7
"""Share of the answer's content words from which what was given already says it."""
DISTINCT_SHARE = 0.5
"""A text of whose three-word runs fewer than this are different repeats itself."""


class Rule(NamedTuple):
    """What one kind of text must be."""

    words: tuple[int, int]
    """Fewest and most."""
    support: float = 0.0
    """Smallest share of its content words that stand in the source."""
    is_factual: bool = True
    """Whether every number and capitalised name must stand in the source."""
    may_copy: bool = False
    """Whether it may hold runs of words of the source."""
    is_prose: bool = True
    """Whether it ends like a sentence."""


RULES: dict[str, Rule] = {
    "persona": Rule((8, 100), 0.2),
    "profile": Rule((100, 400), 0.2),
    "style": Rule((15, 200)),
    "stories.summary": Rule((3, 40), is_prose=False),
    "stories.content": Rule((25, 300), 0.4, may_copy=True),
    "topic": Rule((4, 60), 0.2),
    "clean": Rule((1, 10**6), 0.9, may_copy=True, is_prose=False),
    "post": Rule((1, 10**6), 0.7, may_copy=True, is_prose=False),
    "qa.scenario": Rule((10, 120), 0.25, may_copy=True),
    "qa.question": Rule((4, 40), is_prose=False),
    "qa.answer": Rule((4, 120), 0.2, may_copy=True),
    "scenario_long": Rule((150, 300), 0.25, may_copy=True),
    "scenario_story": Rule((200, 400), 0.25, may_copy=True),
    "scenario_behaviour": Rule((100, 400), 0.25, may_copy=True),
    "scenario_thoughts": Rule((100, 400), 0.25, may_copy=True),
    "frame.background": Rule((4, 80), 0.2, is_prose=False),
    "frame.characters": Rule((1, 80), is_prose=False),
}
"""Rules by kind of text. Bounds on words are the paper's where it has any.

Shares are low, since a summary has words of its own; they catch text about somebody else. Of 60 to 200 words by
another blogger, 0.15 of the content words stand in one post and 0.43 in eight (95th percentiles of 300 pairs of the
Blog Authorship Corpus; medians 0.04 and 0.23): so 0.2 refuses nearly all such text where it was made from one post,
and about half of it where from many, which is why a judge looks at those too.
"""


def failures(kind: str, text: str, sources: Sequence[str], instructions: Sequence[str] = ()) -> list[str]:
    """Reasons why a text is not fit to be used; none where it is.

    Args:
        kind: Of text, one of `RULES`.
        text: What was made.
        sources: What it was made from.
        instructions: Prompts of which nothing may stand in it.
    """
    if kind not in RULES:
        raise DataError(unknown("kind of text", kind, RULES))
    rule = RULES[kind]
    reasons = [*_misshapen(text, rule), *forbidden(text)]
    if rule.is_factual:
        reasons += unsupported(text, sources)
    if support(text, sources) < rule.support:
        reasons.append("unsupported words")
    if not rule.may_copy and longest_copied_run(text, sources) >= COPIED_RUN:
        reasons.append("copied from the source")
    if instructions and longest_copied_run(text, instructions) >= COPIED_RUN:
        reasons.append("repeats the prompt")
    return reasons


def leaks(answer: str, given: Sequence[str]) -> list[str]:
    """Whether what is given with a question already says its answer, word by word or in its content words."""
    if longest_copied_run(answer, given) >= LEAKED_RUN:
        return ["answer stands in what is given"]
    if len(stems_of(answer)) >= 4 and support(answer, given) > LEAKED_SHARE:
        return ["answer's words stand in what is given"]
    return []


def forbidden(text: str) -> list[str]:
    """What stands in a text that no person's text may hold: contact data, a chat assistant's phrases, mark-up."""
    return [reason for reason, pattern in _FORBIDDEN.items() if pattern.search(text)]


def people_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Keep the people of one file whose texts are fit to be shown; stories that are not are taken from them.

    Args:
        files: One table of people, then the records that they were made from.
        settings: None are used.
        tally: Counts people and stories by reason.
    """
    people = pl.read_parquet(files[0])
    records = pl.read_parquet(list(files[1:]), columns=["source", "user", "text"])
    texts = {key: list(group["text"]) for key, group in records.group_by("source", "user")}
    kept: list[dict[str, Any]] = []
    for row in people.iter_rows(named=True):
        profile = msgspec.json.decode(row["profile"], type=Profile)
        what = "people" if row["self"] == "latest" else f"{row['self']} selves"
        tally.add(row["source"], what, "in", 1)
        checked = _checked(profile, texts.get((row["source"], row["user"]), []), row["source"], what, tally)
        if checked is not None:
            kept.append({**row, "profile": msgspec.json.encode(checked).decode()})
            tally.add(row["source"], what, "out", 1)
    yield "person", pl.DataFrame(kept, schema=people.schema)


def _checked(profile: Profile, texts: Sequence[str], source: str, what: str, tally: Tally) -> Profile | None:
    bounds = {
        "persona": (profile.persona, 100),
        "profile": (profile.profile, 400),
        "style": (profile.writing_style, 200),
    }
    for kind, (text, most) in bounds.items():
        if reasons := _shown(text, most, texts):
            tally.add(source, what, f"{kind} {reasons[0]}", 1)
            return None
    stories = [(story, _shown(story, RULES["stories.content"].words[1], texts)) for story in profile.stories]
    told = "stories" if what == "people" else f"stories of {what}"
    for _, reasons in stories:
        tally.add(source, told, "in", 1)
        tally.add(source, told, reasons[0] if reasons else "out", 1)
    return msgspec.structs.replace(profile, stories=tuple(story for story, reasons in stories if not reasons))


def _shown(text: str, most: int, sources: Sequence[str]) -> list[str]:
    """The rules for text that is worded by templates: its words and figures stand in no source, nor need they."""
    reasons = forbidden(text) if len(text.split()) <= most else ["too long", *forbidden(text)]
    return [*reasons, "copied from the source"] if longest_copied_run(text, sources) >= COPIED_RUN else reasons


def _misshapen(text: str, rule: Rule) -> Iterator[str]:
    size, (fewest, most) = len(text.split()), rule.words
    if size < fewest:
        yield "too short"
    if size > most:
        yield "too long"
    if rule.is_prose and not _END.search(text):
        yield "cut off"
    words = words_of(text)
    runs = list(zip(words, words[1:], words[2:], strict=False))
    if len(runs) >= 10 and len(set(runs)) < DISTINCT_SHARE * len(runs):
        yield "repeats itself"


_END = re.compile(r"[.!?…][\"'”’)\]]*\s*$")
_FORBIDDEN = {
    "e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.\w{2,}"),
    "link": re.compile(r"https?:|\bwww\.|\b[\w-]+\.(?:com|org|net|edu|gov)\b", re.IGNORECASE),
    "long number": re.compile(r"(?<!\d)\+?\d(?:[\s().-]{0,2}\d){8,}"),
    "refusal": re.compile(
        r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
        r"|\bI(?:'m| am) (?:sorry|unable|not able)[^.!?]{0,40}\b(?:assist|comply|fulfil|generate|request|provide)"
        r"|\bI (?:can(?:not|'t|’t)|won't) (?:assist|comply|fulfil|generate|provide|help with)\b",
        re.IGNORECASE,
    ),
    "chat artefact": re.compile(
        r"<\|?/?\w+\|?>|\[/?INST\]|```|^#{1,6} |^\s*(?:sure|certainly|of course)[,!.]|\bhere(?:'s| is) (?:the|a|your) "
        r"(?:persona|profile|summary|rewritten|cleaned|story|scenario)|^\s*(?:user|assistant|system)\s*:",
        re.IGNORECASE | re.MULTILINE,
    ),
}
