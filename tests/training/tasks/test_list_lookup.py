from collections import Counter

import msgspec
import pytest

from sandbox.core.form import Choose
from sandbox.core.memory import NO_MEMORY
from training.tasks.forms import Task, TaskQuestion
from training.tasks.list_lookup import LOOKUP_FORMS, lookup_tasks

from .people import catalog, decision_point, record

ITEMS = {item.key: item for item in catalog().items}


def tasks_by_form(seed: int) -> dict[str, Task]:
    return {task.form: task for task in lookup_tasks(decision_point(record(12), seed=seed), catalog(), 6)}


def option_keys(task: Task) -> list[str]:
    form = msgspec.json.decode(task.question, type=TaskQuestion).form
    assert isinstance(form, Choose)
    return [option.key for option in form.options]


@pytest.mark.parametrize("seed", range(20))
def test_the_answer_follows_from_the_question(seed: int) -> None:
    for form, task in tasks_by_form(seed).items():
        gold = ITEMS[task.meta["answer"]]
        assert (task.family, task.is_record) == ("reading", False)
        label = task.messages[-1]["content"].removeprefix("Answer: ")
        assert f"* {gold.title}, ${gold.price:.2f}: {label}" in task.messages[1]["content"].splitlines()
        distractors = [ITEMS[key] for key in option_keys(task) if key != gold.key]
        if form == "find_name":
            assert f'"{gold.title}"' in task.messages[1]["content"]
            assert gold.title not in {item.title for item in distractors}
        else:
            assert f"belongs to {gold.category}?" in task.messages[1]["content"]
            assert gold.category not in {item.category for item in distractors}


def test_lists_have_all_lengths_and_the_answer_any_position() -> None:
    tasks = [task for seed in range(400) if (task := tasks_by_form(seed).get("find_name"))]
    assert set(Counter(len(option_keys(task)) for task in tasks)) == {2, 3, 4, 5, 6}
    answers = Counter(task.messages[-1]["content"] for task in tasks if len(option_keys(task)) == 4)
    assert len(answers) == 4
    assert max(answers.values()) < 3 * min(answers.values())


def test_they_are_asked_without_memories_and_the_same_for_the_same_seed() -> None:
    questions = [msgspec.json.decode(task.question, type=TaskQuestion) for task in tasks_by_form(3).values()]
    assert {question.memory for question in questions} == {NO_MEMORY}
    assert tasks_by_form(3) == tasks_by_form(3)
    assert set(tasks_by_form(3)) <= set(LOOKUP_FORMS)
