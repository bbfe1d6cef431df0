from pathlib import Path

import pytest

from sandbox.core.form import Write
from training.tasks.forms import PROMPTS, Task, load_prompt
from training.tasks.paper_forms import comment_tasks, preference_tasks, writing_tasks
from training.tasks.texts import text_tasks

from .people import catalog, comment, decision_point, record
from .test_choices import decode_question

PAST = [
    record(number, text=f"Earlier word{number}. " + "more " * 400, context=f"Old pot {number}") for number in range(8)
]


def prompt(task: Task) -> str:
    return task.messages[-2]["content"]


def test_people_write_what_they_wrote() -> None:
    (task,) = text_tasks(decision_point(record(3, text="Nice\n\npot.")), 300)
    assert (task.form, task.messages[-1]["content"]) == ("review", "Nice\n\npot.")
    assert "You bought the Pot no. 3 for $10.00 and give it 4 of 5 stars." in prompt(task)
    assert decode_question(task).form == Write(300)
    (task,) = text_tasks(decision_point(comment(3)), 300)
    assert 'In Tea, under "Tea no. 3", somebody wrote:\n"Do you like it, 3?"' in prompt(task)


def test_a_text_without_community_and_title_is_answered_without_them() -> None:
    (task,) = text_tasks(decision_point(comment(3, platform="microblog", category="", title="")), 300)
    assert '\nSomebody wrote:\n"Do you like it, 3?"\nWrite your reply' in prompt(task)


@pytest.mark.parametrize("platform", ["forum", "blog", "microblog"])
def test_posts_are_asked_in_the_words_of_their_platform(platform: str) -> None:
    (task,) = text_tasks(decision_point(record(3, platform=platform, kind="post", title="Pots")), 300)
    assert task.form == "post"
    assert load_prompt(f"post_{platform}").split()[0] in prompt(task)
    assert ("Pots" in prompt(task)) == (platform != "microblog")


def test_records_without_text_make_no_text_tasks() -> None:
    assert list(text_tasks(decision_point(record(3, text="")), 300)) == []
    assert list(text_tasks(decision_point(record(3, context="")), 300)) == []
    assert list(writing_tasks(decision_point(record(3, text="")), False)) == []


def test_the_four_ways_of_writing() -> None:
    tasks = {task.form: task for task in writing_tasks(decision_point(record(9, title="Fine"), PAST), False)}
    assert sorted(tasks) == ["type1", "type2", "type3", "type4"]
    text = record(9)["text"]
    for form in ("type1", "type3"):
        assert tasks[form].messages[-1]["content"] == text
        assert "It is about: Fine, Pot no. 9" in prompt(tasks[form])
    for form in ("type2", "type4"):
        rest = tasks[form].messages[-1]["content"]
        opening = text.removesuffix(rest).strip()
        assert 0.2 < len(opening.split()) / len(text.split()) < 0.75
        assert prompt(tasks[form]).endswith(opening)
    assert "Short." in prompt(tasks["type3"])
    numbers = [number for number in range(8) if f"word{number}." in prompt(tasks["type1"])]
    assert numbers == list(range(8 - len(numbers), 8))
    assert 1 <= len(numbers) <= 5
    assert prompt(tasks["type1"]).count("more") < 300 * len(numbers)


def test_a_comment_is_asked_with_earlier_ones() -> None:
    past = [comment(number) for number in range(3)]
    (task,) = comment_tasks(decision_point(comment(7), past), False)
    assert "Do you like it, 7?" in prompt(task)
    assert "word2." in prompt(task)
    assert task.messages[-1]["content"] == comment(7)["text"]
    assert list(comment_tasks(decision_point(comment(7)), False)) == []


def test_a_product_is_named_among_twenty() -> None:
    conditions: list[str] = []
    for seed in range(300):
        (task,) = preference_tasks(decision_point(record(12), PAST, seed), catalog())
        lines = prompt(task).splitlines()
        names = [line.removeprefix("- ") for line in lines if line.startswith("- Thing")]
        assert len(set(names)) == 20
        assert task.messages[-1]["content"] == "Thing 12" in names
        condition = str(task.meta["condition"])
        assert ("- Old pot 7" in lines) == (condition != "person")
        assert ("A person:" in lines[0]) == (condition != "history")
        conditions.append(condition)
    assert 0.4 < conditions.count("history") / 300 < 0.6
    assert 0.08 < conditions.count("person") / 300 < 0.22


def test_the_length_is_given_only_on_request() -> None:
    row, past = comment(9, text="word " * 57), [comment(1)]
    for hint in (False, True):
        tasks = [
            *comment_tasks(decision_point(row, past), hint),
            *writing_tasks(decision_point({**row, "kind": "post"}, PAST), hint),
        ]
        assert tasks
        assert all((" words." in prompt(task)) == hint for task in tasks)
    assert "Use about 60 words." in prompt(tasks[0])


def test_the_market_and_the_tasks_use_the_same_preamble() -> None:
    market = Path(__file__).parents[3] / "worlds" / "marketplace" / "prompts" / "preamble.txt"
    assert load_prompt("preamble_reviews") == market.read_text(encoding="utf-8")
    assert (PROMPTS / "preamble_forum.txt").exists()
