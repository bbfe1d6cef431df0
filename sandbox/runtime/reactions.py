"""Measure reactions on the questions of a run: which are taken, how they are asked again, and where answers are kept.

The answers are not decisions of the run: they lie in the folder `reactions/`, not in the decision log. They can be
repeated, since the questions follow from the log and minds are pure.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby, product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd

from sandbox.core.answer import Answer
from sandbox.core.mind import RandomMind
from sandbox.core.question import Question
from sandbox.core.reaction import Level, Reaction
from sandbox.core.seeds import uniform
from sandbox.runtime.fallbacks import Ask
from sandbox.runtime.reaction_tables import ANSWER_COLUMNS, curve_table, slope_table
from sandbox.runtime.runner import Track, untracked
from sandbox.tables import read_table, table_files, write_table

FOLDER = "reactions"


class QuestionListener(Protocol):
    """Receives what is asked in a replay."""

    def add(self, questions: Sequence[Question[Any]]) -> None:
        """Receive a batch of questions."""


class VariedQuestion(NamedTuple):
    """A question of a run with one of its facts at a level."""

    question: Question[Any]
    reaction: Reaction
    level: Level


class QuestionSample:
    """The questions of a run that are asked again: for each arm and reaction, one question of each of some people.

    People and questions are chosen by a hash of the question's seed. The choice depends neither on the order in which
    questions come nor on whether they are answered live or from the log, so resuming a run does not change it.
    """

    def __init__(self, reactions: Sequence[Reaction], num_people: int, from_step: int = 0) -> None:
        """Begin with no question.

        Args:
            reactions: What is going to be measured.
            num_people: Most people for each arm and reaction; 0: none.
            from_step: First step whose questions count, such as that in which the run's minds last changed.
        """
        self.num_people = num_people
        self.from_step = from_step
        self._reactions = list(reactions) if num_people else []
        self._by_template: dict[str, list[Reaction]] = defaultdict(list)
        for reaction in self._reactions:
            self._by_template[reaction.template].append(reaction)
        self._samples: dict[tuple[str, str], _PeopleSample] = {}
        """By arm and reaction."""

    def add(self, questions: Sequence[Question[Any]]) -> None:
        """Consider a batch of questions."""
        if not self._reactions or (questions and questions[0].step < self.from_step):
            return
        for question in questions:
            reactions = self._by_template.get(question.template.key, ())
            rank = uniform(question.seed, b"reaction") if reactions else 0.0
            for reaction in reactions:
                key = (question.replicate.arm, reaction.name)
                if key not in self._samples:
                    self._samples[key] = _PeopleSample(self.num_people)
                self._samples[key].consider(question, rank, reaction)

    def vary(self, arms: Sequence[str] = ()) -> Iterator[VariedQuestion]:
        """Yield every sampled question at every level of its reaction, by reaction, then by arm.

        Args:
            arms: Names of the arms; empty: all.
        """
        sampled_arms = list(dict.fromkeys(arm for arm, _ in self._samples))
        for reaction, arm in product(self._reactions, sampled_arms):
            sample = self._samples.get((arm, reaction.name))
            if sample is not None and (not arms or arm in arms):
                yield from _vary_all(reaction, sample.questions())


def _vary_all(reaction: Reaction, questions: Sequence[Question[Any]]) -> Iterator[VariedQuestion]:
    for question in questions:
        for level, varied in zip(reaction.levels, reaction.vary(question), strict=True):
            yield VariedQuestion(varied, reaction, level)


class _PeopleSample:
    """One question each of those people whose questions have the lowest ranks."""

    def __init__(self, num_people: int) -> None:
        self._num_people = num_people
        self._by_person: dict[str, tuple[float, Question[Any]]] = {}
        self._highest = 1.0
        """Rank that a new person's question must be below; ranks lie in [0, 1)."""

    def consider(self, question: Question[Any], rank: float, reaction: Reaction) -> None:
        """Take the question if its rank is low enough and the reaction applies to it."""
        person = question.profile.id
        bound = self._by_person[person][0] if person in self._by_person else self._highest
        if rank >= bound or not reaction.applies_to(question):
            return
        self._by_person[person] = (rank, question)
        if len(self._by_person) > self._num_people:
            del self._by_person[max(self._by_person, key=lambda name: self._by_person[name][0])]
        if len(self._by_person) == self._num_people:
            self._highest = max(kept_rank for kept_rank, _ in self._by_person.values())

    def questions(self) -> list[Question[Any]]:
        """Return the questions by rank."""
        return [question for _, question in sorted(self._by_person.values(), key=lambda pair: pair[0])]


def measure_reactions(
    varied: Sequence[VariedQuestion], ask: Ask, ask_rule: Ask, track: Track = untracked
) -> pd.DataFrame:
    """Ask all varied questions, those of each reaction in one batch, and rule and random agents the same.

    Args:
        varied: The questions.
        ask: Answers for the agents that are measured.
        ask_rule: Answers as a rule does, for comparison.
        track: Reports progress.

    Returns:
        One row per varied question, with the columns `ANSWER_COLUMNS`. The outcome is missing if the answer could not
        be obtained.
    """
    minds = (ask, ask_rule, RandomMind().answer)
    rows: list[dict[str, Any]] = []
    batches = [list(entries) for _, entries in groupby(varied, key=lambda entry: entry.reaction.name)]
    for batch in track(batches, "reactions"):
        answered = [answer([entry.question for entry in batch]) for answer in minds]
        rows += [_answer_row(entry, *answers) for entry, *answers in zip(batch, *answered, strict=True)]
    return pd.DataFrame(rows, columns=list(ANSWER_COLUMNS))


def write_reactions(answers: pd.DataFrame, reactions: Sequence[Reaction], run_folder: Path) -> list[Path]:
    """Write answers, curves and slopes into the folder of a run, as CSV and Parquet; return the files.

    The slopes come last, so that a folder which has them is complete.
    """
    folder = run_folder / FOLDER
    folder.mkdir(exist_ok=True)
    tables = {"answers": answers, "curves": curve_table(answers), "slopes": slope_table(answers, reactions)}
    files: list[Path] = []
    for name, table in tables.items():
        files += write_table(table, folder / name)
    return files


def read_reactions(run_folder: Path, table: str) -> pd.DataFrame | None:
    """Return a table of a run's reactions (`answers`, `curves` or `slopes`); None if they were not measured."""
    folder = run_folder / FOLDER
    is_complete = all(file.is_file() for file in table_files(folder / "slopes"))
    return read_table(folder / table) if is_complete else None


def _answer_row(entry: VariedQuestion, answer: Answer, rule: Answer, chance: Answer) -> dict[str, Any]:
    question, reaction, level = entry

    def outcome(given: Answer) -> float | None:
        is_missing = given.source == "fallback" or given.probs is None
        return None if is_missing or given.probs is None else reaction.measure(question, given.probs)

    values = (
        *question.replicate, reaction.name, question.step, question.agent, question.profile.id, level.label,
        level.position, outcome(answer), outcome(rule), outcome(chance), answer.mind, answer.source,
    )  # fmt: skip
    return dict(zip(ANSWER_COLUMNS, values, strict=True))
