from collections import Counter

import msgspec
import pytest

from sandbox.people import NO_MEMORY
from sandbox.question import Choose
from training.tasks.example import Asked, Task
from training.tasks.reading import FORMS, found

from .people import catalog, moment, record

KNOWN = {option.key: option for option in catalog().options}


def tasks(seed: int) -> dict[str, Task]:
    return {task.form: task for task in found(moment(record(12), seed=seed), catalog(), 6)}


def keys(task: Task) -> list[str]:
    form = msgspec.json.decode(task.question, type=Asked).form
    assert isinstance(form, Choose)
    return [option.key for option in form.options]


@pytest.mark.parametrize("seed", range(20))
def test_the_answer_follows_from_what_is_shown(seed: int) -> None:
    for form, task in tasks(seed).items():
        gold = KNOWN[task.meta["answer"]]
        assert (task.family, task.is_record) == ("reading", False)
        said = task.messages[-1]["content"].removeprefix("Answer: ")
        assert f"* {gold.title}, ${gold.price:.2f}: {said}" in task.messages[1]["content"].splitlines()
        others = [KNOWN[key] for key in keys(task) if key != gold.key]
        if form == "find_name":
            assert f'"{gold.title}"' in task.messages[1]["content"]
            assert gold.title not in {one.title for one in others}
        else:
            assert f"belongs to {gold.place}?" in task.messages[1]["content"]
            assert gold.place not in {one.place for one in others}


def test_lists_are_of_all_lengths_and_the_answer_stands_anywhere() -> None:
    made = [task for seed in range(400) if (task := tasks(seed).get("find_name"))]
    assert set(Counter(len(keys(task)) for task in made)) == {2, 3, 4, 5, 6}
    said = Counter(task.messages[-1]["content"] for task in made if len(keys(task)) == 4)
    assert len(said) == 4
    assert max(said.values()) < 3 * min(said.values())


def test_they_are_asked_without_memories_and_the_same_for_the_same_seed() -> None:
    assert {msgspec.json.decode(task.question, type=Asked).memory for task in tasks(3).values()} == {NO_MEMORY}
    assert tasks(3) == tasks(3)
    assert set(tasks(3)) <= set(FORMS)
