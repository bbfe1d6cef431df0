"""The paper's forms whose answer a language model made: profiles, stories, social questions and scenes.

They teach how people are told about, not what people really do; whoever judges keeps them apart (`record` is "").
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, TypeAlias

from sandbox.people import Profile
from sandbox.seeds import uniforms
from training.tasks.example import Family, Task, paper_task, worded
from training.tasks.moments import hashed

FEWEST_STORIES = 3
"""Of which at least two are given and at least one is asked for."""

Object: TypeAlias = Mapping[str, Any]
"""A row of what a model made, its value decoded."""


def persona2profile(profile: Profile, seed: int) -> Iterator[Task]:
    """Tell at length who somebody is, from their persona."""
    if profile.persona and profile.profile:
        yield _made("profile", "persona2profile", profile.profile, persona=profile.persona)


def stories(told: Sequence[Mapping[str, str]], early: Profile | None, known: Set[str], seed: int) -> Iterator[Task]:
    """Go on with the episodes of a life: with all of the rest, or with the one whose theme is given.

    Where a persona stands beside the first episodes it is the early self's, and only what came after that self's
    records is asked for: the latest persona is made from the very posts that the other episodes are told from.

    Args:
        told: Each episode's record, summary and content, oldest first.
        early: The person as their first records have them; None where there are too few of these.
        known: Ids of these first records.
        seed: Of how many episodes are given.
    """
    if len(told) < FEWEST_STORIES:
        return
    given = 2 + int(next(uniforms(seed, b"stories")) * (len(told) - 2))
    yield from _continued(told, given, "", ("half2half", "half_theme2target"))
    given = max(given, sum(one["record"] in known for one in told))
    if early and given < len(told):
        yield from _continued(told, given, early.persona, ("half_persona2half", "half_theme_persona2target"))


def social_qa(profile: Profile, one: Object, seed: int) -> Iterator[Task]:
    """Say what somebody does, thinks or wants in a situation."""
    value = one["value"]
    facts = {"scenario": value["scenario"], "question": value["question"]}
    yield _made("social_qa", one["kind"], value["answer"], "social_qa", person=_person(profile, seed), **facts)


def scenario(profile: Profile, one: Object, seed: int) -> Iterator[Task]:
    """Tell a scene from its frame: from outside, or as the person would."""
    value = one["value"]
    facts = {"kind": one["kind"], "background": value["background"], "characters": value["characters"]}
    yield _made("scenario", one["kind"], value["text"], "scenario", **facts)


ABOUT_MOMENTS: Mapping[str, Callable[[Profile, Object, int], Iterator[Task]]] = {
    **dict.fromkeys(("qa_general", "qa_actions", "qa_thoughts", "qa_reason"), social_qa),
    **dict.fromkeys(("scenario_long", "scenario_story", "scenario_behaviour", "scenario_thoughts"), scenario),
}
"""What is asked about each kind of object."""


def made_tasks(
    objects: Sequence[Object], selves: Mapping[str, Profile], known: Set[str], seed: int
) -> Iterator[tuple[Object, Task]]:
    """All tasks about what a model made of one user, each with the object that it is about.

    Args:
        objects: What was made of the user.
        selves: The user's profiles; the latest has the profile and the stories that are asked for.
        known: Ids of the records that the early self is made from.
        seed: The run's.
    """
    for one in objects:
        profile = selves.get(one["self"])
        if profile is None:
            continue
        mine = hashed(seed, one["source"], one["user"], one["self"], one["record"], one["kind"])
        tasks: Iterator[Task] = iter(())
        if one["kind"] in ABOUT_MOMENTS:
            tasks = ABOUT_MOMENTS[one["kind"]](profile, one, mine)
        elif one["kind"] == "stories" and one["self"] == "latest":
            tasks = stories(one["value"], selves.get("early"), known, mine)
        elif one["kind"] == "profile" and one["self"] == "latest":
            tasks = persona2profile(profile, mine)
        yield from ((one, task) for task in tasks)


def _continued(told: Sequence[Mapping[str, str]], given: int, persona: str, forms: tuple[str, str]) -> Iterator[Task]:
    """All of the rest, and the next one by its theme."""
    first, target = [one["content"] for one in told[:given]], told[given]
    rest = [{name: one[name] for name in ("summary", "content")} for one in told[given:]]
    answers = json.dumps(rest, ensure_ascii=False), target["content"]
    for form, theme, answer in zip(forms, ("", target["summary"]), answers, strict=True):
        yield _made("stories", form, answer, "stories", persona=persona, theme=theme, stories=first)


def _made(family: Family, form: str, answer: str, prompt: str = "", **facts: Any) -> Task:
    return paper_task(family, form, worded(prompt or form, **facts), answer, is_record=False)


def _person(profile: Profile, seed: int) -> str:
    """Persona or profile, drawn by the seed."""
    return profile.profile if profile.profile and next(uniforms(seed, b"person")) < 0.5 else profile.persona
