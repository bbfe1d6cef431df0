import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from sandbox.mind import shown_order
from sandbox.people import MemoryBudget
from sandbox.presentation import PLAIN
from sandbox.question import Choose
from training.tasks import choices, texts
from training.tasks.catalog import Catalog
from training.tasks.catalog import Option as Offer
from training.tasks.example import Asked, Task, question_of, template_of
from training.tasks.moments import moments_of

from .people import PERSON, catalog, comment, moment, record


def asked(task: Task) -> Asked:
    return msgspec.json.decode(task.question, type=Asked)


def options(task: Task) -> Choose:
    form = asked(task).form
    assert isinstance(form, Choose)
    return form


def shown(task: Task) -> list[str]:
    return [line for line in task.messages[1]["content"].splitlines() if line.startswith("* ") and line[-3:-1] == ": "]


def test_the_chosen_product_stands_among_hard_and_uniform_others() -> None:
    (task,) = choices.purchase(moment(record(12)), catalog(), 5, 4)
    keys = [option.key for option in options(task).options]
    known = {option.key: option for option in catalog().options}
    assert keys[0] == task.meta["answer"] == "B12"
    assert len(set(keys)) == 10
    kinds = task.meta["kinds"]
    assert Counter(kinds.values()) == {"chosen": 1, "hard": 5, "uniform": 4}
    hard = [known[key] for key, kind in kinds.items() if kind == "hard"]
    assert {(one.place, one.band) for one in hard} == {("Tea", 0)}


def test_the_label_that_is_said_stands_behind_what_was_chosen() -> None:
    for number in range(0, 30, 3):
        (task,) = choices.purchase(moment(record(number)), catalog(), 2, 2)
        label = task.messages[-1]["content"].removeprefix("Answer: ")
        assert f"* Thing {number}, ${5 + number}.00: {label}" in shown(task)


def test_what_was_chosen_stands_at_every_place_alike() -> None:
    answers: Counter[str] = Counter()
    for seed in range(1000):
        (task,) = choices.purchase(moment(record(12), seed=seed), catalog(), 2, 2)
        answers[task.messages[-1]["content"]] += 1
    assert len(answers) == 5
    assert all(150 < number < 250 for number in answers.values()), answers


def test_nobody_passes_over_what_they_own() -> None:
    past = [record(number) for number in range(0, 60, 6)]
    (task,) = choices.purchase(moment(record(72), past), catalog(), 5, 4)
    assert not {option.key for option in options(task).options} & {one["item"] for one in past}


def test_what_was_bought_before_is_not_asked_again() -> None:
    assert list(choices.purchase(moment(record(12), [record(3, item="B12")]), catalog(), 1, 1)) == []


def bought(number: int, **known: Any) -> dict[str, Any]:
    """A bare purchase of a product of its own."""
    return record(number, **{"platform": "purchases", "kind": "purchase", "text": "", "stars": None, **known})


def test_a_bare_purchase_is_asked_in_its_own_currency() -> None:
    (task,) = choices.purchase(moment(bought(12)), catalog(), 5, 4)
    assert Counter(task.meta["kinds"].values()) == {"chosen": 1, "hard": 5, "uniform": 4}
    assert any(line.startswith("* Thing 12, NT$17.00: ") for line in shown(task))
    assert "supermarket" in template_of(task.form, "purchases").rules


def test_what_is_bought_again_stands_among_other_things_that_they_had() -> None:
    past = [bought(number) for number in range(20)]
    (task,) = choices.purchase(moment(bought(30, item="B12"), past), catalog(), 5, 4)
    assert task.meta["answer"] == "B12"
    assert Counter(task.meta["kinds"].values()) == {"chosen": 1, "owned": 9}
    assert set(task.meta["kinds"]) <= {one["item"] for one in past}


