"""Language minds over an engine that follows a function: what we do with a model's output needs no model to test."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from math import exp, inf, log, nan
from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import BaseModel, Field
from scipy import stats

from agents.cache import AnswerCache
from agents.minds.language import Engine, Generation, Job, LanguageMind, Sampling, label_weights
from sandbox.core.answer import Answer
from sandbox.core.answering import display_order
from sandbox.core.form import Choose, Fill, Write
from sandbox.core.mind import MindContext
from sandbox.core.question import Question, check_answers
from sandbox.core.replicate import Replicate
from sandbox.errors import ContractError
from tests.conftest import make_question

SAMPLING = Sampling(temperature=1.0, text_temperature=0.8, top_p=1.0, min_p=0.05)


class ShoppingPlan(BaseModel):
    """A form to fill."""

    hours: int = Field(ge=0, le=9)


class Booking(BaseModel):
    """A form with constraints that a JSON schema cannot express completely."""

    name: str = Field(min_length=3, max_length=12)
    code: str = Field(pattern=r"^[A-Z]{2}-\d{3}$")
    day: date = Field(ge=date(2020, 1, 1), lt=date(2021, 1, 1))
    guests: tuple[int, str]


class ScriptedEngine(Engine):
    """Answers every job by a function and records the batches."""

    def __init__(self, reply: Callable[[Job], Generation | None]) -> None:
        self.reply = reply
        self.batches: list[list[Job]] = []

    def generate(self, jobs: Sequence[Job]) -> list[Generation | None]:
        self.batches.append(list(jobs))
        return [self.reply(job) for job in jobs]

    def model(self, adapter: str) -> str:
        return f"scripted+{adapter}"

    def describe(self) -> dict[str, Any]:
        return {}


class ScriptedMind(LanguageMind):
    """A language mind with a name."""

    name = "scripted"

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        raise NotImplementedError


def make_mind(
    reply: Callable[[Job], Generation | None], cache: AnswerCache | None = None, **sampling: float
) -> ScriptedMind:
    return ScriptedMind(ScriptedEngine(reply), SAMPLING.model_copy(update=sampling), cache)


def batches_of(mind: ScriptedMind) -> list[list[Job]]:
    assert isinstance(mind.engine, ScriptedEngine)
    return mind.engine.batches


def favour_label(label: str) -> Generation:
    """Return log-probabilities that favour one label of three."""
    return Generation(tuple(log(0.8) if letter == label else log(0.1) for letter in "ABC"))


def reply_by_prompt(job: Job) -> Generation:
    """Reply like a pure engine: another prompt, other probabilities."""
    weight = (sum(job.prompt.user.encode()) % 17 + 1) / 20
    return Generation((log(weight), log((1 - weight) / 2), log((1 - weight) / 2)), text=f"words {weight}")


def make_questions() -> list[Question]:
    return [
        make_question(Write(9) if i % 3 == 0 else None, agent=i, seed=i * 7919, facts={"time": str(i)})
        for i in range(30)
    ]


def decisions(answers: Sequence[Answer]) -> list[tuple[Any, ...]]:
    return [(answer.value, answer.probs, answer.position) for answer in answers]


def test_a_choice_is_drawn_from_the_labels_probabilities() -> None:
    answers = make_mind(lambda _: favour_label("A")).answer([make_question(seed=seed * 7919) for seed in range(3000)])
    num_first = sum(answer.position == 0 for answer in answers)
    assert stats.binomtest(num_first, 3000, 0.8).pvalue > 1e-3


def test_probabilities_are_logged_in_declared_order() -> None:
    questions = [make_question(seed=seed) for seed in range(50)]
    answers = make_mind(lambda _: favour_label("B")).answer(questions)
    for question, answer in zip(questions, answers, strict=True):
        assert answer.probs is not None
        assert answer.probs[display_order(question)[1]] == pytest.approx(0.8)
        assert sum(answer.probs) == pytest.approx(1)


def test_temperature_sharpens_a_choice() -> None:
    assert label_weights([0.0, log(0.5)], 1.0) == pytest.approx([1, 0.5])
    assert label_weights([0.0, log(0.5)], 0.5) == pytest.approx([1, 0.25])
    assert label_weights([-inf, -1.0], 1.0) == [0.0, 1.0]
    assert label_weights([-inf, -inf], 1.0) is None
    assert label_weights([-1000.0, -1001.0], 1.0) == pytest.approx([1, exp(-1)])
    assert label_weights([nan, -1.0], 1.0) is None
    assert label_weights([inf, -1.0], 1.0) is None


def test_an_answer_without_a_usable_generation_is_a_fallback() -> None:
    answers = make_mind(lambda _: Generation((-inf, -inf, -inf))).answer([make_question()])
    assert (answers[0].source, answers[0].retried) == ("fallback", True)
    questions = [make_question(), make_question(Write(5)), make_question(Fill(ShoppingPlan))]
    answers = make_mind(lambda _: None).answer(questions)
    assert [answer.source for answer in answers] == ["fallback"] * 3


def test_text_that_repeats_its_prompt_is_asked_again_with_another_seed() -> None:
    texts = iter(["It is noon. What do you drink?", "A pot of tea."])
    mind = make_mind(lambda _: Generation(text=next(texts)))
    answer = mind.answer([make_question(Write(8))])[0]
    assert (answer.value, answer.source, answer.retried) == ("A pot of tea.", "model", True)
    assert batches_of(mind)[0][0].seed != batches_of(mind)[1][0].seed


def test_a_retried_answer_costs_the_tokens_of_both_attempts() -> None:
    texts = iter(["", "A pot of tea."])
    mind = make_mind(lambda _: Generation(text=next(texts), prompt_tokens=7, cached_tokens=2, output_tokens=3))
    answer = mind.answer([make_question(Write(8))])[0]
    assert (answer.prompt_tokens, answer.cached_tokens, answer.output_tokens) == (14, 4, 6)


def test_thoughts_are_no_text_and_an_unfinished_one_is_no_answer() -> None:
    for text, expected in (
        ("<think>tea?</think>A pot.", "A pot."),
        ("tea?\n</think>\nA pot.", "A pot."),
        ("<think>tea", ""),
    ):
        mind = make_mind(lambda _, text=text: Generation(text=text))
        [answer] = mind.answer([make_question(Write(8))])
        assert (answer.value, answer.source) == (expected, "model" if expected else "fallback")
        assert answer.retried is not bool(expected)


def test_a_thought_that_an_earlier_version_cached_is_asked_again(tmp_path: Path) -> None:
    cache, question = AnswerCache(tmp_path / "answers.sqlite"), make_question(Write(8))
    mind = make_mind(lambda _: Generation(text="A pot."), cache)
    key = mind._cache_key(question, mind._make_job(question))
    cache.add({key: Answer("<think> Okay, the user", "model")})
    assert (mind.answer([question])[0].value, len(batches_of(mind))) == ("A pot.", 1)


def test_a_form_has_no_control_characters() -> None:
    question = make_question(Fill(Booking))
    text = '{"name": "A\\u001b[31mnna", "code": "AB-123", "day": "2020-05-01", "guests": [2, "B\\u0007ob"]}'
    [answer] = make_mind(lambda _: Generation(text=text)).answer([question])
    assert answer.value == {"name": "Anna", "code": "AB-123", "day": "2020-05-01", "guests": [2, "Bob"]}
    too_short = text.replace("nna", "n")
    assert make_mind(lambda _: Generation(text=too_short)).answer([question])[0].source == "fallback"


def test_text_that_stays_unusable_is_a_fallback() -> None:
    mind = make_mind(lambda _: Generation(text="  "))
    answer = mind.answer([make_question(Write(8))])[0]
    assert (answer.value, answer.source, answer.retried) == ("", "fallback", True)
    assert len(batches_of(mind)) == 2


def test_text_at_its_bound_is_marked_as_truncated() -> None:
    mind = make_mind(lambda _: Generation(text="A pot of", finished=False))
    assert mind.answer([make_question(Write(8))])[0].truncated


def test_forms_are_filled_or_fall_back_to_legal_values() -> None:
    questions = [make_question(Fill(ShoppingPlan))]
    assert make_mind(lambda _: Generation(text='{"hours": 3}')).answer(questions)[0].value == {"hours": 3}
    for invalid in ('{"hours": 99}', "no json"):
        answers = make_mind(lambda _, invalid=invalid: Generation(text=invalid)).answer(questions)
        assert answers[0].source == "fallback"
        check_answers(questions, answers)


def test_a_form_with_any_constraints_falls_back_to_legal_values_by_its_seed() -> None:
    questions = [make_question(Fill(Booking), seed=seed * 2**40) for seed in range(50)]
    answers = make_mind(lambda _: None).answer(questions)
    check_answers(questions, answers)
    assert {answer.source for answer in answers} == {"fallback"}
    bookings = [question.result(answer) for question, answer in zip(questions, answers, strict=True)]
    assert len({booking.model_dump_json() for booking in bookings}) > 40
    assert make_mind(lambda _: Generation(text="{}")).answer(questions[:1])[0].value == answers[0].value


def test_a_form_falls_back_to_the_values_that_it_brings() -> None:
    booking = Booking(name="nobody", code="XX-000", day=date(2020, 2, 29), guests=(0, "none"))
    question = make_question(Fill(Booking, fallback=booking))
    answers = make_mind(lambda _: None).answer([question])
    check_answers([question], answers)
    assert answers[0].source == "fallback"
    assert question.result(answers[0]) == booking


def test_a_form_that_nothing_satisfies_asks_for_a_fallback_of_its_own() -> None:
    class ImpossibleForm(BaseModel):
        digits: str = Field(pattern=r"^\d+$", min_length=3, max_length=1)

    with pytest.raises(ContractError, match=r"test/drink: no random instance of ImpossibleForm .* `fallback`"):
        make_mind(lambda _: None).answer([make_question(Fill(ImpossibleForm))])


def test_answers_do_not_depend_on_the_batch() -> None:
    questions = make_questions()
    answers = make_mind(reply_by_prompt).answer(questions)
    assert make_mind(reply_by_prompt).answer(questions[::-1])[::-1] == answers
    assert [make_mind(reply_by_prompt).answer([question])[0] for question in questions] == answers


def test_a_second_run_asks_the_model_nothing(tmp_path: Path) -> None:
    questions = make_questions()
    first_answers = make_mind(reply_by_prompt, AnswerCache(tmp_path / "a.sqlite")).answer(questions)
    mind = make_mind(reply_by_prompt, AnswerCache(tmp_path / "a.sqlite"))
    answers = mind.answer(questions)
    assert batches_of(mind) == []
    assert {answer.source for answer in answers} == {"cache"}
    assert {answer.prompt_tokens for answer in answers} == {0}
    assert decisions(answers) == decisions(first_answers)


@pytest.mark.parametrize(
    ("change", "sampling"),
    [
        ({"replicate": Replicate("main", 1)}, {}),
        ({"replicate": Replicate("control", 0)}, {}),
        ({"seed": 12}, {}),
        ({"mind": "tuned"}, {}),
        ({"facts": {"time": "one"}}, {}),
        ({"form": Write(10)}, {}),
        ({}, {"text_temperature": 0.9}),
    ],
)
def test_replicates_seeds_adapters_prompts_forms_and_sampling_never_share_an_entry(
    tmp_path: Path, change: dict[str, Any], sampling: dict[str, float]
) -> None:
    cache = AnswerCache(tmp_path / "a.sqlite")
    make_mind(reply_by_prompt, cache).answer([make_question(Write(9))])
    mind = make_mind(reply_by_prompt, cache, **sampling)
    mind.answer([make_question(**{"form": Write(9), **change})])
    assert len(batches_of(mind)) == 1


def test_fallbacks_are_not_cached(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "a.sqlite")
    assert make_mind(lambda _: None, cache).answer([make_question()])[0].source == "fallback"
    assert make_mind(reply_by_prompt, cache).answer([make_question()])[0].source == "model"


def test_a_choice_costs_one_token_and_has_a_label_for_each_option() -> None:
    question = make_question()
    assert isinstance(question.form, Choose)
    mind = make_mind(reply_by_prompt)
    mind.answer([question])
    assert batches_of(mind)[0][0].labels == "ABC"
    assert batches_of(mind)[0][0].max_tokens == 1
