"""`python -m sandbox questionnaire`: the questions of a survey or of a run, as a page for real people.

Of a survey, everybody is asked all items. Of a run, each person is asked what their own agent was asked in it, without
the agent's persona and memory. Everybody types the id that they have in the population, saves a file with their answers
and sends it back; `--collect` joins these files into one that `infer --humans` reads.
"""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from experiments.answers import HumanAnswer
from experiments.survey import LIKERT_LEAD, Survey, SurveyItem
from sandbox.core.question import Question
from sandbox.core.seeds import uniform
from sandbox.errors import ConfigError, DataError, unknown
from sandbox.output.writable import write_named
from sandbox.prompting.page import build_page, describe_question
from sandbox.runtime.run import Run
from sandbox.text_tables import read_text_table

ASK_PERSON = "What is your name or number in this study? Please type it as it was given to you."
TITLE = "Questionnaire"
HEADER = ("person", "item", "question", "answer", "seconds")
"""Columns of the file that a person saves."""


class _Collector:
    """Keeps the questions of one template in one arm, by person."""

    def __init__(self, template: str, arm: str) -> None:
        self._template, self._arm = template, arm
        self.templates: set[str] = set()
        self.by_person: dict[str, list[Question[Any]]] = {}

    def add(self, questions: Sequence[Question[Any]]) -> None:
        """Consider a batch."""
        for question in questions:
            self.templates.add(question.template.key)
            if question.template.key == self._template and question.replicate.arm == self._arm:
                self.by_person.setdefault(question.profile.id, []).append(question)


def survey_page(survey: Survey) -> str:
    """Return the page of a survey, with the items that agents are asked, in their words."""
    return build_page(TITLE, {"ask_person": ASK_PERSON, "items": [_describe_item(item) for item in survey.items]})


def run_page(run: Run, template: str, max_questions: int) -> tuple[str, int]:
    """Return the page with what each person's agent was asked in a run, and the number of people.

    Args:
        run: The run; its first arm counts.
        template: Key of the template, such as `contribute`.
        max_questions: Most questions for each person, drawn by hash, in the order in which they were asked.

    Raises:
        ConfigError: The run has no question of this template that a person could answer on a page.
    """
    collector = _Collector(template, run.manifest.segments[-1].config.arms()[0].name)
    run.replay(sample=collector)
    if not collector.by_person:
        raise ConfigError(f"--template: {unknown('template', template, collector.templates)}")
    by_person = {
        person: [_describe_decision(question) for question in _draw(questions, max_questions)]
        for person, questions in sorted(collector.by_person.items())
    }
    return build_page(TITLE, {"ask_person": ASK_PERSON, "by_person": by_person}), len(by_person)


def write_page(page: str, path: Path) -> Path:
    """Write the page.

    Raises:
        DataError: It cannot be written.
    """
    write_named(path, page)
    return path


def collect_answers(folder: Path) -> list[HumanAnswer]:
    """Read the files that people have saved; the later of two files of one person replaces the earlier one.

    Raises:
        DataError: There is no file, or one is something else.
    """
    files = sorted(folder.glob("*.csv"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    if not files:
        raise DataError(f"{folder} has no CSV file; put the files that people have saved there")
    by_person: dict[str, list[HumanAnswer]] = {}
    for path in files:
        table = read_text_table(path)
        if tuple(table.columns) != HEADER:
            raise DataError(f"{path} has the columns {', '.join(table.columns)}; a saved file has {', '.join(HEADER)}")
        saved: dict[str, list[HumanAnswer]] = {}
        for row in table.rows:
            answer = HumanAnswer(row.cells["person"], row.cells["item"], row.cells["answer"], row.line)
            saved.setdefault(answer.person, []).append(answer)
        by_person |= saved
    return [answer for _, answers in sorted(by_person.items()) for answer in answers]


def write_answers(answers: Sequence[HumanAnswer], path: Path) -> Path:
    """Write answers as `infer --humans` reads them."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("person", "item", "answer"))
    writer.writerows(answer[:3] for answer in answers)
    return write_page(text.getvalue(), path)


def _describe_item(item: SurveyItem) -> dict[str, Any]:
    lead = f"{LIKERT_LEAD}\n" if item.kind == "likert" else ""
    described: dict[str, Any] = {"item": item.id, "text": f"{lead}{item.text}"}
    if item.kind == "open":
        return {**described, "max_words": item.words}
    return {**described, "options": [{"key": text, "text": text} for text in item.scale]}


def _draw(questions: Sequence[Question[Any]], number: int) -> list[Question[Any]]:
    drawn = sorted(questions, key=lambda question: uniform(question.seed, b"questionnaire"))[:number]
    return sorted(drawn, key=lambda question: (question.replicate.seed, question.step, question.round))


def _describe_decision(question: Question[Any]) -> Mapping[str, Any]:
    place = f"{question.replicate.seed}/{question.step}/{question.round}"
    return {"item": question.template.name, "question": place, **describe_question(question, is_self=True)}
