"""Questions, forms and answers."""

from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

from sandbox.core.answer import Answer
from sandbox.core.form import STARS, Choose, Fill, Option, Write, choose, choose_among
from sandbox.core.memory import Event, Memory
from sandbox.core.question import Template, check_answer, check_answers, gather
from sandbox.errors import ContractError
from tests.conftest import make_question, profiles


class DayPlan(BaseModel):
    """A form to fill."""

    hours: int


def test_a_choice_needs_two_options_with_different_keys() -> None:
    for options in ((), ("a",), ("a", "a"), tuple(str(i) for i in range(27))):
        with pytest.raises(ContractError, match="test/drink: Choose needs 2 to 26 options with different keys"):
            make_question(choose(*options))


def test_the_result_of_an_answer_is_what_was_offered() -> None:
    class Cup:
        """Compared by identity."""

    cups = [Cup(), Cup()]
    form = choose_among(cups, key=lambda cup: f"cup {cups.index(cup)}", text=lambda _: "a cup", none=("none", ""))
    question = make_question(form)
    assert question.result(Answer("cup 1", "rule")) is cups[1]
    assert question.result(Answer("cup 1", "rule", index=1)) is cups[1]
    assert question.result(Answer("none", "rule")) is None
    assert make_question(STARS).result(Answer("4", "rule")) == 4
    assert make_question(choose("yes", "no")).result(Answer("no", "rule")) == "no"
    assert make_question(Write(3)).result(Answer("a b", "rule")) == "a b"
    assert make_question(Fill(DayPlan)).result(Answer({"hours": 3}, "rule")) == DayPlan(hours=3)


def test_the_objects_of_a_choice_are_not_part_of_what_is_asked() -> None:
    plain = make_question(choose("1", "2"))
    assert make_question(choose_among([1, 2], key=str, text=lambda _: "")).digest() == plain.digest()


def test_gathering_returns_results_in_the_order_of_the_questions() -> None:
    turn = gather([make_question(STARS, agent=1), make_question(STARS, agent=2)])
    assert [question.agent for question in next(turn)] == [1, 2]
    with pytest.raises(StopIteration) as end:
        turn.send([Answer("5", "rule"), Answer("1", "rule")])
    assert end.value.value == [5, 1]


def test_legal_answers_pass_and_illegal_ones_name_the_question() -> None:
    check_answer(make_question(), Answer("tea", "rule"))
    check_answer(make_question(Write(3)), Answer("a b c", "rule"))
    check_answer(make_question(Fill(DayPlan)), Answer({"hours": 3}, "rule"))
    for form, value in ((None, "beer"), (Write(3), "a b c d"), (Write(3), {"hours": 3}), (Fill(DayPlan), "3")):
        with pytest.raises(ContractError, match="test/drink, step 3, agent 7"):
            check_answer(make_question(form), Answer(value, "rule"))


def test_every_question_must_be_answered() -> None:
    with pytest.raises(ContractError, match="2 questions got 1 answers"):
        check_answers([make_question(), make_question(agent=8)], [Answer("tea", "rule")])


def test_the_digest_covers_all_that_is_asked_and_not_the_mind() -> None:
    memory = Memory()
    memory.add(Event(0, "tip", "Tea is good."))
    changes: tuple[dict[str, Any], ...] = (
        {"step": 4}, {"round": 2}, {"agent": 8}, {"seed": 1}, {"facts": {"time": "one"}}, {"role": "baker"},
        {"profile": profiles(2)[1]}, {"memory": memory.view()}, {"form": Choose((Option("tea"), Option("milk")))},
        {"form": Choose((Option("tea", "green"), Option("coffee"), Option("water")))},
        {"template": Template("test/drink", "You are playing a person.", "It is {{ time }}: what do you drink?")},
        {"template": Template("test/drink", "You play a person.", "It is {{ time }}. What do you drink?")},
    )  # fmt: skip
    digests = {make_question(**change).digest() for change in changes}
    assert len(digests) == len(changes)
    assert make_question().digest() not in digests
    assert make_question(mind="tuned").digest() == make_question().digest()


def test_the_digest_does_not_depend_on_the_order_of_facts() -> None:
    assert make_question(facts={"a": 1, "b": 2}).digest() == make_question(facts={"b": 2, "a": 1}).digest()


def test_a_digest_is_the_same_in_every_process() -> None:
    assert make_question().digest().hex() == "1543680fc422809258f8a216dbed0a89"


def test_questions_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        make_question().step = 5  # type: ignore[misc]
    assert msgspec.structs.replace(make_question(), step=5).step == 5
