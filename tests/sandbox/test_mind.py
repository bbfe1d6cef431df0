"""Rule and random minds, the panel of voices, and the cast."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import pytest
from pydantic import BaseModel, Field
from scipy import stats

from sandbox.errors import ConfigError
from sandbox.mind import Cast, Context, Mind, Panel, RandomMind, RuleMind, shown_order
from sandbox.question import Answer, Choose, Fill, Option, Question, Write, check_answer
from tests.conftest import question


class Trip(BaseModel):
    """A form with every kind of field."""

    days: int = Field(ge=2, le=9)
    cost: float = Field(gt=0, lt=100)
    by: Literal["train", "car"]
    alone: bool
    notes: list[str]


class Echo(Mind):
    """Answers `tea`, and remembers its batches."""

    def __init__(self, name: str, adapters: Sequence[str] = ()) -> None:
        self.name, self._adapters = name, tuple(adapters)
        self.batches: list[list[int]] = []

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        raise NotImplementedError

    def voices(self) -> tuple[str, ...]:
        return self._adapters

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        self.batches.append([one.agent for one in questions])
        return [Answer("tea", "model", voice=f"{self.name}:{one.agent}") for one in questions]


def test_random_answers_are_legal_for_every_form() -> None:
    mind = RandomMind()
    for seed in range(300):
        for form in (None, Write(5), Fill(Trip)):
            asked = question(form, seed=seed)
            check_answer(asked, mind.answer([asked])[0])


def test_random_choices_are_uniform() -> None:
    answers = RandomMind().answer([question(seed=seed * 7919) for seed in range(3000)])
    counts = [sum(answer.value == key for answer in answers) for key in ("tea", "coffee", "water")]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_a_rule_is_drawn_from_by_its_weights_and_logged() -> None:
    mind = RuleMind(lambda _: [1, 3, 0])
    answers = mind.answer([question(seed=seed * 7919) for seed in range(2000)])
    assert {answer.probs for answer in answers} == {(0.25, 0.75, 0.0)}
    assert stats.binomtest(sum(answer.value == "tea" for answer in answers), 2000, 0.25).pvalue > 1e-3


def test_the_place_of_the_chosen_option_is_logged() -> None:
    mind = RandomMind()
    for seed in range(50):
        asked = question(seed=seed)
        answer = mind.answer([asked])[0]
        assert isinstance(asked.form, Choose)
        assert answer.position is not None
        assert asked.form.options[shown_order(asked)[answer.position]].key == answer.value


def test_an_ordered_choice_is_shown_in_its_order() -> None:
    options = tuple(Option(str(i)) for i in range(6))
    orders = [shown_order(question(Choose(options, ordered=True), seed=seed)) for seed in range(20)]
    assert orders == [list(range(6))] * 20
    assert len({tuple(shown_order(question(Choose(options), seed=seed))) for seed in range(20)}) > 10


def test_an_answer_depends_on_the_question_alone() -> None:
    asked = [question(seed=seed, agent=seed) for seed in range(40)]
    for mind in (RandomMind(), RuleMind(lambda one: [1, 2, one.agent])):
        together = mind.answer(asked)
        assert mind.answer(asked[::-1])[::-1] == together
        assert [mind.answer([one])[0] for one in asked] == together


def test_the_panel_gives_each_mind_one_batch_and_keeps_the_order() -> None:
    main, other = Echo("main", ["tuned"]), Echo("other")
    panel = Panel(main, {"ruled": other})
    voices = ["", "ruled", "tuned", "main", "ruled", ""]
    answers = panel.answer([question(agent=place, voice=voice) for place, voice in enumerate(voices)])
    assert main.batches == [[0, 2, 3, 5]]
    assert other.batches == [[1, 4]]
    assert [answer.voice for answer in answers] == ["main:0", "other:1", "main:2", "main:3", "other:4", "main:5"]


def test_a_voice_has_one_owner() -> None:
    with pytest.raises(ConfigError, match="'tuned' is named twice"):
        Panel(Echo("main", ["tuned"]), {"tuned": Echo("other")})


def test_a_cast_mixes_voices_by_share_and_by_agent() -> None:
    cast = Cast({"buyer": {"a": 0.25, "b": 0.75}, "seller": "a"}, ["a", "b"])
    voices = [cast.voice("buyer", seed * 7919) for seed in range(4000)]
    assert stats.binomtest(voices.count("a"), 4000, 0.25).pvalue > 1e-3
    assert cast.voice("seller", 1) == "a"
    assert cast.voice("stranger", 1) == ""


def test_a_cast_names_what_is_wrong() -> None:
    with pytest.raises(ConfigError, match=r"cast\.buyer: unknown voice 'tund'; there is tuned\. Did you mean 'tuned'"):
        Cast({"buyer": "tund"}, ["tuned"])
    with pytest.raises(ConfigError, match="sum to 1"):
        Cast({"buyer": {"a": 0.5, "b": 0.6}}, ["a", "b"])
