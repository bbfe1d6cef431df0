"""Check generated text by rules, whoever generated it: length, support in the source, leaks, copies, chatter.

All rules look at words only: they need no model and cannot see meaning. What they refuse is nearly always wrong; what
they pass may still be, which is what a judge is for (`synthesis/judge.py`). Reasons are short and fixed, so that they
can be counted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import polars as pl

from sandbox.core.profile import Profile
from sandbox.errors import DataError, unknown
from training.curation.overlap import longest_copied_run, stems_of, support, unsupported_claims, words_of
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables

COPIED_RUN = 8
"""A run of this many words that occurs in a source is a copy."""
LEAKED_RUN = 6
"""A run of this many words of the answer gives it away."""
LEAKED_SHARE = 0.7
"""Share of the answer's content words above which the context already contains the answer."""
DISTINCT_SHARE = 0.5
"""A text repeats itself if a smaller share of its three-word runs is distinct."""


class TextRule(NamedTuple):
    """What one kind of text must be."""

    words: tuple[int, int]
    """Fewest and most."""
    support: float = 0.0
    """Smallest share of its content words that must occur in the source."""
    is_factual: bool = True
    """Whether every number and capitalised name must occur in the source."""
    may_copy: bool = False
    """Whether it may contain runs of words of the source."""
    is_prose: bool = True
    """Whether it must end like a sentence."""


RULES: dict[str, TextRule] = {
    "persona": TextRule((8, 100), 0.2),
    "profile": TextRule((100, 400), 0.2),
    "style": TextRule((15, 200)),
    "stories.summary": TextRule((3, 40), is_prose=False),
    "stories.content": TextRule((25, 300), 0.4, may_copy=True),
    "topic": TextRule((4, 60), 0.2),
    "clean": TextRule((1, 10**6), 0.9, may_copy=True, is_prose=False),
    "post": TextRule((1, 10**6), 0.7, may_copy=True, is_prose=False),
    "qa.scenario": TextRule((10, 120), 0.25, may_copy=True),
    "qa.question": TextRule((4, 40), is_prose=False),
    "qa.answer": TextRule((4, 120), 0.2, may_copy=True),
    "scenario_long": TextRule((150, 300), 0.25, may_copy=True),
    "scenario_story": TextRule((200, 400), 0.25, may_copy=True),
    "scenario_behaviour": TextRule((100, 400), 0.25, may_copy=True),
    "scenario_thoughts": TextRule((100, 400), 0.25, may_copy=True),
    "frame.background": TextRule((4, 80), 0.2, is_prose=False),
    "frame.characters": TextRule((1, 80), is_prose=False),
}
"""Rules by kind of text. Bounds on words are the paper's where it has any.

Shares are low because a summary has words of its own; they catch text about somebody else. If the text is 60 to 200
words by another blogger, 0.15 of its content words occur in one post and 0.43 in eight posts (95th percentiles of 300
pairs of the Blog Authorship Corpus; medians 0.04 and 0.23). So 0.2 refuses nearly all such text if it was made from one
post, but only about half of it if it was made from many, which is why a judge looks at those too.
"""


def failures(kind: str, text: str, sources: Sequence[str], instructions: Sequence[str] = ()) -> list[str]:
    """Return the reasons why a text may not be used; empty if it may.

    Args:
        kind: Kind of text, a key of `RULES`.
        text: The generated text.
        sources: What it was generated from.
        instructions: Prompts that it must not repeat.
    """
    if kind not in RULES:
        raise DataError(unknown("kind of text", kind, RULES))
    rule = RULES[kind]
    reasons = [*_shape_failures(text, rule), *forbidden_content(text)]
    if rule.is_factual:
        reasons += unsupported_claims(text, sources)
    if support(text, sources) < rule.support:
        reasons.append("unsupported words")
    if not rule.may_copy and longest_copied_run(text, sources) >= COPIED_RUN:
        reasons.append("copied from the source")
    if instructions and longest_copied_run(text, instructions) >= COPIED_RUN:
        reasons.append("repeats the prompt")
    return reasons


def leaks(answer: str, context: Sequence[str]) -> list[str]:
    """Return a reason if the context of a question already contains its answer, word for word or in content words."""
    if longest_copied_run(answer, context) >= LEAKED_RUN:
        return ["answer is in the context"]
    if len(stems_of(answer)) >= 4 and support(answer, context) > LEAKED_SHARE:
        return ["answer's words are in the context"]
    return []


def forbidden_content(text: str) -> list[str]:
    """Return what no person's text may contain but this one does: contact data, assistant phrases, markup."""
    return [reason for reason, pattern in _FORBIDDEN.items() if pattern.search(text)]


def people_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Keep the people of one file whose texts may be shown, and remove single stories that may not.

    Args:
        unit: Its inputs `person`, one table of people, and `record`, the records that they were made from.
        settings: None are used.
        tally: Counts people and stories by reason.
    """
    people = pl.read_parquet(unit.file("person"))
    records = pl.read_parquet(unit.inputs["record"], columns=["source", "user", "text"])
    texts = {key: list(group["text"]) for key, group in records.group_by("source", "user")}
    passing: list[dict[str, Any]] = []
    for row in people.iter_rows(named=True):
        profile = msgspec.json.decode(row["profile"], type=Profile)
        entity = "people" if row["self"] == "latest" else f"{row['self']} selves"
        tally.add(row["source"], entity, "in", 1)
        profile = _check_profile(profile, texts.get((row["source"], row["user"]), []), row["source"], entity, tally)
        if profile is not None:
            passing.append({**row, "profile": msgspec.json.encode(profile).decode()})
            tally.add(row["source"], entity, "out", 1)
    yield "person", pl.DataFrame(passing, schema=people.schema)


def _check_profile(profile: Profile, texts: Sequence[str], source: str, entity: str, tally: Tally) -> Profile | None:
    """Return the profile without stories that may not be shown; None if another of its texts may not."""
    parts = {
        "persona": (profile.persona, 100),
        "profile": (profile.profile, 400),
        "style": (profile.writing_style, 200),
    }
    for kind, (text, max_words) in parts.items():
        if reasons := _template_failures(text, max_words, texts):
            tally.add(source, entity, f"{kind} {reasons[0]}", 1)
            return None
    max_words = RULES["stories.content"].words[1]
    checked_stories = [(story, _template_failures(story, max_words, texts)) for story in profile.stories]
    story_entity = "stories" if entity == "people" else f"stories of {entity}"
    for _, reasons in checked_stories:
        tally.add(source, story_entity, "in", 1)
        tally.add(source, story_entity, reasons[0] if reasons else "out", 1)
    stories = tuple(story for story, reasons in checked_stories if not reasons)
    return msgspec.structs.replace(profile, stories=stories)


def _template_failures(text: str, max_words: int, sources: Sequence[str]) -> list[str]:
    """Check text made by wording templates, whose words and numbers need not occur in any source."""
    reasons = forbidden_content(text) if len(text.split()) <= max_words else ["too long", *forbidden_content(text)]
    return [*reasons, "copied from the source"] if longest_copied_run(text, sources) >= COPIED_RUN else reasons


def _shape_failures(text: str, rule: TextRule) -> Iterator[str]:
    num_words, (fewest, most) = len(text.split()), rule.words
    if num_words < fewest:
        yield "too short"
    if num_words > most:
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
