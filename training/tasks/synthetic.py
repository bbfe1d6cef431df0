"""Synthetic tasks: the paper's forms whose answer a language model wrote: profiles, stories, social questions, scenes.

They teach how people are described, not what people really do; evaluation treats them separately (`record` is "").
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, TypeAlias

from sandbox.core.profile import Profile
from sandbox.core.seeds import uniforms
from training.tasks.decision_points import stable_hash
from training.tasks.forms import Family, Task, paper_task, render_paper_prompt

MIN_STORIES = 3
"""At least two of them are in the prompt and at least one is asked for."""

SyntheticObject: TypeAlias = Mapping[str, Any]
"""A row of the objects that a language model made, its value decoded."""


def profile_tasks(profile: Profile, seed: int) -> Iterator[Task]:
    """Ask for the profile of a person, given the persona."""
    if profile.persona and profile.profile:
        yield _synthetic_task("profile", "persona2profile", profile.profile, persona=profile.persona)


def story_tasks(
    episodes: Sequence[Mapping[str, str]], early: Profile | None, early_records: Set[str], seed: int
) -> Iterator[Task]:
    """Ask for the other episodes of a life: for all of the rest, or for the next one by its theme.

    If a persona accompanies the first episodes, it is the early self's, and only episodes from after that self's
    records are asked for: the latest persona is made from the same posts as the other episodes.

    Args:
        episodes: Each episode's record, summary and content, oldest first.
        early: The person as their first records show them; None if there are too few of these.
        early_records: Ids of these first records.
        seed: Seed of the number of episodes in the prompt.
    """
    if len(episodes) < MIN_STORIES:
        return
    num_first = 2 + int(next(uniforms(seed, b"stories")) * (len(episodes) - 2))
    yield from _continue_stories(episodes, num_first, "", ("half2half", "half_theme2target"))
    num_first = max(num_first, sum(episode["record"] in early_records for episode in episodes))
    if early and num_first < len(episodes):
        forms = ("half_persona2half", "half_theme_persona2target")
        yield from _continue_stories(episodes, num_first, early.persona, forms)


def social_qa_tasks(profile: Profile, synthetic: SyntheticObject, seed: int) -> Iterator[Task]:
    """Ask what a person does, thinks or wants in a situation."""
    value = synthetic["value"]
    facts = {"scenario": value["scenario"], "question": value["question"]}
    person = _describe_person(profile, seed)
    yield _synthetic_task("social_qa", synthetic["kind"], value["answer"], "social_qa", person=person, **facts)


def scenario_tasks(profile: Profile, synthetic: SyntheticObject, seed: int) -> Iterator[Task]:
    """Ask for a scene, given its frame: from outside, or as the person would tell it."""
    value = synthetic["value"]
    facts = {"kind": synthetic["kind"], "background": value["background"], "characters": value["characters"]}
    yield _synthetic_task("scenario", synthetic["kind"], value["text"], "scenario", **facts)


RECORD_TASKS: Mapping[str, Callable[[Profile, SyntheticObject, int], Iterator[Task]]] = {
    **dict.fromkeys(("qa_general", "qa_actions", "qa_thoughts", "qa_reason"), social_qa_tasks),
    **dict.fromkeys(("scenario_long", "scenario_story", "scenario_behaviour", "scenario_thoughts"), scenario_tasks),
}
"""The tasks about each kind of object that is made from one record."""


def synthetic_tasks(
    objects: Sequence[SyntheticObject], selves: Mapping[str, Profile], early_records: Set[str], seed: int
) -> Iterator[tuple[SyntheticObject, Task]]:
    """Yield all tasks about the objects that were made of one user, each with its object.

    Args:
        objects: The objects.
        selves: The user's profiles; the latest has the profile and the stories that are asked for.
        early_records: Ids of the records that the early self is made from.
        seed: The run's seed.
    """
    for synthetic in objects:
        name, kind = synthetic["self"], synthetic["kind"]
        profile = selves.get(name)
        if profile is None:
            continue
        task_seed = stable_hash(seed, synthetic["source"], synthetic["user"], name, synthetic["record"], kind)
        tasks: Iterator[Task] = iter(())
        if kind in RECORD_TASKS:
            tasks = RECORD_TASKS[kind](profile, synthetic, task_seed)
        elif kind == "stories" and name == "latest":
            tasks = story_tasks(synthetic["value"], selves.get("early"), early_records, task_seed)
        elif kind == "profile" and name == "latest":
            tasks = profile_tasks(profile, task_seed)
        yield from ((synthetic, task) for task in tasks)


def _continue_stories(
    episodes: Sequence[Mapping[str, str]], num_first: int, persona: str, forms: tuple[str, str]
) -> Iterator[Task]:
    """Ask for all of the rest, and for the next one by its theme."""
    first, target = [episode["content"] for episode in episodes[:num_first]], episodes[num_first]
    rest = [{name: episode[name] for name in ("summary", "content")} for episode in episodes[num_first:]]
    answers = json.dumps(rest, ensure_ascii=False), target["content"]
    for form, theme, answer in zip(forms, ("", target["summary"]), answers, strict=True):
        yield _synthetic_task("stories", form, answer, "stories", persona=persona, theme=theme, stories=first)


def _synthetic_task(family: Family, form: str, answer: str, prompt: str = "", **facts: Any) -> Task:
    return paper_task(family, form, render_paper_prompt(prompt or form, **facts), answer, is_record=False)


def _describe_person(profile: Profile, seed: int) -> str:
    """Return the persona or the profile, drawn by the seed."""
    return profile.profile if profile.profile and next(uniforms(seed, b"person")) < 0.5 else profile.persona
