import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from agents.minds.tokenizer import PromptTokenizer
from sandbox.core.form import Form, Write, choose
from sandbox.errors import DataError
from sandbox.prompting.render import render
from tests.conftest import make_question
from training.finetuning.examples import (
    IGNORED,
    Example,
    TaskRow,
    draw_mixture,
    drop_long_examples,
    encode_rows,
    list_unnamed_forms,
    read_rows,
)
from training.tasks.forms import answer_text, prompt_messages

from .tiny import tiny_model


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PromptTokenizer:
    return PromptTokenizer(AutoTokenizer.from_pretrained(tiny_model(tmp_path_factory.mktemp("tiny"))), "tiny")


def task_row(form: Form, answer: str) -> TaskRow:
    """Return a task as the corpus writes it."""
    question = make_question(form)
    chat = [*prompt_messages(question), {"role": "assistant", "content": answer_text(question, answer)}]
    return TaskRow(chat, "choice" if not isinstance(form, Write) else "text", "u")


@pytest.mark.parametrize(
    ("form", "answer"), [(choose("tea", "coffee", "milk"), "milk"), (Write(20), "I like <|tea|>.")]
)
def test_training_uses_exactly_the_tokens_that_an_engine_sends(
    form: Form, answer: str, tokenizer: PromptTokenizer
) -> None:
    (example,) = encode_rows([task_row(form, answer)], tokenizer)
    assert example.prompt == tokenizer.encode([render(make_question(form))])[0]
    if isinstance(form, Write):
        assert tokenizer.tokenizer.decode(example.answer[:-1]) == answer
        assert example.answer[-1] == tokenizer.tokenizer.eos_token_id
    else:
        label = answer_text(make_question(form), answer).removeprefix("Answer: ")
        assert example.answer == [tokenizer.letter_ids["ABC".index(label)]]
    assert example.labels == [IGNORED] * len(example.prompt) + example.answer


def test_a_text_that_begins_like_a_choice_without_system_prompt_is_a_text(tokenizer: PromptTokenizer) -> None:
    chat = [{"role": "user", "content": "Say."}, {"role": "assistant", "content": "Answer: me"}]
    (example,) = encode_rows([TaskRow(chat, "type1", "u")], tokenizer)
    assert tokenizer.tokenizer.decode(example.answer[:-1]) == "Answer: me"


def test_the_mixture_draws_by_the_seed() -> None:
    rows = [TaskRow([{"role": "user", "content": f"{n}"}, {}], form, "u", str(n)) for n in range(50) for form in "abc"]
    sample = draw_mixture(rows, {"a": 5, "b": None}, 1)
    assert [sum(row.form == form for row in sample) for form in "abc"] == [5, 50, 0]
    assert draw_mixture(rows[::-1], {"a": 5, "b": None}, 1) == sample != draw_mixture(rows, {"a": 5, "b": None}, 2)


def test_a_form_that_the_mixture_does_not_name_is_listed() -> None:
    rows = [TaskRow([], form, "u") for form in ("a", "b", "c", "c")]
    assert list_unnamed_forms(rows, {"a": None, "b": 0}) == {"c": 2}


def test_what_is_too_long_is_left_out() -> None:
    examples = [Example("a", [1] * 5, [2] * size) for size in (1, 3, 9)]
    assert drop_long_examples(examples, 10, 3) == examples[:2]
    assert drop_long_examples(examples, 6, 9) == examples[:1]


USER, ASSISTANT = {"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}


@pytest.mark.parametrize(
    "messages",
    [[], [USER], [USER, {**ASSISTANT, "content": ""}], [{"content": "x"}, ASSISTANT], [USER, USER, ASSISTANT], "hi"],
)
def test_a_bad_line_is_named(messages: object, tmp_path: Path) -> None:
    rows = [{"form": "a", "user": "u", "messages": chat} for chat in ([USER, ASSISTANT], messages)]
    (tmp_path / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        list(read_rows(tmp_path / "train.jsonl"))


def test_a_corpus_without_tasks_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="python -m training corpus"):
        list(read_rows(tmp_path / "train.jsonl"))
