"""The steps of the paper (HumanLLM, section 2): what is asked, in what form, and which rules the answer must pass.

They differ from the paper in two ways: stories are made from one post at a time and scenes with two questions, text
first, so that everything fits a small model's context; and private details become words in brackets rather than
fictitious values, which could be somebody's.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.core.form import Fill, Write
from training.curation.overlap import support
from training.curation.quality import RULES, leaks
from training.synthesis.questions import Step, StepInput
from training.synthesis.schemas import Frame, Passage, Persona, Screen, SocialQA, Story, Tag, Topic

MIN_KEPT_SHARE = 0.6
"""Share of its content words that a cleaned or rewritten passage must keep."""


def _text_step(kind: str) -> Step:
    """Return a step that writes free text, as long as its rules allow."""
    return Step(kind, kind, Write(RULES[kind].words[1]), {"text": kind})


def _qa_step(kind: str) -> Step:
    texts = {"scenario": "qa.scenario", "question": "qa.question", "answer": "qa.answer"}
    return Step(kind, kind, Fill(SocialQA), texts, _check_answer_leaks)


def _check_answer_leaks(value: Mapping[str, Any], step_input: StepInput) -> list[str]:
    return leaks(value["answer"], [value["scenario"], value["question"]])


def _check_summary_leaks(value: Mapping[str, Any], step_input: StepInput) -> list[str]:
    return leaks(value["content"], [value["summary"]])


def _check_kept_content(value: Mapping[str, Any], step_input: StepInput) -> list[str]:
    """Check that a cleaned or rewritten passage keeps most of what it says."""
    return ["content is lost"] if support(step_input.sources[0], [value["text"]]) < MIN_KEPT_SHARE else []


def _check_frame_leaks(value: Mapping[str, Any], step_input: StepInput) -> list[str]:
    """Check that the frame does not tell the scene, which is the last of the sources."""
    return leaks(step_input.sources[-1], [value["background"], *value["characters"]])


CLEAN = Step("clean", "clean", Fill(Passage), {"text": "clean"}, _check_kept_content)
TAG = Step("tag", "tag", Fill(Tag))
SCREEN = Step("screen", "screen", Fill(Screen))
REWRITE = Step("rewrite", "rewrite", Fill(Passage), {"text": "post"}, _check_kept_content)
PERSONA = Step("persona", "persona", Fill(Persona), {"persona": "persona"})
PROFILE = _text_step("profile")
STYLE = _text_step("style")
STORY_TEXTS = {"summary": "stories.summary", "content": "stories.content"}
STORY = Step("stories", "stories", Fill(Story), STORY_TEXTS, _check_summary_leaks)
TOPIC = Step("topic", "topic", Fill(Topic), {"topic": "topic"})
QA = tuple(map(_qa_step, ("qa_general", "qa_actions", "qa_thoughts", "qa_reason")))
SCENES = tuple(map(_text_step, ("scenario_long", "scenario_story", "scenario_behaviour", "scenario_thoughts")))
FRAME_TEXTS = {"background": "frame.background", "characters": "frame.characters"}
FRAMES = {
    scene.kind: Step(f"{scene.kind} frame", "frame", Fill(Frame), FRAME_TEXTS, _check_frame_leaks) for scene in SCENES
}
"""What is known before a scene of each kind is told."""

ABOUT_USERS = (PERSONA, PROFILE, STYLE)
ABOUT_POSTS = (TOPIC, *QA, *SCENES)