def test_what_lies_in_the_same_basket_is_no_option() -> None:
    rows = [bought(number, time=number // 10) for number in range(20)] + [bought(20, item="B3", time=1)]
    (asked,) = [one for one in moments_of(rows, {"latest": PERSON}, MemoryBudget(99, 9), 99, 0) if not one.is_new]
    (task,) = choices.purchase(asked, catalog(), 5, 4)
    assert set(task.meta["kinds"]) == {f"B{number}" for number in range(10)}
    assert list(choices.purchase(asked, catalog(), 5, 5)) == [], "there are no more than nine others"


def test_too_small_a_catalog_makes_no_task() -> None:
    assert list(choices.purchase(moment(record(0)), catalog(1, 5), 5, 4)) == []
    assert len(list(choices.purchase(moment(record(0)), catalog(1, 5), 2, 2))) == 1


def test_a_product_that_the_catalog_lacks_is_told_as_the_record_has_it() -> None:
    (task,) = choices.purchase(moment(record(12, item="new", price=None)), catalog(), 0, 3)
    assert any(line.startswith("* Pot no. 12: ") for line in shown(task))


def test_its_price_does_not_give_a_product_away_that_the_catalog_lacks() -> None:
    plain = [Offer(f"N{n}", "Tea", f"Plain {n}", "", None, -1, 1) for n in range(30)]
    known = Catalog([*catalog().options, *plain])
    for hard, uniform in ((5, 0), (5, 4)):
        (task,) = choices.purchase(moment(record(12, item="new", price=18.0)), known, hard, uniform)
        near = [option.text for option in options(task).options if task.meta["kinds"][option.key] in ("chosen", "hard")]
        assert len(near) == 6
        assert all(", $" in text for text in near)


def test_stars_are_asked_before_and_after_hearing_what_they_say() -> None:
    stars, verdict = choices.stars(moment(record(0, stars=2.0, title="Meh")))
    for task in (stars, verdict):
        assert task.meta == {"answer": "2"}
        label = task.messages[-1]["content"].removeprefix("Answer: ")
        assert f"* 2 stars: {label}" in shown(task)
    assert "Meh" not in stars.messages[1]["content"]
    assert 'for $10.00. You say: "Meh"' in verdict.messages[1]["content"]


@pytest.mark.parametrize(("title", "said"), [("Five Stars", False), ("one star.", False), ("Five stars from me", True)])
def test_a_title_that_is_but_the_stars_is_not_told(title: str, said: bool) -> None:
    _, verdict = choices.stars(moment(record(0, title=title)))
    assert (title in verdict.messages[1]["content"]) is said
    assert ("word0" in verdict.messages[1]["content"]) is not said


def test_another_draw_has_other_options_in_another_order() -> None:
    first = moment(record(12))
    tasks = [next(choices.purchase(first._replace(draw=draw), catalog(), 5, 4)) for draw in range(3)]
    assert len({frozenset(task.meta["kinds"]) for task in tasks}) == 3
    assert {task.meta["answer"] for task in tasks} == {"B12"}


def test_a_share_of_questions_is_laid_out_in_other_ways_and_answered_alike() -> None:
    letters: Counter[str] = Counter()
    is_reversed: Counter[bool] = Counter()
    for seed in range(600):
        stars, _ = choices.stars(moment(record(0, stars=2.0), seed=seed)._replace(varied_share=0.5))
        label = stars.messages[-1]["content"].removeprefix("Answer: ")
        assert f"* 2 stars: {label}" in shown(stars)
        if asked(stars).presentation == PLAIN:
            assert label == "B"
        else:
            letters[shown(stars)[0][-1]] += 1
            is_reversed[shown(stars)[0].startswith("* 5 stars")] += 1
    assert 240 < letters.total() < 360
    assert len(letters) == 26
    assert min(is_reversed.values()) > 90


def test_a_reply_is_asked_of_what_they_answered_and_of_what_they_passed_by() -> None:
    threads = catalog()
    threads = type(threads)([one._replace(text=f"Said {one.key}") for one in threads.options])
    yes, no = choices.reply(moment(comment(4)), threads)
    assert (yes.meta["answer"], no.meta["answer"]) == ("yes", "no")
    assert "Do you like it, 4?" in yes.messages[1]["content"]
    assert "Said B" in no.messages[1]["content"]
    assert asked(yes).seed != asked(no).seed


def test_a_reply_is_not_asked_where_nothing_was_passed_by() -> None:
    assert list(choices.reply(moment(comment(4)), Catalog([]))) == []


def test_a_reply_to_what_has_neither_place_nor_title_is_asked_without_them() -> None:
    tweets = Catalog([one._replace(place="", title="", text=f"Said {one.key}") for one in catalog().options])
    for task in choices.reply(moment(comment(4, platform="microblog", place="", title="")), tweets):
        assert "You come across this:\n" in task.messages[1]["content"]


def test_a_thread_without_a_title_is_told_by_its_place() -> None:
    yes, _ = choices.reply(moment(comment(4, title="")), catalog())
    assert "In Tea you come across this:\n" in yes.messages[1]["content"]
    (answer,) = texts.written(moment(comment(4, title="")), 300)
    assert "In Tea, somebody wrote:\n" in answer.messages[1]["content"]


@pytest.mark.parametrize("form", ["purchase", "thread", "reply"])
def test_other_kinds_of_records_are_not_asked(form: str) -> None:
    row = {"purchase": comment(1), "thread": record(1), "reply": record(1)}[form]
    extra: Sequence[Any] = () if form == "reply" else (1, 1)
    assert list(getattr(choices, form)(moment(row), catalog(), *extra)) == []


def test_the_question_can_be_put_again_to_anybody() -> None:
    (task,) = choices.purchase(moment(record(12)), catalog(), 5, 4)
    question = question_of(asked(task), PERSON)
    form = question.form
    assert isinstance(form, Choose)
    first = form.options[shown_order(question)[0]]
    assert shown(task)[0] == f"* {first.text}: A"
    json.dumps(task.meta)
