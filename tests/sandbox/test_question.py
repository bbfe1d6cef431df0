"""Questions, forms and answers."""

from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

from sandbox.errors import ContractError
from sandbox.people import Event, Memory
from sandbox.question import Answer, Choose, Fill, Option, Template, Write, check_answer, check_answers, choose
from tests.conftest import people, question


class Plan(BaseModel):
    """A form to fill."""

    hours: int


def test_a_choice_needs_two_options_with_different_keys() -> None:
    for options in ((), ("a",), ("a", "a"), tuple(str(i) for i in range(27))):
        with pytest.raises(ContractError, match="Choose needs"):
            choose(*options)


def test_legal_answers_pass_and_illegal_ones_name_the_question() -> None:
    check_answer(question(), Answer("tea", "rule"))
    check_answer(question(Write(3)), Answer("a b c", "rule"))
    check_answer(question(Fill(Plan)), Answer({"hours": 3}, "rule"))
    for form, value in ((None, "beer"), (Write(3), "a b c d"), (Write(3), {"hours": 3}), (Fill(Plan), "3")):
        with pytest.raises(ContractError, match="test/drink, step 3, agent 7"):
            check_answer(question(form), Answer(value, "rule"))


def test_every_question_must_be_answered() -> None:
    with pytest.raises(ContractError, match="2 questions got 1 answers"):
        check_answers([question(), question(agent=8)], [Answer("tea", "rule")])


def test_the_digest_sees_all_that_is_asked_and_not_the_voice() -> None:
    memory = Memory()
    memory.add(Event(0, "tip", "Tea is good."))
    changes: tuple[dict[str, Any], ...] = (
        {"step": 4}, {"round": 2}, {"agent": 8}, {"seed": 1}, {"facts": {"time": "one"}}, {"role": "baker"},
        {"profile": people(2)[1]}, {"memory": memory.view()}, {"form": Choose((Option("tea"), Option("milk")))},
        {"form": Choose((Option("tea", "green"), Option("coffee"), Option("water")))},
        {"template": Template("test/drink", "You are playing a person.", "It is {{ time }}: what do you drink?")},
        {"template": Template("test/drink", "You play a person.", "It is {{ time }}. What do you drink?")},
    )  # fmt: skip
    digests = {question(**change).digest() for change in changes}
    assert len(digests) == len(changes)
    assert question().digest() not in digests
    assert question(voice="tuned").digest() == question().digest()


def test_the_digest_does_not_depend_on_the_order_of_facts() -> None:
    assert question(facts={"a": 1, "b": 2}).digest() == question(facts={"b": 2, "a": 1}).digest()


def test_a_digest_is_the_same_in_every_process() -> None:
    assert question().digest().hex() == "0b193ace9fdc24638a79c088a356af8a"


def test_questions_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        question().step = 5  # type: ignore[misc]
    assert msgspec.structs.replace(question(), step=5).step == 5
