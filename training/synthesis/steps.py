"""The steps of the paper (HumanLLM, section 2): what is asked, in what form, and which rules the answer must pass.

Where this departs from the paper: stories are made from one post at a time and scenes in two questions, text first,
so that all fits a small model's context; private details become words in brackets rather than fictitious values,
which could be somebody's.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.question import Fill, Write
from training.overlap import support
from training.quality import RULES, leaks
from training.synthesis.asking import Case, Step
from training.synthesis.schemas import Frame, Passage, Persona, Screen, SocialQA, Story, Tag, Topic

KEPT_SHARE = 0.6
"""Share of its content words that a passage keeps."""


def _written(kind: str) -> Step:
    """Free text, as long as its rules allow."""
    return Step(kind, kind, Write(RULES[kind].words[1]), {"text": kind})


def _qa(kind: str) -> Step:
    texts = {"scenario": "qa.scenario", "question": "qa.question", "answer": "qa.answer"}
    return Step(kind, kind, Fill(SocialQA), texts, _answer_leaks)


def _answer_leaks(value: Mapping[str, Any], case: Case) -> list[str]:
    return leaks(value["answer"], [value["scenario"], value["question"]])


def _summary_leaks(value: Mapping[str, Any], case: Case) -> list[str]:
    return leaks(value["content"], [value["summary"]])


def _loses(value: Mapping[str, Any], case: Case) -> list[str]:
    """A passage that is cleaned or rewritten keeps most of what it says."""
    return ["content is lost"] if support(case.sources[0], [value["text"]]) < KEPT_SHARE else []


def _frame_leaks(value: Mapping[str, Any], case: Case) -> list[str]:
    """The scene is the last of the sources."""
    return leaks(case.sources[-1], [value["background"], *value["characters"]])


CLEAN = Step("clean", "clean", Fill(Passage), {"text": "clean"}, _loses)
TAG = Step("tag", "tag", Fill(Tag))
SCREEN = Step("screen", "screen", Fill(Screen))
REWRITE = Step("rewrite", "rewrite", Fill(Passage), {"text": "post"}, _loses)
PERSONA = Step("persona", "persona", Fill(Persona), {"persona": "persona"})
PROFILE = _written("profile")
STYLE = _written("style")
STORY = Step(
    "stories", "stories", Fill(Story), {"summary": "stories.summary", "content": "stories.content"}, _summary_leaks
)
TOPIC = Step("topic", "topic", Fill(Topic), {"topic": "topic"})
QA = tuple(map(_qa, ("qa_general", "qa_actions", "qa_thoughts", "qa_reason")))
SCENES = tuple(map(_written, ("scenario_long", "scenario_story", "scenario_behaviour", "scenario_thoughts")))
FRAME_TEXTS = {"background": "frame.background", "characters": "frame.characters"}
FRAMES = {one.kind: Step(f"{one.kind} frame", "frame", Fill(Frame), FRAME_TEXTS, _frame_leaks) for one in SCENES}
"""What is known before a scene of each kind is told."""

ABOUT_USERS = (PERSONA, PROFILE, STYLE)
ABOUT_POSTS = (TOPIC, *QA, *SCENES)
