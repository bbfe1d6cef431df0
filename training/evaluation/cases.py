"""Evaluation cases, read from a corpus and put to the person themselves or to a control in their place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from sandbox.core.form import Choose
from sandbox.core.memory import NO_MEMORY
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.core.seeds import permutation
from sandbox.errors import DataError
from sandbox.prompting.render import Prompt, one_line
from training.evaluation.config import Control
from training.panels.build import STAGE as PANELS
from training.pipeline.folders import Folders
from training.sources.platform import find_platform
from training.tasks.decision_points import NAME_TOKENS, stable_hash
from training.tasks.forms import TaskQuestion, build_question
from training.tasks.worlds import is_world_template

NOBODY = Profile(id="nobody", persona="")


class EvaluationCase(NamedTuple):
    """One held-out decision or text, in one of the sandbox's own forms."""

    form: str
    source: str
    platform: str
    user: str
    question: TaskQuestion
    answer: str
    """Key of the option that the person chose, or the text they wrote."""
    meta: Mapping[str, Any]
    is_new: bool = False
    """Whether it is about a product that no train user chose."""

    @property
    def is_choice(self) -> bool:
        """Whether it is a choice rather than a text."""
        return isinstance(self.question.form, Choose)


class ChatCase(NamedTuple):
    """One task in a form of the paper, which shows the person only through the words of its prompt."""

    form: str
    user: str
    prompt: Prompt
    answer: str
    """What the person wrote or chose, or what a language model wrote for a synthetic task."""


def option_keys(case: EvaluationCase) -> list[str]:
    """Return the keys of a choice's options, in declared order; empty for a text."""
    form = case.question.form
    return [option.key for option in form.options] if isinstance(form, Choose) else []


class TaskLine(msgspec.Struct):
    """The fields of a line of `tasks/<split>.jsonl` that an evaluation reads."""

    form: str
    source: str
    platform: str
    user: str
    record: str
    messages: list[dict[str, str]]
    question: str
    meta: str


def load_cases(path: Path, per_form: int, seed: int) -> list[EvaluationCase]:
    """Load up to `per_form` tasks of each of the sandbox's forms, sampled by hash.

    Raises:
        DataError: The file is missing or damaged.
    """
    lines = (line for line in _read_lines(path) if line.question)
    return [_parse_case(line) for line in _sample_lines(lines, per_form, lambda line: line.question, seed)]


def load_chats(path: Path, per_form: int, seed: int) -> list[ChatCase]:
    """Load up to `per_form` tasks of each of the paper's forms that real people's records answer, sampled by hash.

    Raises:
        DataError: The file is missing or damaged.
    """
    return _sample_chats((line for line in _read_lines(path) if line.record), per_form, seed)


def load_synthetic_chats(path: Path, per_form: int, seed: int) -> list[ChatCase]:
    """Load up to `per_form` tasks of each form whose answer a language model wrote, sampled by hash.

    Raises:
        DataError: The file is missing or damaged.
    """
    return _sample_chats((line for line in _read_lines(path) if not line.record), per_form, seed)


def mark_new_products(cases: Sequence[EvaluationCase], corpus: Path) -> list[EvaluationCase]:
    """Return the cases with `is_new` set for products that no train catalog lists."""
    if not any(map(_is_about_product, cases)):
        return list(cases)
    catalog = Folders(corpus).scan("catalog", "option").filter(pl.col("side") == "train").select("key", "title")
    names = {name for key, title in catalog.collect().iter_rows() for name in (key, one_line(title, NAME_TOKENS))}
    return [case._replace(is_new=_is_about_product(case) and _product_name(case) not in names) for case in cases]


def _is_about_product(case: EvaluationCase) -> bool:
    """Return whether a case is about a platform's product; a panel's is about what its world asks."""
    return not is_world_template(case.question.template) and find_platform(case.platform).has_products


def _product_name(case: EvaluationCase) -> str:
    """Return the key or the name of the product that a case is about."""
    return case.answer if case.form == "purchase" else str(case.question.facts.get("name", ""))


