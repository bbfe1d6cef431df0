import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from sandbox.core.answering import display_order
from sandbox.core.form import Choose
from sandbox.core.memory import NO_MEMORY, Event, MemoryBudget, MemoryView
from sandbox.core.presentation import PLAIN
from training.tasks.catalog import Catalog, CatalogItem
from training.tasks.choices import experience_tasks, purchase_tasks, reply_tasks, star_tasks, thread_tasks
from training.tasks.decision_points import find_decision_points
from training.tasks.forms import Task, TaskQuestion, build_question, task_template
from training.tasks.texts import text_tasks

from .people import PERSON, catalog, comment, decision_point, record


def decode_question(task: Task) -> TaskQuestion:
    return msgspec.json.decode(task.question, type=TaskQuestion)


def choice(task: Task) -> Choose[Any]:
    form = decode_question(task).form
    assert isinstance(form, Choose)
    return form


def option_lines(task: Task) -> list[str]:
    return [line for line in task.messages[1]["content"].splitlines() if line.startswith("* ") and line[-3:-1] == ": "]


def test_the_chosen_product_is_listed_among_hard_and_uniform_negatives() -> None:
    (task,) = purchase_tasks(decision_point(record(12)), catalog(), 5, 4)
    keys = [option.key for option in choice(task).options]
    items = {item.key: item for item in catalog().items}
    assert keys[0] == task.meta["answer"] == "B12"
    assert len(set(keys)) == 10
    kinds = task.meta["kinds"]
    assert Counter(kinds.values()) == {"chosen": 1, "hard": 5, "uniform": 4}
    hard = [items[key] for key, kind in kinds.items() if kind == "hard"]
    assert {(item.category, item.band) for item in hard} == {("Tea", 0)}


def test_the_answer_is_the_label_of_what_was_chosen() -> None:
    for number in range(0, 30, 3):
        (task,) = purchase_tasks(decision_point(record(number)), catalog(), 2, 2)
        label = task.messages[-1]["content"].removeprefix("Answer: ")
        assert f"* Thing {number}, ${5 + number}.00: {label}" in option_lines(task)


def test_what_was_chosen_is_equally_likely_in_every_position() -> None:
    answers: Counter[str] = Counter()
    for seed in range(1000):
        (task,) = purchase_tasks(decision_point(record(12), seed=seed), catalog(), 2, 2)
        answers[task.messages[-1]["content"]] += 1
    assert len(answers) == 5
    assert all(150 < number < 250 for number in answers.values()), answers


def test_nobody_passes_over_what_they_own() -> None:
    past = [record(number) for number in range(0, 60, 6)]
    (task,) = purchase_tasks(decision_point(record(72), past), catalog(), 5, 4)
    assert not {option.key for option in choice(task).options} & {row["item"] for row in past}


def test_what_was_bought_before_is_not_asked_again() -> None:
    assert list(purchase_tasks(decision_point(record(12), [record(3, item="B12")]), catalog(), 1, 1)) == []


def purchase(number: int, **changes: Any) -> dict[str, Any]:
    """Return a bare purchase of a product that no other record is about."""
    return record(number, **{"platform": "purchases", "kind": "purchase", "text": "", "stars": None, **changes})


def test_a_bare_purchase_is_asked_in_its_own_currency() -> None:
    (task,) = purchase_tasks(decision_point(purchase(12)), catalog(), 5, 4)
    assert Counter(task.meta["kinds"].values()) == {"chosen": 1, "hard": 5, "uniform": 4}
    assert any(line.startswith("* Thing 12, NT$17.00: ") for line in option_lines(task))
    assert "supermarket" in task_template(task.form, "purchases").preamble


def test_what_is_bought_again_is_listed_among_other_things_that_they_had() -> None:
    past = [purchase(number) for number in range(20)]
    (task,) = purchase_tasks(decision_point(purchase(30, item="B12"), past), catalog(), 5, 4)
    assert task.meta["answer"] == "B12"
    assert Counter(task.meta["kinds"].values()) == {"chosen": 1, "owned": 9}
    assert set(task.meta["kinds"]) <= {row["item"] for row in past}


