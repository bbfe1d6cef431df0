"""Rule and random minds, the router, and the assignment of minds to agents."""

from collections.abc import Mapping, Sequence
from operator import eq
from typing import Any, Literal, Self

import numpy as np
import pytest
from pydantic import BaseModel, Field
from scipy import stats

from sandbox.core.answer import Answer
from sandbox.core.answering import display_order
from sandbox.core.assignment import Assignment, MindRouter
from sandbox.core.form import Choose, Fill, Option, Write
from sandbox.core.mind import Mind, MindContext, RandomMind, RuleMind
from sandbox.core.question import Question, check_answer
from sandbox.errors import ConfigError, ContractError
from tests.conftest import make_question


class Trip(BaseModel):
    """A form with every kind of field."""

    days: int = Field(ge=2, le=9)
    cost: float = Field(gt=0, lt=100)
    by: Literal["train", "car"]
    alone: bool
    notes: list[str]


class TeaMind(Mind):
    """Answers `tea`, and records its batches."""

    def __init__(self, name: str, adapters: Sequence[str] = ()) -> None:
        self.name, self._adapters = name, tuple(adapters)
        self.batches: list[list[int]] = []

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        raise NotImplementedError

    def adapter_names(self) -> tuple[str, ...]:
        return self._adapters

    def answer(self, questions: Sequence[Question[Any]]) -> list[Answer]:
        self.batches.append([question.agent for question in questions])
        return [Answer("tea", "model", mind=f"{self.name}:{question.agent}") for question in questions]


def test_random_answers_are_legal_for_every_form() -> None:
    mind = RandomMind()
    for seed in range(300):
        for form in (None, Write(5), Fill(Trip)):
            question = make_question(form, seed=seed)
            check_answer(question, mind.answer([question])[0])


def test_random_choices_are_uniform() -> None:
    answers = RandomMind().answer([make_question(seed=seed * 7919) for seed in range(3000)])
    counts = [sum(answer.value == key for answer in answers) for key in ("tea", "coffee", "water")]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_another_salt_draws_other_answers_to_the_same_questions() -> None:
    questions = [make_question(seed=seed * 7919) for seed in range(3000)]
    plain, *salted = ([answer.value for answer in RandomMind(salt).answer(questions)] for salt in (0, 1, 1, 2))
    assert plain == [answer.value for answer in RandomMind().answer(questions)]
    assert salted[0] == salted[1]
    for values in (plain, salted[2]):
        agreements = sum(map(eq, salted[0], values))
        assert stats.binomtest(agreements, 3000, 1 / 3).pvalue > 1e-3, "draws of two salts are independent"
    for form in (Write(500), Fill(Trip)):
        first, second = (RandomMind(salt).answer([make_question(form)])[0].value for salt in (1, 2))
        assert first != second


@pytest.mark.parametrize("settings", [{"salt": -1}, {"slat": 1}])
def test_a_random_mind_refuses_settings_that_it_does_not_have(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="mind=random"):
        RandomMind.check(settings, "")


def test_a_rules_weights_are_the_probabilities_of_its_answers() -> None:
    mind = RuleMind({"drink": lambda _: [1, 3, 0]})
    answers = mind.answer([make_question(seed=seed * 7919) for seed in range(2000)])
    assert {answer.probs for answer in answers} == {(0.25, 0.75, 0.0)}
    assert stats.binomtest(sum(answer.value == "tea" for answer in answers), 2000, 0.25).pvalue > 1e-3


def test_the_position_and_index_of_the_chosen_option_are_recorded() -> None:
    mind = RandomMind()
    for seed in range(50):
        question = make_question(seed=seed)
        answer = mind.answer([question])[0]
        assert isinstance(question.form, Choose)
        assert answer.position is not None
        assert answer.index is not None
        assert answer.index == display_order(question)[answer.position]
        assert question.form.options[answer.index].key == answer.value