def _read_lines(path: Path) -> Iterator[TaskLine]:
    if not path.is_file():
        raise DataError(f"there are no tasks at {path}; build them with `python -m training corpus`")
    decoder = msgspec.json.Decoder(TaskLine)
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                yield decoder.decode(raw)
            except msgspec.DecodeError as error:
                raise DataError(f"{path}, line {number}: {error}; rebuild the corpus") from error


def _sample_lines(
    lines: Iterable[TaskLine], per_form: int, identity: Callable[[TaskLine], str], seed: int
) -> Iterator[TaskLine]:
    """Yield up to `per_form` lines of each form, ordered by form.

    The order of a hash is a sample that does not change when other tasks enter or leave the file.
    """
    forms: dict[str, list[tuple[int, TaskLine]]] = {}
    for line in lines:
        rank = stable_hash(seed, line.form, line.user, line.record, identity(line))
        forms.setdefault(line.form, []).append((rank, line))
    for _, ranked in sorted(forms.items()):
        yield from (line for _, line in sorted(ranked, key=lambda pair: pair[0])[:per_form])


def _sample_chats(lines: Iterable[TaskLine], per_form: int, seed: int) -> list[ChatCase]:
    paper_lines = (line for line in lines if not line.question)
    sampled = _sample_lines(paper_lines, per_form, lambda line: line.messages[-2]["content"], seed)
    return [_parse_chat(line) for line in sampled]


def _parse_chat(line: TaskLine) -> ChatCase:
    *system, user, answer = (message["content"] for message in line.messages)
    return ChatCase(line.form, line.user, Prompt(system[0] if system else "", user, ""), answer)


def _parse_case(line: TaskLine) -> EvaluationCase:
    meta = msgspec.json.decode(line.meta)
    question = msgspec.json.decode(line.question, type=TaskQuestion)
    answer = meta["answer"] if isinstance(question.form, Choose) else line.messages[-1]["content"]
    return EvaluationCase(line.form, line.source, line.platform, line.user, question, answer, meta)


def load_people(corpus: Path) -> dict[str, Profile]:
    """Load the latest profile of everybody in a corpus, by user.

    Raises:
        DataError: The folder holds no corpus.
    """
    files = [path for stage in ("quality", PANELS) for path in Folders(corpus).files(stage, "person")]
    if not files:
        raise DataError(f"there are no people of a corpus in {corpus}; make them with `python -m training corpus`")
    people: dict[str, Profile] = {}
    for path in files:
        rows = pl.scan_parquet(path).filter(pl.col("self") == "latest").select("user", "profile").collect()
        people |= {user: msgspec.json.decode(text, type=Profile) for user, text in rows.iter_rows()}
    return people


def case_questions(
    cases: Sequence[EvaluationCase], people: Mapping[str, Profile], control: Control, seed: int
) -> Iterator[Question]:
    """Yield every case as a question to the person, or to the control in their place.

    Args:
        cases: The cases.
        people: Profiles by user.
        control: `shuffled` is another person of the same source, with their own memory.
        seed: Seed of the shuffle.
    """
    substitutes = _shuffle_users(cases, seed) if control == "shuffled" else {}
    memories = {case.user: case.question.memory for case in cases}
    for case in cases:
        profile, memory = people[case.user], case.question.memory
        if control == "shuffled":
            substitute = substitutes[case.user]
            profile, memory = people[substitute], memories[substitute]
        elif control in ("nobody", "history"):
            profile = msgspec.structs.replace(NOBODY, platform=profile.platform)
        if control in ("nobody", "profile"):
            memory = NO_MEMORY
        yield build_question(msgspec.structs.replace(case.question, memory=memory), profile)


def _shuffle_users(cases: Sequence[EvaluationCase], seed: int) -> dict[str, str]:
    """Map every user to another user of the same source: the next one in a shuffled ring.

    A user who is the only one of their source is mapped to themselves.
    """
    users_by_source: dict[str, list[str]] = {}
    for case in cases:
        users = users_by_source.setdefault(case.source, [])
        if case.user not in users:
            users.append(case.user)
    substitutes: dict[str, str] = {}
    for source, users in users_by_source.items():
        ring = [sorted(users)[index] for index in permutation(len(users), stable_hash(seed, source))]
        substitutes.update(zip(ring, ring[1:] + ring[:1], strict=True))
    return substitutes
