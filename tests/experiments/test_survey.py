"""Interviews off the timeline."""

from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from experiments.survey import Item, Survey, ask, chosen_survey, read_survey, retest, write_answers
from sandbox.errors import ConfigError, DataError
from sandbox.run import LOG, Run
from sandbox.runner import Progress
from tests.conftest import Overrides

SURVEY = """
name: market
items:
  - {id: trust, kind: likert, text: Most sellers here can be trusted.}
  - {id: next, kind: choice, text: What comes next, options: [buy more, buy less]}
  - {id: why, text: Say why}
who: buyer
people: 5
"""


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_survey_among_the_examples_can_be_asked(path: Path) -> None:
    survey = read_survey(path)
    assert survey.repeats == 2
    assert {item.kind for item in survey.items} >= {"choice", "open"}


@pytest.fixture
def run(ruled: Overrides) -> Run:
    made = Run.start([one for one in ruled("seeds=[0,1]") if one != "mind=rule"] + ["mind=random"])
    made.go_on(Progress(), lambda _: None)
    return made


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    path = tmp_path / "survey.yaml"
    path.write_text(SURVEY, encoding="utf-8")
    return read_survey(path)


def test_the_example_is_a_survey() -> None:
    survey = read_survey(Path(__file__).parents[2] / "examples" / "survey.yaml")
    assert [one.kind for one in survey.items] == ["likert", "likert", "choice", "open"]


def test_people_answer_as_of_a_step_and_the_log_stays_as_it_was(run: Run, survey: Survey) -> None:
    before = sha256((run.folder / LOG).read_bytes()).digest()
    table = ask(run, 3, survey, lambda _: None)
    assert sha256((run.folder / LOG).read_bytes()).digest() == before
    assert len(table) == 2 * 5 * 3 * 2
    assert set(table["step"]) == {3}
    assert set(table["role"]) == {"buyer"}
    assert table.loc[table["item"] == "trust", "number"].between(1, 5).all()


def test_the_same_survey_gets_the_same_answers(run: Run, survey: Survey) -> None:
    first, second = (ask(run, 3, survey, lambda _: None) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_who_answers_by_chance_agrees_with_themselves_by_chance(run: Run) -> None:
    many = Survey(
        items=[Item(id=f"q{place}", text="Yes?", kind="choice", options=["yes", "no"]) for place in range(20)]
    )
    agreed = retest(ask(run, 2, many, lambda _: None))
    assert abs(agreed["kappa"].mean()) < 0.1
    assert abs(agreed["same"].mean() - agreed["chance"].mean()) < 0.1


def test_answers_are_written_beside_the_run(run: Run, survey: Survey) -> None:
    files = write_answers(ask(run, 1, survey, lambda _: None), run, survey)
    assert [path.name for path in files] == ["market-at-1.csv", "market-at-1.parquet", "market-at-1-retest.csv"]


def test_a_step_that_was_not_run_is_refused(run: Run, survey: Survey) -> None:
    with pytest.raises(ConfigError, match="from 0 to 5 steps"):
        ask(run, 9, survey, lambda _: None)


def test_rules_know_no_answer_to_a_survey(ruled: Overrides, survey: Survey) -> None:
    run = Run.start(ruled())
    run.go_on(Progress(), lambda _: None)
    with pytest.raises(ConfigError, match="follow rules"):
        ask(run, 1, survey, lambda _: None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("items: []", "at least 1 item"),
        ("items: [{id: a, text: b, kind: choice, options: [x]}]", "2 to 26 different options"),
        ("items: [{id: a, text: b, options: [x, y]}]", "make it kind: choice"),
        ("items: [{id: a, tekst: b}]", "tekst"),
    ],
)
def test_a_bad_survey_is_said_in_a_sentence(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        read_survey(path)


def test_a_survey_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the survey"):
        read_survey(tmp_path / "none.yaml")


def test_a_question_is_data_and_no_template(run: Run) -> None:
    survey = chosen_survey("What is {{ secret }}?", None, "3,4", None)
    assert survey.who == [3, 4]
    assert len(ask(run, 1, survey, lambda _: None)) == 2 * 2 * 2


def test_one_question_or_a_file(tmp_path: Path) -> None:
    for question, path in ((None, None), ("Why?", tmp_path)):
        with pytest.raises(ConfigError, match="one question"):
            chosen_survey(question, path, None, None)