def test_nothing_from_the_same_basket_is_an_option() -> None:
    rows = [purchase(number, time=number // 10) for number in range(20)] + [purchase(20, item="B3", time=1)]
    points = find_decision_points(rows, {"latest": PERSON}, MemoryBudget(99, 9), 99, 0)
    (repeat_purchase,) = [point for point in points if not point.is_new]
    (task,) = purchase_tasks(repeat_purchase, catalog(), 5, 4)
    assert set(task.meta["kinds"]) == {f"B{number}" for number in range(10)}
    assert list(purchase_tasks(repeat_purchase, catalog(), 5, 5)) == [], "there are no more than nine others"


def test_too_small_a_catalog_makes_no_task() -> None:
    assert list(purchase_tasks(decision_point(record(0)), catalog(1, 5), 5, 4)) == []
    assert len(list(purchase_tasks(decision_point(record(0)), catalog(1, 5), 2, 2))) == 1


def test_a_product_that_the_catalog_lacks_is_listed_as_the_record_has_it() -> None:
    (task,) = purchase_tasks(decision_point(record(12, item="new", price=None)), catalog(), 0, 3)
    assert any(line.startswith("* Pot no. 12: ") for line in option_lines(task))


def test_a_product_that_the_catalog_lacks_is_not_given_away_by_its_price() -> None:
    unpriced = [CatalogItem(f"N{n}", "Tea", f"Plain {n}", "", None, -1, 1) for n in range(30)]
    mixed = Catalog([*catalog().items, *unpriced])
    for hard, uniform in ((5, 0), (5, 4)):
        (task,) = purchase_tasks(decision_point(record(12, item="new", price=18.0)), mixed, hard, uniform)
        kinds = task.meta["kinds"]
        similar = [option.text for option in choice(task).options if kinds[option.key] in ("chosen", "hard")]
        assert len(similar) == 6
        assert all(", $" in text for text in similar)


def test_stars_are_asked_without_and_with_their_own_words() -> None:
    stars, verdict = star_tasks(decision_point(record(0, stars=2.0, title="Meh")))
    for task in (stars, verdict):
        assert task.meta == {"answer": "2"}
        label = task.messages[-1]["content"].removeprefix("Answer: ")
        assert f"* 2 stars: {label}" in option_lines(task)
    assert "Meh" not in stars.messages[1]["content"]
    assert 'for $10.00. You say: "Meh"' in verdict.messages[1]["content"]


def test_the_question_holds_options_and_not_what_they_stand_for() -> None:
    stars, _ = star_tasks(decision_point(record(0)))
    assert "objects" not in json.loads(stars.question)["form"]


@pytest.mark.parametrize(
    ("title", "is_quoted"), [("Five Stars", False), ("one star.", False), ("Five stars from me", True)]
)
def test_a_title_that_only_names_the_stars_is_not_quoted(title: str, is_quoted: bool) -> None:
    _, verdict = star_tasks(decision_point(record(0, title=title)))
    assert (title in verdict.messages[1]["content"]) is is_quoted
    assert ("word0" in verdict.messages[1]["content"]) is not is_quoted


def test_an_experience_in_words_is_asked_as_the_marketplace_asks() -> None:
    (task,) = experience_tasks(decision_point(record(0, stars=2.0, title="Meh", text="A poor pot.")))
    assert (task.form, task.meta) == ("experience", {"answer": "2"})
    assert task.messages[0]["content"] == task_template("marketplace/stars", "reviews").preamble.strip()
    asked = "\n\nYou bought the Pot no. 0. It was poor.\nHow many stars do you give it?"
    assert asked in task.messages[1]["content"]


@pytest.mark.parametrize(("share", "kinds"), [(0.0, {False}), (0.5, {False, True}), (1.0, {True})])
def test_a_share_of_questions_is_asked_without_the_memory(share: float, kinds: set[bool]) -> None:
    memory = MemoryView(recent=(Event(0, "review", "You bought a pan."),))
    point = decision_point(record(0, text="A poor pot."))._replace(memory=memory, forgetful_share=share)
    tasks = [next(experience_tasks(point._replace(draw=draw))) for draw in range(20)]
    assert {decode_question(task).memory == NO_MEMORY for task in tasks} == kinds
    assert {"You bought a pan." not in task.messages[1]["content"] for task in tasks} == kinds


def test_another_draw_asks_in_other_words() -> None:
    point = decision_point(record(0, text="A poor pot."))._replace(varied_share=1)
    tasks = [next(experience_tasks(point._replace(draw=draw))) for draw in range(20)]
    assert {decode_question(task).presentation.wording for task in tasks} == {0, 1, 2, 3}
    assert len({task.messages[1]["content"].partition("\n* ")[0].rpartition("\n\n")[2] for task in tasks}) == 4


@pytest.mark.parametrize("changes", [{"text": "A pot."}, {"stars": None}, {"text": "Good but poor."}])
def test_without_an_experience_or_stars_nothing_is_asked(changes: dict[str, Any]) -> None:
    assert list(experience_tasks(decision_point(record(0, **{"text": "A poor pot.", **changes})))) == []


def test_another_draw_has_other_options_in_another_order() -> None:
    point = decision_point(record(12))
    tasks = [next(purchase_tasks(point._replace(draw=draw), catalog(), 5, 4)) for draw in range(3)]
    assert len({frozenset(task.meta["kinds"]) for task in tasks}) == 3
    assert {task.meta["answer"] for task in tasks} == {"B12"}


def test_a_share_of_questions_has_other_presentations_and_the_same_answer() -> None:
    letters: Counter[str] = Counter()
    is_reversed: Counter[bool] = Counter()
    for seed in range(600):
        stars, _ = star_tasks(decision_point(record(0, stars=2.0), seed=seed)._replace(varied_share=0.5))
        label = stars.messages[-1]["content"].removeprefix("Answer: ")
        lines = option_lines(stars)
        assert f"* 2 stars: {label}" in lines
        if decode_question(stars).presentation == PLAIN:
            assert label == "B"
        else:
            letters[lines[0][-1]] += 1
            is_reversed[lines[0].startswith("* 5 stars")] += 1
    assert 240 < letters.total() < 360
    assert len(letters) == 26
    assert min(is_reversed.values()) > 90


def test_replies_are_asked_about_what_they_answered_and_what_they_passed_by() -> None:
    threads = Catalog([item._replace(text=f"Said {item.key}") for item in catalog().items])
    yes, no = reply_tasks(decision_point(comment(4)), threads)
    assert (yes.meta["answer"], no.meta["answer"]) == ("yes", "no")
    assert "Do you like it, 4?" in yes.messages[1]["content"]
    assert "Said B" in no.messages[1]["content"]
    assert decode_question(yes).seed != decode_question(no).seed


def test_a_reply_is_not_asked_if_nothing_was_passed_by() -> None:
    assert list(reply_tasks(decision_point(comment(4)), Catalog([]))) == []


def test_a_reply_to_a_text_without_community_and_title_is_asked_without_them() -> None:
    tweets = Catalog([item._replace(category="", title="", text=f"Said {item.key}") for item in catalog().items])
    for task in reply_tasks(decision_point(comment(4, platform="microblog", category="", title="")), tweets):
        assert "You come across this:\n" in task.messages[1]["content"]


def test_a_thread_without_a_title_is_described_by_its_community() -> None:
    yes, _ = reply_tasks(decision_point(comment(4, title="")), catalog())
    assert "In Tea you come across this:\n" in yes.messages[1]["content"]
    (answer,) = text_tasks(decision_point(comment(4, title="")), 300)
    assert "In Tea, somebody wrote:\n" in answer.messages[1]["content"]


def test_other_kinds_of_records_are_not_asked_about() -> None:
    assert list(purchase_tasks(decision_point(comment(1)), catalog(), 1, 1)) == []
    assert list(thread_tasks(decision_point(record(1)), catalog(), 1, 1)) == []
    assert list(reply_tasks(decision_point(record(1)), catalog())) == []


def test_the_question_can_be_put_to_anybody_again() -> None:
    (task,) = purchase_tasks(decision_point(record(12)), catalog(), 5, 4)
    question = build_question(decode_question(task), PERSON)
    form = question.form
    assert isinstance(form, Choose)
    first = form.options[display_order(question)[0]]
    assert option_lines(task)[0] == f"* {first.text}: A"
    json.dumps(task.meta)
