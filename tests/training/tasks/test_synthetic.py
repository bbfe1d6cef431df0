import json
from collections.abc import Collection
from typing import Any

import msgspec
import pytest

from training.tasks.forms import Task
from training.tasks.synthetic import RECORD_TASKS, synthetic_tasks

from .people import PERSON

EPISODES = [{"record": str(n), "summary": f"Theme {n}.", "content": f"I told tale {n}."} for n in range(6)]
SCENE = {"text": "It rained on us all day.", "background": "A picnic.", "characters": ["Ruth", "Tom"]}
QA = {"scenario": "It rains.", "question": "What does she do?", "answer": "She runs."}


EARLY = msgspec.structs.replace(PERSON, persona="You were young then.")


def build_tasks(
    kind: str, value: Any, seed: int = 0, name: str = "latest", early_records: Collection[str] = ()
) -> list[Task]:
    synthetic = {"source": "s", "user": "u_1", "self": name, "record": "i_1", "kind": kind, "value": value}
    selves = {"latest": PERSON, "early": EARLY}
    return [task for _, task in synthetic_tasks([synthetic], selves, set(early_records), seed)]


def prompt(task: Task) -> str:
    return task.messages[0]["content"]


def test_a_persona_becomes_a_profile() -> None:
    (task,) = build_tasks("profile", "whatever passed")
    assert (task.family, task.form, task.is_record) == ("profile", "persona2profile", False)
    assert PERSON.persona in prompt(task)
    assert task.messages[1]["content"] == PERSON.profile
    assert build_tasks("profile", "x", name="early") == []


@pytest.mark.parametrize("seed", range(8))
def test_stories_continue_after_those_in_the_prompt(seed: int) -> None:
    tasks = {task.form: task for task in build_tasks("stories", EPISODES, seed)}
    rest = json.loads(tasks["half2half"].messages[1]["content"])
    num_first = len(EPISODES) - len(rest)
    assert 2 <= num_first < len(EPISODES)
    assert rest == [{name: episode[name] for name in ("summary", "content")} for episode in EPISODES[num_first:]]
    for form, task in tasks.items():
        in_prompt = [n for n in range(6) if f"tale {n}." in prompt(task)]
        assert in_prompt == list(range(num_first))
        assert (EARLY.persona in prompt(task)) == ("persona" in form)
        assert PERSON.persona not in prompt(task)
        assert (EPISODES[num_first]["summary"] in prompt(task)) == ("theme" in form)
    for form in ("half_theme2target", "half_theme_persona2target"):
        assert tasks[form].messages[1]["content"] == EPISODES[num_first]["content"]


@pytest.mark.parametrize("seed", range(8))
def test_no_story_that_the_persona_is_made_from_is_asked_for(seed: int) -> None:
    tasks = {task.form: task for task in build_tasks("stories", EPISODES, seed, early_records=("0", "1", "2", "3"))}
    answer = tasks["half_persona2half"].messages[1]["content"]
    assert not [n for n in range(4) if f"tale {n}." in answer]
    assert tasks["half_theme_persona2target"].messages[1]["content"] in ("I told tale 4.", "I told tale 5.")
    all_early = build_tasks("stories", EPISODES, seed, early_records="012345")
    assert not [task.form for task in all_early if "persona" in task.form]


def test_too_few_stories_are_not_asked_for() -> None:
    assert build_tasks("stories", EPISODES[:2]) == []
    assert build_tasks("stories", EPISODES, name="early") == []


@pytest.mark.parametrize("kind", sorted(RECORD_TASKS))
def test_objects_about_records_become_tasks(kind: str) -> None:
    value = QA if kind.startswith("qa") else SCENE
    (task,) = build_tasks(kind, value, name="early")
    assert task.form == kind
    answer = value["answer"] if kind.startswith("qa") else value["text"]
    assert task.messages[1]["content"] == answer
    assert str(answer) not in prompt(task)
    parts = ("It rains.", "What does she do?") if value is QA else ("Ruth", "A picnic.")
    assert all(part in prompt(task) for part in parts)


def test_a_self_that_was_not_kept_gets_no_tasks() -> None:
    synthetic = {"source": "s", "user": "u_1", "self": "early", "record": "i", "kind": "qa_general", "value": QA}
    assert list(synthetic_tasks([synthetic], {"latest": PERSON}, set(), 0)) == []
