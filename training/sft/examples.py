"""Tasks as token ids: exactly the prompts of a simulation, and what the person did as the only thing to be learnt."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from datasets import Dataset, concatenate_datasets
from transformers import GenerationConfig
from trl.data_utils import pack_dataset

from agents.minds.text import Tokens
from agents.prompt import Prompt
from sandbox.errors import DataError
from training.tasks.moments import hashed

LEAD = "Answer:"
IGNORED = -100
"""Label of a token that is not to be learnt, as PyTorch has it."""


class Row(msgspec.Struct):
    """What is read of a line of `tasks/<split>.jsonl`."""

    messages: list[dict[str, str]]
    form: str
    user: str
    record: str = ""


class Example(NamedTuple):
    """One chat as tokens."""

    form: str
    prompt: list[int]
    answer: list[int]

    @property
    def input_ids(self) -> list[int]:
        """Prompt and answer."""
        return self.prompt + self.answer

    @property
    def labels(self) -> list[int]:
        """The answer; the prompt is ignored."""
        return [IGNORED] * len(self.prompt) + self.answer


def read_rows(path: Path) -> Iterator[Row]:
    """Lines of a file of tasks.

    Raises:
        DataError: The file is missing, or a line is no chat that ends with an answer.
    """
    if not path.is_file():
        raise DataError(f"there are no tasks at {path}; make them with `python -m training corpus`")
    decoder = msgspec.json.Decoder(Row)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = decoder.decode(line)
            except msgspec.DecodeError as error:
                raise DataError(f"{path}, line {number}: {error}; make the corpus again, or drop the line") from error
            if not _is_chat(row.messages):
                raise DataError(
                    f"{path}, line {number}: a chat is user and assistant, maybe system first, none of them empty; "
                    "make the corpus again, or drop the line"
                )
            yield row


def tasks_hash(corpus: Path, name: str) -> str:
    """SHA-256 of the tasks of a split."""
    path = corpus / "tasks" / f"{name}.jsonl"
    if not path.is_file():
        raise DataError(f"there are no tasks at {path}; make them with `python -m training corpus`")
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def check_end(tokenizer: Any, base: str) -> None:
    """Raise `DataError` where texts would be taught to end otherwise than the base ends them."""
    try:
        known = GenerationConfig.from_pretrained(base).eos_token_id
    except OSError:  # it does not say
        return
    ends = [known] if isinstance(known, int) else known or [tokenizer.eos_token_id]
    if tokenizer.eos_token_id not in ends:
        raise DataError(
            f"the tokenizer of {base} ends a text with {tokenizer.eos_token!r}, the model with "
            f"{', '.join(map(repr, tokenizer.convert_ids_to_tokens(ends)))}; mend eos_token in tokenizer_config.json, "
            "or prepare a known model again with the pinned transformers"
        )


def drawn(rows: Sequence[Row], mixture: Mapping[str, int | None], seed: int) -> list[Row]:
    """At most so many rows of each form, in an order that the seed makes; forms that are not named are left out."""
    ordered = sorted(rows, key=lambda row: hashed(seed, row.form, row.user, row.record, row.messages[-2]["content"]))
    taken: Counter[str] = Counter()
    kept: list[Row] = []
    for row in ordered:
        most = mixture.get(row.form, 0)
        if most is None or taken[row.form] < most:
            taken[row.form] += 1
            kept.append(row)
    return kept


def encoded(rows: Sequence[Row], tokens: Tokens) -> list[Example]:
    """Rows as examples, prompts and answers apart, as an engine meets them."""
    leads = [LEAD if _is_choice(row) else "" for row in rows]
    prompts = [_prompt(row, lead) for row, lead in zip(rows, leads, strict=True)]
    tokenizer: Any = tokens.tokenizer
    texts = [_answer(row).removeprefix(lead) for row, lead in zip(rows, leads, strict=True)]
    answers: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
    ends = [[] if lead else [tokenizer.eos_token_id] for lead in leads]
    parts = zip(rows, tokens.encode(prompts) if prompts else [], answers, ends, strict=True)
    return [Example(row.form, prompt, answer + end) for row, prompt, answer, end in parts]


def fitting(examples: Sequence[Example], most: int, most_answer: int) -> list[Example]:
    """Examples that are not too long; an example that is cut would teach to stop anywhere."""
    return [one for one in examples if len(one.input_ids) <= most and len(one.answer) <= most_answer]


def packed(examples: Sequence[Example], first: Collection[str], length: int, seed: int) -> Dataset:
    """Examples in rows of at most `length` tokens, as many whole ones in each as fit (best fit decreasing).

    Args:
        examples: None is longer than `length`.
        first: Forms whose rows come before those of all others.
        length: Of a row, in tokens.
        seed: Of the order of rows, of those that come first and of the others apart.
    """
    early, late = ([one for one in examples if (one.form in first) is which] for which in (True, False))
    return concatenate_datasets([_rows(part, length).shuffle(seed=seed) for part in (early, late) if part])


def _rows(examples: Sequence[Example], length: int) -> Dataset:
    known = {"input_ids": [one.input_ids for one in examples], "labels": [one.labels for one in examples]}
    return pack_dataset(Dataset.from_dict(known), length, "bfd")


def _is_chat(messages: Sequence[Mapping[str, str]]) -> bool:
    roles = [message.get("role") for message in messages]
    is_whole = all(message.get("content") for message in messages)
    return is_whole and roles in (["user", "assistant"], ["system", "user", "assistant"])


def _is_choice(row: Row) -> bool:
    """Whether it is a choice of the sandbox: those have rules, and an answer that is led in."""
    return row.messages[0]["role"] == "system" and _answer(row).startswith(f"{LEAD} ")


def _answer(row: Row) -> str:
    return row.messages[-1]["content"]


def _prompt(row: Row, lead: str) -> Prompt:
    system = row.messages[0]["content"] if row.messages[0]["role"] == "system" else ""
    return Prompt(system, row.messages[-2]["content"], lead)
