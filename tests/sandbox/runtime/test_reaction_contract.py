"""`check` refuses reactions that could not be measured, or that rule agents do not show."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from sandbox.core.form import STARS, Choose
from sandbox.core.question import Question
from sandbox.core.reaction import Reaction, VariedFact, change_facts, expected_number, grid, plain_fact
from sandbox.core.world import World
from sandbox.errors import ContractError
from sandbox.runtime.reaction_contract import check_reactions
from tests.conftest import make_question, profiles

HOURS = ("8", "12", "20")
STARS_BY_HOUR = Reaction(
    name="stars_by_hour",
    cause="the hour",
    effect="the stars given",
    template="drink",
    fact=plain_fact("time"),
    levels=grid(HOURS),
    outcome=expected_number(),
    outcome_label="expected stars",
    unit="stars per step",
    direction=1,
    source="invented",
)


def write_with_other_seed(question: Question[Any], value: Any) -> Question[Any]:
    changed = change_facts(question, {"time": value})
    return changed if value == "12" else make_question(STARS, facts=changed.facts, seed=1)


def lose_fact(question: Question[Any], _: Any) -> Question[Any]:
    return change_facts(question, {"time": "8"})


def world_with(*reactions: Reaction) -> type[World[Any]]:
    class Bar(World[Any]):
        prompts: ClassVar = {"preamble": "You are playing a person.", "drink": "It is {{ time }}. How was your drink?"}
        rules: ClassVar = {"drink": lambda question: [1.0, 1.0, 1.0, 1.0, 1.0 + int(question.facts["time"])]}

    Bar.reactions = reactions
    return Bar


QUESTIONS = [make_question(STARS, facts={"time": "12"}, profile=person) for person in profiles(4)]


def test_a_sound_reaction_passes() -> None:
    check_reactions(world_with(STARS_BY_HOUR), QUESTIONS)


@pytest.mark.parametrize(
    ("reaction", "message"),
    [
        (replace(STARS_BY_HOUR, fact=plain_fact("weather")), "applies to none of the 4 questions"),
        (replace(STARS_BY_HOUR, levels=grid(("8", "8"))), "two levels read the same in a prompt"),
        (
            replace(STARS_BY_HOUR, fact=VariedFact(lambda question: question.facts["time"], lose_fact)),
            "write must undo read",
        ),
        (
            replace(STARS_BY_HOUR, fact=VariedFact(lambda question: question.facts["time"], write_with_other_seed)),
            "a level changes more than facts and texts of options",
        ),
        (replace(STARS_BY_HOUR, direction=-1), "rule agents must show it"),
    ],
)
def test_an_unsound_reaction_is_refused(reaction: Reaction, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_reactions(world_with(reaction), QUESTIONS)


def test_texts_of_options_can_change_with_a_fact() -> None:
    changed = change_facts(QUESTIONS[0], {"time": "8"}, {4: "5 stars, so early"})
    assert isinstance(changed.form, Choose)
    assert [option.key for option in changed.form.options] == ["1", "2", "3", "4", "5"]
    assert changed.form.options[4].text == "5 stars, so early"
