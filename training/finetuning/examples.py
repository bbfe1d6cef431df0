"""Tasks as token ids: exactly the prompts of a simulation, with what the person did as the only target."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from transformers import GenerationConfig

from agents.minds.tokenizer import PromptTokenizer
from sandbox.errors import DataError
from sandbox.files import hash_file
from sandbox.prompting.render import Prompt
from training.tasks.decision_points import stable_hash

LEAD = "Answer:"
IGNORED = -100
"""PyTorch's label for a token that is not a target."""


class TaskRow(msgspec.Struct):
    """The fields of a line of `tasks/<split>.jsonl` that training needs."""

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


def read_rows(path: Path) -> Iterator[TaskRow]:
    """Yield the lines of a file of tasks.

    Raises:
        DataError: The file is missing, or a line is not a chat that ends with an answer.
    """
    if not path.is_file():
        raise DataError(f"there are no tasks at {path}; make them with `python -m training corpus`")
    decoder = msgspec.json.Decoder(TaskRow)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = decoder.decode(line)
            except msgspec.DecodeError as error:
                raise DataError(f"{path}, line {number}: {error}; rebuild the corpus, or delete the line") from error
            if not _is_chat(row.messages):
                raise DataError(
                    f"{path}, line {number}: a chat has an optional system message, then user and assistant, none of "
                    "them empty; rebuild the corpus, or delete the line"
                )
            yield row


def tasks_hash(corpus: Path, name: str) -> str:
    """Return the SHA-256 of the tasks of a split."""
    path = corpus / "tasks" / f"{name}.jsonl"
    if not path.is_file():
        raise DataError(f"there are no tasks at {path}; make them with `python -m training corpus`")
    return hash_file(path)


def check_end_token(tokenizer: Any, base: str) -> None:
    """Raise `DataError` if training would teach another end of text than the one that the base model uses."""
    try:
        model_ends = GenerationConfig.from_pretrained(base).eos_token_id
    except OSError:  # the model has no generation config
        return
    ends = [model_ends] if isinstance(model_ends, int) else model_ends or [tokenizer.eos_token_id]
    if tokenizer.eos_token_id not in ends:
        raise DataError(
            f"the tokenizer of {base} ends a text with {tokenizer.eos_token!r}, the model with "
            f"{', '.join(map(repr, tokenizer.convert_ids_to_tokens(ends)))}; fix eos_token in tokenizer_config.json, "
            "or prepare a known model again with the pinned transformers"
        )


def draw_mixture(rows: Sequence[TaskRow], mixture: Mapping[str, int | None], seed: int) -> list[TaskRow]:
    """Draw at most the given number of rows of each form, in an order set by the seed; other forms are left out."""
    ordered = sorted(
        rows, key=lambda row: stable_hash(seed, row.form, row.user, row.record, row.messages[-2]["content"])
    )
    counts: Counter[str] = Counter()
    sample: list[TaskRow] = []
    for row in ordered:
        most = mixture.get(row.form, 0)
        if most is None or counts[row.form] < most:
            counts[row.form] += 1
            sample.append(row)
    return sample


def list_unnamed_forms(rows: Iterable[TaskRow], mixture: Mapping[str, int | None]) -> dict[str, int]:
    """Return the number of rows of each form that a mixture does not name, not even to leave it out."""
    return dict(sorted(Counter(row.form for row in rows if row.form not in mixture).items()))


def encode_rows(rows: Sequence[TaskRow], tokenizer: PromptTokenizer) -> list[Example]:
    """Return rows as examples, with prompt and answer tokenized separately, as an engine sees them."""
    leads = [LEAD if _is_choice(row) else "" for row in rows]
    prompts = [_task_prompt(row, lead) for row, lead in zip(rows, leads, strict=True)]
    encoder: Any = tokenizer.tokenizer
    texts = [_task_answer(row).removeprefix(lead) for row, lead in zip(rows, leads, strict=True)]
    answers: list[list[int]] = encoder(texts, add_special_tokens=False)["input_ids"] if texts else []
    ends = [[] if lead else [encoder.eos_token_id] for lead in leads]
    parts = zip(rows, tokenizer.encode(prompts) if prompts else [], answers, ends, strict=True)
    return [Example(row.form, prompt, answer + end) for row, prompt, answer, end in parts]


def drop_long_examples(examples: Sequence[Example], most: int, most_answer: int) -> list[Example]:
    """Return the examples that are not too long; one that is cut would teach the model to stop anywhere."""
    return [example for example in examples if len(example.input_ids) <= most and len(example.answer) <= most_answer]


def _is_chat(messages: Sequence[Mapping[str, str]]) -> bool:
    roles = [message.get("role") for message in messages]
    is_complete = all(message.get("content") for message in messages)
    return is_complete and roles in (["user", "assistant"], ["system", "user", "assistant"])


def _is_choice(row: TaskRow) -> bool:
    """Return whether a task is a choice of the sandbox, which has a system prompt and an answer with a lead."""
    return row.messages[0]["role"] == "system" and _task_answer(row).startswith(f"{LEAD} ")


def _task_answer(row: TaskRow) -> str:
    return row.messages[-1]["content"]


def _task_prompt(row: TaskRow, lead: str) -> Prompt:
    system = row.messages[0]["content"] if row.messages[0]["role"] == "system" else ""
    return Prompt(system, row.messages[-2]["content"], lead)