def test_an_ordered_choice_is_displayed_in_its_order() -> None:
    options = tuple(Option(str(i)) for i in range(6))
    orders = [display_order(make_question(Choose(options, ordered=True), seed=seed)) for seed in range(20)]
    assert orders == [list(range(6))] * 20
    assert len({tuple(display_order(make_question(Choose(options), seed=seed))) for seed in range(20)}) > 10


def test_an_answer_depends_on_the_question_alone() -> None:
    questions = [make_question(seed=seed, agent=seed) for seed in range(40)]
    for mind in (RandomMind(), RuleMind({"drink": lambda question: [1, 2, question.agent]})):
        answers = mind.answer(questions)
        assert mind.answer(questions[::-1])[::-1] == answers
        assert [mind.answer([question])[0] for question in questions] == answers


def test_a_template_without_a_rule_is_named() -> None:
    with pytest.raises(ContractError, match=r"test/drink has no rule; add 'drink' to the world's `rules`"):
        RuleMind({"eat": lambda _: [1.0]}).answer([make_question()])


@pytest.mark.parametrize("weights", [[0.0, 0.0, 0.0], [-1.0, 2.0, 1.0], [float("nan"), 1.0, 1.0], [float("inf"), 1, 1]])
def test_impossible_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(
        ContractError, match="test/drink: weights of options must be finite, not negative and not all 0"
    ):
        RuleMind({"drink": lambda _: weights}).answer([make_question()])


def test_a_rule_may_return_numpy_weights_and_filled_models() -> None:
    [answer] = RuleMind({"drink": lambda _: list(np.array([1.0, 1.0, 2.0]))}).answer([make_question()])
    assert answer.probs == (0.25, 0.25, 0.5)
    assert all(type(prob) is float for prob in answer.probs or ())
    trip = Trip(days=3, cost=5, by="car", alone=True, notes=[])
    question = make_question(Fill(Trip))
    [filled] = RuleMind({"drink": lambda _: trip}).answer([question])
    assert question.result(filled) == trip


def test_a_rule_must_weigh_every_option() -> None:
    with pytest.raises(ContractError, match=r"test/drink: a rule answers a Choose with a weight for every option"):
        RuleMind({"drink": lambda _: [1.0, 2.0]}).answer([make_question()])


def test_the_router_gives_each_mind_one_batch_and_keeps_the_order() -> None:
    default, extra = TeaMind("main", ["tuned"]), TeaMind("extra")
    router = MindRouter(default, {"ruled": extra})
    minds = ["", "ruled", "tuned", "main", "ruled", ""]
    answers = router.answer([make_question(agent=agent, mind=mind) for agent, mind in enumerate(minds)])
    assert default.batches == [[0, 2, 3, 5]]
    assert extra.batches == [[1, 4]]
    assert [answer.mind for answer in answers] == ["main:0", "extra:1", "main:2", "main:3", "extra:4", "main:5"]


def test_two_minds_cannot_have_one_name() -> None:
    with pytest.raises(ConfigError, match="two minds are called 'tuned'"):
        MindRouter(TeaMind("main", ["tuned"]), {"tuned": TeaMind("extra")})


def test_an_assignment_mixes_minds_by_share_and_by_agent() -> None:
    assignment = Assignment({"buyer": {"a": 0.25, "b": 0.75}, "seller": "a"}, ["a", "b"])
    minds = [assignment.mind_of("buyer", seed * 7919) for seed in range(4000)]
    assert stats.binomtest(minds.count("a"), 4000, 0.25).pvalue > 1e-3
    assert assignment.mind_of("seller", 1) == "a"
    assert assignment.mind_of("stranger", 1) == ""


def test_an_assignment_names_what_is_wrong() -> None:
    unknown_mind = r"assignment\.buyer: unknown mind 'tund'; there is tuned\. Did you mean 'tuned'"
    with pytest.raises(ConfigError, match=unknown_mind):
        Assignment({"buyer": "tund"}, ["tuned"])
    with pytest.raises(ConfigError, match="sum to 1"):
        Assignment({"buyer": {"a": 0.5, "b": 0.6}}, ["a", "b"])
