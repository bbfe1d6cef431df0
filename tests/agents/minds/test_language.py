"""People who answer with a language model, over a scripted engine: no model is needed to test what we do with it."""

from collections.abc import Callable, Mapping, Sequence
from math import exp, inf, log
from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import BaseModel, Field
from scipy import stats

from agents.cache import AnswerCache
from agents.minds.language import Engine, Job, LanguageMind, Raw, Sampling, label_weights, repeats, strip_text
from agents.prompt import render
from sandbox.mind import Context, shown_order
from sandbox.question import Choose, Fill, Question, Write, check_answers
from tests.conftest import question

SAMPLING = Sampling(temperature=1.0, text_temperature=0.8, top_p=1.0, min_p=0.05)


class Plan(BaseModel):
    """A form to fill."""

    hours: int = Field(ge=0, le=9)


class Scripted(Engine):
    """Answers every job by a function, and remembers the batches."""

    def __init__(self, reply: Callable[[Job], Raw | None]) -> None:
        self.reply = reply
        self.batches: list[list[Job]] = []

    def generate(self, jobs: Sequence[Job]) -> list[Raw | None]:
        self.batches.append(list(jobs))
        return [self.reply(job) for job in jobs]

    def model(self, voice: str) -> str:
        return f"scripted+{voice}"

    def describe(self) -> dict[str, Any]:
        return {}


class Mind(LanguageMind):
    """A language mind with a name."""

    name = "scripted"

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        raise NotImplementedError


def mind(reply: Callable[[Job], Raw | None], cache: AnswerCache | None = None, **sampling: float) -> Mind:
    return Mind(Scripted(reply), SAMPLING.model_copy(update=sampling), cache)


def batches(one: Mind) -> list[list[Job]]:
    assert isinstance(one.engine, Scripted)
    return one.engine.batches


def likes(label: str) -> Raw:
    """Log-probabilities that favour one label of three."""
    return Raw(tuple(log(0.8) if letter == label else log(0.1) for letter in "ABC"))


def test_a_choice_is_drawn_from_the_labels_probabilities() -> None:
    answers = mind(lambda _: likes("A")).answer([question(seed=seed * 7919) for seed in range(3000)])
    first = sum(answer.position == 0 for answer in answers)
    assert stats.binomtest(first, 3000, 0.8).pvalue > 1e-3


def test_probabilities_are_logged_in_declared_order() -> None:
    asked = [question(seed=seed) for seed in range(50)]
    for one, answer in zip(asked, mind(lambda _: likes("B")).answer(asked), strict=True):
        assert answer.probs is not None
        assert answer.probs[shown_order(one)[1]] == pytest.approx(0.8)
        assert sum(answer.probs) == pytest.approx(1)


def test_temperature_sharpens_a_choice() -> None:
    assert label_weights([0.0, log(0.5)], 1.0) == pytest.approx([1, 0.5])
    assert label_weights([0.0, log(0.5)], 0.5) == pytest.approx([1, 0.25])
    assert label_weights([-inf, -1.0], 1.0) == [0.0, 1.0]
    assert label_weights([-inf, -inf], 1.0) is None
    assert label_weights([-1000.0, -1001.0], 1.0) == pytest.approx([1, exp(-1)])


def test_a_choice_without_probabilities_is_a_fallback() -> None:
    answers = mind(lambda _: Raw((-inf, -inf, -inf))).answer([question()])
    assert (answers[0].source, answers[0].retried) == ("fallback", True)
    answers = mind(lambda _: None).answer([question(), question(Write(5)), question(Fill(Plan))])
    assert [answer.source for answer in answers] == ["fallback"] * 3


@pytest.mark.parametrize(
    ("raw", "text", "cut"),
    [
        ("  Great tea.  ", "Great tea.", False),
        ('"Great tea."', "Great tea.", False),
        ("Sure, here is my review: Great tea.", "Great tea.", False),
        ("Here's a short review:\nGreat tea.", "Great tea.", False),
        ("Great\n  tea.", "Great tea.", False),
        ("This is it: a lamp.", "This is it: a lamp.", False),
        ("One two three. Four five six seven", "One two three.", True),
        ("one two three four five six seven", "one two three four five", True),
        ("", "", False),
    ],
)
def test_text_is_stripped_to_what_was_asked(raw: str, text: str, cut: bool) -> None:
    assert strip_text(raw, 5) == (text, cut)


