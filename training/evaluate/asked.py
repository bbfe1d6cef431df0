"""What people are asked about, read back from a corpus: with themselves, or with somebody else in their place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from agents.prompt import Prompt, one_line
from sandbox.errors import DataError
from sandbox.people import NO_MEMORY, Profile
from sandbox.question import Choose, Question
from sandbox.seeds import permutation
from training.evaluate.config import Control
from training.record import PRODUCT_PLATFORMS
from training.stages import Folders
from training.tasks.example import Asked, question_of
from training.tasks.moments import NAME_TOKENS, hashed

NOBODY = Profile(id="nobody", persona="")


class Case(NamedTuple):
    """One task of the sandbox's own forms."""

    form: str
    source: str
    platform: str
    user: str
    asked: Asked
    answer: str
    """Key of the option that was chosen, or the text that was written."""
    meta: Mapping[str, Any]
    is_new: bool = False
    """Whether it is about a product that no train user chose."""

    @property
    def is_choice(self) -> bool:
        """Whether it is a choice."""
        return isinstance(self.asked.form, Choose)


class Chat(NamedTuple):
    """One task in a form of the paper's, which has no person apart from its words."""

    form: str
    user: str
    prompt: Prompt
    answer: str
    """What the person wrote or chose."""


class Line(msgspec.Struct):
    """What is read of a line of `tasks/<split>.jsonl`."""

    form: str
    source: str
    platform: str
    user: str
    record: str
    messages: list[dict[str, str]]
    question: str
    meta: str


def read_cases(path: Path, per_form: int, seed: int) -> list[Case]:
    """Tasks of the sandbox's forms, at most so many of each, drawn by hash.

    Raises:
        DataError: The file is missing or damaged.
    """
    lines = (line for line in _lines(path) if line.question)
    return [_case(line) for line in _drawn(lines, per_form, lambda line: line.question, seed)]


def read_chats(path: Path, per_form: int, seed: int) -> list[Chat]:
    """Tasks of the paper's forms that real people's records answer, at most so many of each, drawn by hash.

    Raises:
        DataError: The file is missing or damaged.
    """
    return _chats((line for line in _lines(path) if line.record), per_form, seed)


def with_new_items(cases: Sequence[Case], corpus: Path) -> list[Case]:
    """Cases, of which those about products that stand in no train catalog are marked."""
    listed = Folders(corpus).scan("catalog", "option").filter(pl.col("side") == "train").select("key", "title")
    seen = {name for key, title in listed.collect().iter_rows() for name in (key, one_line(title, NAME_TOKENS))}
    return [one._replace(is_new=one.platform in PRODUCT_PLATFORMS and not _names(one) & seen) for one in cases]


def _names(case: Case) -> set[str]:
    """Key or name of the product that a case is about."""
    return {case.answer} if case.form == "purchase" else {str(case.asked.facts.get("name", ""))}


def read_made(path: Path, per_form: int, seed: int) -> list[Chat]:
    """Tasks whose answer a language model made, at most so many of each form, drawn by hash.

    Raises:
        DataError: The file is missing or damaged.
    """
    return _chats((line for line in _lines(path) if not line.record), per_form, seed)


def _lines(path: Path) -> Iterator[Line]:
    if not path.is_file():
        raise DataError(f"there are no tasks at {path}; make them with `python -m training corpus`")
    decoder = msgspec.json.Decoder(Line)
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                yield decoder.decode(raw)
            except msgspec.DecodeError as error:
                raise DataError(f"{path}, line {number}: {error}; make the corpus again") from error


def _drawn(lines: Iterable[Line], per_form: int, asked: Callable[[Line], str], seed: int) -> Iterator[Line]:
    """At most so many of each form, by form."""
    forms: dict[str, list[tuple[int, Line]]] = {}
    for line in lines:
        order = hashed(seed, line.form, line.user, line.record, asked(line))
        forms.setdefault(line.form, []).append((order, line))
    for _, mine in sorted(forms.items()):
        yield from (line for _, line in sorted(mine, key=lambda one: one[0])[:per_form])


def _chats(lines: Iterable[Line], per_form: int, seed: int) -> list[Chat]:
    """Those of the paper's forms, at most so many of each."""
    fit = (line for line in lines if not line.question)
    return [_chat(line) for line in _drawn(fit, per_form, lambda line: line.messages[-2]["content"], seed)]


def _chat(line: Line) -> Chat:
    *before, asked, answer = (message["content"] for message in line.messages)
    return Chat(line.form, line.user, Prompt(before[0] if before else "", asked, ""), answer)


def _case(line: Line) -> Case:
    meta = msgspec.json.decode(line.meta)
    asked = msgspec.json.decode(line.question, type=Asked)
    answer = meta["answer"] if isinstance(asked.form, Choose) else line.messages[-1]["content"]
    return Case(line.form, line.source, line.platform, line.user, asked, answer, meta)


def read_people(corpus: Path) -> dict[str, Profile]:
    """The latest selves of all people of a corpus, by user."""
    rows = Folders(corpus).scan("quality", "person").filter(pl.col("self") == "latest").select("user", "profile")
    return {user: msgspec.json.decode(text, type=Profile) for user, text in rows.collect().iter_rows()}


def questions(cases: Sequence[Case], people: Mapping[str, Profile], who: Control, seed: int) -> Iterator[Question]:
    """Every case as a question to the person, or to who is put in their place.

    Args:
        cases: What is asked.
        people: By user.
        who: `shuffled` is the next person of the same source in a shuffled ring, with what they remember.
        seed: Of the ring.
    """
    others = _ring(cases, seed) if who == "shuffled" else {}
    memories = {case.user: case.asked.memory for case in cases}
    for case in cases:
        profile, memory = people[case.user], case.asked.memory
        if who == "shuffled":
            other = others[case.user]
            profile, memory = people[other], memories[other]
        elif who in ("nobody", "history"):
            profile = msgspec.structs.replace(NOBODY, platform=profile.platform)
        if who in ("nobody", "profile"):
            memory = NO_MEMORY
        yield question_of(msgspec.structs.replace(case.asked, memory=memory), profile)


def _ring(cases: Sequence[Case], seed: int) -> dict[str, str]:
    """For every user another one of the same source; themselves where they are its only one."""
    users: dict[str, list[str]] = {}
    for case in cases:
        mine = users.setdefault(case.source, [])
        if case.user not in mine:
            mine.append(case.user)
    other: dict[str, str] = {}
    for source, mine in users.items():
        order = [sorted(mine)[place] for place in permutation(len(mine), hashed(seed, source))]
        other.update(zip(order, order[1:] + order[:1], strict=True))
    return other
