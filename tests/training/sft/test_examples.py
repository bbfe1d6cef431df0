import json
from itertools import chain
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from agents.minds.text import Tokens
from agents.prompt import render
from sandbox.errors import DataError
from sandbox.question import Form, Write, choose
from tests.conftest import question
from training.sft.examples import IGNORED, Example, Row, drawn, encoded, fitting, packed, read_rows
from training.tasks.example import chat_of, said

from .tiny import tiny_model


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(AutoTokenizer.from_pretrained(tiny_model(tmp_path_factory.mktemp("tiny"))), "tiny")


def row(form: Form, answer: str) -> Row:
    """A task as the corpus writes it."""
    asked = question(form)
    chat = [*chat_of(asked), {"role": "assistant", "content": said(asked, answer)}]
    return Row(chat, "choice" if not isinstance(form, Write) else "text", "u")


@pytest.mark.parametrize(
    ("form", "answer"), [(choose("tea", "coffee", "milk"), "milk"), (Write(20), "I like <|tea|>.")]
)
def test_a_model_learns_from_the_very_tokens_that_an_engine_sends(form: Form, answer: str, tokens: Tokens) -> None:
    (made,) = encoded([row(form, answer)], tokens)
    assert made.prompt == tokens.encode([render(question(form))])[0]
    if isinstance(form, Write):
        assert tokens.tokenizer.decode(made.answer[:-1]) == answer
        assert made.answer[-1] == tokens.tokenizer.eos_token_id
    else:
        label = said(question(form), answer).removeprefix("Answer: ")
        assert made.answer == [tokens.labels["ABC".index(label)]]
    assert made.labels == [IGNORED] * len(made.prompt) + made.answer


def test_a_text_that_begins_like_a_choice_without_rules_is_a_text(tokens: Tokens) -> None:
    chat = [{"role": "user", "content": "Say."}, {"role": "assistant", "content": "Answer: me"}]
    (made,) = encoded([Row(chat, "type1", "u")], tokens)
    assert tokens.tokenizer.decode(made.answer[:-1]) == "Answer: me"


def test_forms_that_come_first_fill_rows_of_their_own() -> None:
    examples = [Example("ab"[number % 2], [number] * 3, [number]) for number in range(40)]
    rows = packed(examples, ["b"], 10, seed=1)["input_ids"]
    assert sorted(chain(*rows)) == sorted(chain(*(one.input_ids for one in examples)))
    forms = [{token % 2 for token in row} for row in rows]
    assert forms == [{1}] * 10 + [{0}] * 10
    assert max(map(len, rows)) <= 10
    assert rows != packed(examples, ["b"], 10, seed=2)["input_ids"]
    assert {0, 1} in [{token % 2 for token in row} for row in packed(examples, [], 10, seed=1)["input_ids"]]


def test_the_mixture_draws_by_the_seed() -> None:
    rows = [Row([{"role": "user", "content": f"{n}"}, {}], form, "u", str(n)) for n in range(50) for form in "abc"]
    some = drawn(rows, {"a": 5, "b": None}, 1)
    assert [sum(one.form == form for one in some) for form in "abc"] == [5, 50, 0]
    assert drawn(rows[::-1], {"a": 5, "b": None}, 1) == some != drawn(rows, {"a": 5, "b": None}, 2)


def test_what_is_too_long_is_left_out() -> None:
    examples = [Example("a", [1] * 5, [2] * size) for size in (1, 3, 9)]
    assert fitting(examples, 10, 3) == examples[:2]
    assert fitting(examples, 6, 9) == examples[:1]


ASKED, ANSWERED = {"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}


@pytest.mark.parametrize(
    "messages",
    [[], [ASKED], [ASKED, {**ANSWERED, "content": ""}], [{"content": "x"}, ANSWERED], [ASKED, ASKED, ANSWERED], "hi"],
)
def test_a_bad_line_is_named(messages: object, tmp_path: Path) -> None:
    rows = [{"form": "a", "user": "u", "messages": mine} for mine in ([ASKED, ANSWERED], messages)]
    (tmp_path / "train.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        list(read_rows(tmp_path / "train.jsonl"))


def test_a_corpus_without_tasks_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="python -m training corpus"):
        list(read_rows(tmp_path / "train.jsonl"))