def test_text_that_repeats_its_prompt_is_asked_again_with_another_seed() -> None:
    said = iter(["It is noon. What do you drink?", "A pot of tea."])
    one = mind(lambda _: Raw(text=next(said)))
    answer = one.answer([question(Write(8))])[0]
    assert (answer.value, answer.source, answer.retried) == ("A pot of tea.", "model", True)
    assert batches(one)[0][0].seed != batches(one)[1][0].seed


def test_text_that_stays_unusable_is_a_fallback() -> None:
    one = mind(lambda _: Raw(text="  "))
    answer = one.answer([question(Write(8))])[0]
    assert (answer.value, answer.source, answer.retried) == ("", "fallback", True)
    assert len(batches(one)) == 2


def test_short_text_may_stand_in_the_prompt() -> None:
    assert not repeats("noon", render(question()))
    assert repeats("it is NOON. what do you drink?", render(question()))


def test_text_at_its_bound_is_marked_as_truncated() -> None:
    answer = mind(lambda _: Raw(text="A pot of", finished=False)).answer([question(Write(8))])[0]
    assert answer.truncated


def test_forms_are_filled_or_fall_back_to_legal_values() -> None:
    asked = [question(Fill(Plan))]
    assert mind(lambda _: Raw(text='{"hours": 3}')).answer(asked)[0].value == {"hours": 3}
    for bad in ('{"hours": 99}', "no json"):
        answers = mind(lambda _, bad=bad: Raw(text=bad)).answer(asked)
        assert answers[0].source == "fallback"
        check_answers(asked, answers)


def by_prompt(job: Job) -> Raw:
    """A pure engine: another prompt, other probabilities."""
    weight = (sum(job.prompt.user.encode()) % 17 + 1) / 20
    return Raw((log(weight), log((1 - weight) / 2), log((1 - weight) / 2)), text=f"words {weight}")


def crowd() -> list[Question]:
    return [
        question(Write(9) if i % 3 == 0 else None, agent=i, seed=i * 7919, facts={"time": str(i)}) for i in range(30)
    ]


def test_answers_do_not_depend_on_the_batch() -> None:
    asked = crowd()
    together = mind(by_prompt).answer(asked)
    assert mind(by_prompt).answer(asked[::-1])[::-1] == together
    assert [mind(by_prompt).answer([one])[0] for one in asked] == together


def test_a_second_run_asks_the_model_nothing(tmp_path: Path) -> None:
    asked = crowd()
    first = mind(by_prompt, AnswerCache(tmp_path / "a.sqlite")).answer(asked)
    second = mind(by_prompt, AnswerCache(tmp_path / "a.sqlite"))
    answers = second.answer(asked)
    assert batches(second) == []
    assert {answer.source for answer in answers} == {"cache"}
    assert [(one.value, one.probs, one.position) for one in answers] == [
        (one.value, one.probs, one.position) for one in first
    ]


@pytest.mark.parametrize(
    ("change", "sampling"),
    [
        ({"replicate": "main/1"}, {}),
        ({"seed": 12}, {}),
        ({"voice": "tuned"}, {}),
        ({"facts": {"time": "one"}}, {}),
        ({"form": Write(10)}, {}),
        ({}, {"text_temperature": 0.9}),
    ],
)
def test_replicates_seeds_voices_prompts_forms_and_sampling_never_share_an_entry(
    tmp_path: Path, change: dict[str, Any], sampling: dict[str, float]
) -> None:
    cache = AnswerCache(tmp_path / "a.sqlite")
    mind(by_prompt, cache).answer([question(Write(9))])
    other = mind(by_prompt, cache, **sampling)
    other.answer([question(**{"form": Write(9), **change})])
    assert len(batches(other)) == 1


def test_fallbacks_are_not_cached(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "a.sqlite")
    assert mind(lambda _: None, cache).answer([question()])[0].source == "fallback"
    assert mind(by_prompt, cache).answer([question()])[0].source == "model"


def test_the_choice_form_is_checked_by_its_own_labels() -> None:
    asked = question()
    assert isinstance(asked.form, Choose)
    one = mind(by_prompt)
    one.answer([asked])
    assert batches(one)[0][0].labels == "ABC"
    assert batches(one)[0][0].max_tokens == 1
