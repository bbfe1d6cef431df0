import json
from collections.abc import Collection
from typing import Any

import msgspec
import pytest

from training.tasks.example import Task
from training.tasks.made import ABOUT_MOMENTS, made_tasks

from .people import PERSON

TOLD = [{"record": str(n), "summary": f"Theme {n}.", "content": f"I told tale {n}."} for n in range(6)]
SCENE = {"text": "It rained on us all day.", "background": "A picnic.", "characters": ["Ruth", "Tom"]}
QA = {"scenario": "It rains.", "question": "What does she do?", "answer": "She runs."}


EARLY = msgspec.structs.replace(PERSON, persona="You were young then.")


def made(kind: str, value: Any, seed: int = 0, which: str = "latest", known: Collection[str] = ()) -> list[Task]:
    one = {"source": "s", "user": "u_1", "self": which, "record": "i_1", "kind": kind, "value": value}
    return [task for _, task in made_tasks([one], {"latest": PERSON, "early": EARLY}, set(known), seed)]


def asked(task: Task) -> str:
    return task.messages[0]["content"]


def test_a_persona_becomes_a_profile() -> None:
    (task,) = made("profile", "whatever passed")
    assert (task.family, task.form, task.is_record) == ("profile", "persona2profile", False)
    assert PERSON.persona in asked(task)
    assert task.messages[1]["content"] == PERSON.profile
    assert made("profile", "x", which="early") == []


@pytest.mark.parametrize("seed", range(8))
def test_stories_go_on_after_those_that_are_given(seed: int) -> None:
    tasks = {task.form: task for task in made("stories", TOLD, seed)}
    rest = json.loads(tasks["half2half"].messages[1]["content"])
    given = len(TOLD) - len(rest)
    assert 2 <= given < len(TOLD)
    assert rest == [{name: one[name] for name in ("summary", "content")} for one in TOLD[given:]]
    for form, task in tasks.items():
        shown = [n for n in range(6) if f"tale {n}." in asked(task)]
        assert shown == list(range(given))
        assert (EARLY.persona in asked(task)) == ("persona" in form)
        assert PERSON.persona not in asked(task)
        assert (TOLD[given]["summary"] in asked(task)) == ("theme" in form)
    for form in ("half_theme2target", "half_theme_persona2target"):
        assert tasks[form].messages[1]["content"] == TOLD[given]["content"]


@pytest.mark.parametrize("seed", range(8))
def test_no_story_of_what_the_persona_is_made_from_is_asked_for(seed: int) -> None:
    tasks = {task.form: task for task in made("stories", TOLD, seed, known=("0", "1", "2", "3"))}
    asked_for = tasks["half_persona2half"].messages[1]["content"]
    assert not [n for n in range(4) if f"tale {n}." in asked_for]
    assert tasks["half_theme_persona2target"].messages[1]["content"] in ("I told tale 4.", "I told tale 5.")
    assert not [form for form in (one.form for one in made("stories", TOLD, seed, known="012345")) if "persona" in form]


def test_too_few_stories_are_not_asked_for() -> None:
    assert made("stories", TOLD[:2]) == []
    assert made("stories", TOLD, which="early") == []


@pytest.mark.parametrize("kind", sorted(ABOUT_MOMENTS))
def test_moments_are_asked_about(kind: str) -> None:
    value = QA if kind.startswith("qa") else SCENE
    (task,) = made(kind, value, which="early")
    assert task.form == kind
    answer = value["answer"] if kind.startswith("qa") else value["text"]
    assert task.messages[1]["content"] == answer
    assert str(answer) not in asked(task)
    assert all(
        part in asked(task) for part in (("It rains.", "What does she do?") if value is QA else ("Ruth", "A picnic."))
    )


def test_nothing_is_asked_about_who_did_not_pass() -> None:
    one = {"source": "s", "user": "u_1", "self": "early", "record": "i", "kind": "qa_general", "value": QA}
    assert list(made_tasks([one], {"latest": PERSON}, set(), 0)) == []
