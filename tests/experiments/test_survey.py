"""Interviews off the timeline."""

from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from experiments.frames import column, rows_where
from experiments.retest import retest_agreement
from experiments.survey import Survey, SurveyItem, ask, choose_survey, read_survey, summarize, write_answers
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.run import LOG, Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides

SURVEY = """
name: market
items:
  - {id: trust, kind: likert, text: Most sellers here can be trusted.}
  - {id: next, kind: choice, text: What comes next, options: [buy more, buy less]}
  - {id: why, text: Say why}
agents: buyer
max_agents: 5
"""
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_survey_among_the_examples_can_be_asked(path: Path) -> None:
    survey = read_survey(path)
    assert survey.repeats == 2
    assert {item.kind for item in survey.items} >= {"choice", "open"}


@pytest.fixture
def random_run(rule_market: Overrides) -> Run:
    overrides = [override for override in rule_market("seeds=[0,1]") if override != "mind=rule"]
    run = Run.start([*overrides, "mind=random"])
    run.resume(Progress(), lambda _: None)
    return run


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    path = tmp_path / "survey.yaml"
    path.write_text(SURVEY, encoding="utf-8")
    return read_survey(path)


def test_the_example_is_a_survey() -> None:
    survey = read_survey(EXAMPLES / "survey.yaml")
    assert [item.kind for item in survey.items] == ["likert", "likert", "choice", "open"]


def test_agents_answer_as_of_a_step_and_the_log_stays_as_it_was(random_run: Run, survey: Survey) -> None:
    before = sha256((random_run.folder / LOG).read_bytes()).digest()
    table = ask(random_run, 3, survey, lambda _: None)
    assert sha256((random_run.folder / LOG).read_bytes()).digest() == before
    assert len(table) == 2 * 5 * 3 * 2
    assert set(table["step"]) == {3}
    assert set(table["role"]) == {"buyer"}
    assert table.loc[table["item"] == "trust", "number"].between(1, 5).all()


def test_the_same_survey_gets_the_same_answers(random_run: Run, survey: Survey) -> None:
    first, second = (ask(random_run, 3, survey, lambda _: None) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_a_terminal_gets_a_line_per_item_and_arm(random_run: Run, survey: Survey) -> None:
    trust, choice, why, agents = summarize(ask(random_run, 3, survey, lambda _: None))
    assert trust.startswith("trust, main: ")
    assert "mean" in trust
    assert trust.endswith("(n = 20 answers of 10 agents)")
    assert "% buy" in choice
    assert why.startswith('why, main: for example "')
    assert agents.startswith("10 agents asked; ")


def test_fallbacks_are_no_answers(random_run: Run, survey: Survey) -> None:
    table = ask(random_run, 3, survey, lambda _: None)
    table.loc[table["item"] == "next", "source"] = "fallback"
    is_lost = (table["item"] == "trust") & (table["agent"] == table["agent"].iloc[0]) & (table["seed"] == 0)
    table.loc[is_lost, ["answer", "source"]] = ["strongly agree", "fallback"]
    trust, choice, *_ = summarize(table)
    assert trust.endswith("(n = 18 answers of 9 agents; 2 more could not be obtained)")
    answers: list[str] = rows_where(table, (table["item"] == "trust") & ~is_lost)["answer"].to_list()
    share = answers.count("strongly agree") / len(answers)
    assert (f"{100 * share:.0f} % strongly agree" in trust) == (share > 0)
    assert choice == "next, main: no answer (n = 0 answers of 0 agents; 20 more could not be obtained)"


def test_who_remembers_nothing_is_said(random_run: Run, survey: Survey) -> None:
    table = ask(random_run, 0, survey, lambda _: None)
    assert set(table["num_events"]) == {0}
    assert set(table["remembers"]) == {""}
    assert summarize(table)[-1].endswith("none of them remembers anything of the run, so none can say why.")


def test_only_those_who_remember_an_event_of_a_kind_are_asked(random_run: Run) -> None:
    survey = choose_survey("Why did you buy that?", None, None, None, "purchase")
    notes: list[str] = []
    table = ask(random_run, 3, survey, notes.append)
    everybody = ask(random_run, 3, choose_survey("Why did you buy that?", None, None, None), notes.append)
    assert 0 < len(table) < len(everybody)
    assert all("purchase" in text.split("; ") for text in table["remembers"])
    has_bought = column(everybody, "remembers").str.contains("purchase")
    assert len(table) == has_bought.sum()
    assert notes == [
        f"{(~has_bought).sum() // 2} of {len(everybody) // 2} agents remember no event of the kind 'purchase' and are "
        "not asked."
    ]
    idle = summarize(everybody)[-1]
    assert f"{(everybody['num_events'] == 0).sum() // 2} of them remember nothing of the run" in idle
    assert f"purchase ({len(table) // 2} agents)" in idle


def test_a_kind_of_event_that_nobody_remembers_is_refused(random_run: Run) -> None:
    survey = choose_survey("Why?", None, None, None, "purchas")
    with pytest.raises(ConfigError, match=r"none of 60 agents remembers .* 'purchas'; they remember .*purchase \("):
        ask(random_run, 3, survey, lambda _: None)


def test_agents_who_do_not_exist_are_refused(random_run: Run) -> None:
    with pytest.raises(ConfigError, match="no replicate has an agent 999 after this step; ids go up to 30"):
        ask(random_run, 1, choose_survey("Why?", None, "3,999", None), lambda _: None)
    with pytest.raises(ConfigError, match="unknown role '3,,4'"):
        ask(random_run, 1, choose_survey("Why?", None, "3,,4", None), lambda _: None)


def test_random_agents_agree_with_themselves_by_chance(random_run: Run) -> None:
    questions = [SurveyItem(id=f"q{index}", text="Yes?", kind="choice", options=["yes", "no"]) for index in range(20)]
    retest = retest_agreement(ask(random_run, 2, Survey(items=questions), lambda _: None))
    assert abs(column(retest, "kappa").mean()) < 0.1
    assert abs(column(retest, "agreement").mean() - column(retest, "chance_agreement").mean()) < 0.1


def test_answers_and_questions_are_written_into_the_folder_of_the_run(random_run: Run, survey: Survey) -> None:
    files = write_answers(ask(random_run, 1, survey, lambda _: None), random_run.folder / "answers", random_run, survey)
    assert [path.name for path in files] == [
        "market-at-1.csv",
        "market-at-1.parquet",
        "market-at-1-retest.csv",
        "market-at-1.yaml",
    ]
    texts = {item.id: item.text for item in survey.items}
    table = pd.read_csv(files[0])
    assert table["question"].to_list() == [texts[item] for item in table["item"]]
    assert read_survey(files[-1]) == survey


def test_a_second_interview_at_a_step_replaces_nothing(random_run: Run) -> None:
    interviews: list[tuple[str, list[Path]]] = []
    for text in ("Why?", "Why not?", "Why?"):
        survey = choose_survey(text, None, "3", None)
        interviews.append(
            (
                text,
                write_answers(
                    ask(random_run, 1, survey, lambda _: None), random_run.folder / "answers", random_run, survey
                ),
            )
        )
    assert [files[0].name for _, files in interviews] == [f"survey-at-1{end}.csv" for end in ("", "-2", "-3")]
    assert len({file for _, files in interviews for file in files}) == 12
    for text, files in interviews:
        assert set(pd.read_csv(files[0])["question"]) == {text}
        assert read_survey(files[-1]).items[0].text == text


def test_answers_of_an_earlier_version_are_not_replaced(random_run: Run, survey: Survey) -> None:
    earlier = random_run.folder / "answers" / "market-at-1.csv"
    earlier.parent.mkdir()
    earlier.write_text("precious", encoding="utf-8")
    files = write_answers(ask(random_run, 1, survey, lambda _: None), random_run.folder / "answers", random_run, survey)
    assert files[0].name == "market-at-1-2.csv"
    assert earlier.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("step", [9, -1])
def test_a_step_that_was_not_run_is_refused(random_run: Run, survey: Survey, step: int) -> None:
    with pytest.raises(ConfigError, match="from 0 to 5 steps"):
        ask(random_run, step, survey, lambda _: None)


def test_rules_cannot_answer_a_survey(rule_market: Overrides, survey: Survey) -> None:
    run = Run.start(rule_market())
    run.resume(Progress(), lambda _: None)
    with pytest.raises(ConfigError, match="follow rules"):
        ask(run, 1, survey, lambda _: None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("items: []", "at least 1 item"),
        ("items: [{id: a, text: b, kind: choice, options: [x]}]", "2 to 26 different options"),
        ("items: [{id: a, text: b, options: [x, y]}]", "make it kind: choice"),
        ("items: [{id: a, tekst: b}]", "tekst"),
        ("items: [{id: a, text: '${oc.env:HOME}'}]", "asks for an environment variable"),
        ("items: [{id: a, text: '${nothing}'}]", "cannot be resolved"),
        ("items: [{id: a, text: b}, {id: a, text: c}]", "several are 'a'"),
    ],
)
def test_a_bad_survey_gets_a_message(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        read_survey(path)


def test_a_missing_survey_gets_a_message(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the survey"):
        read_survey(tmp_path / "none.yaml")


def test_a_question_is_data_and_not_a_template(random_run: Run) -> None:
    survey = choose_survey("What is {{ secret }}?", None, "3,4", None)
    assert survey.agents == [3, 4]
    assert len(ask(random_run, 1, survey, lambda _: None)) == 2 * 2 * 2


def test_a_question_or_a_file_but_not_both(tmp_path: Path) -> None:
    for question, path in ((None, None), ("Why?", tmp_path)):
        with pytest.raises(ConfigError, match="one question"):
            choose_survey(question, path, None, None)


def test_an_interview_that_was_killed_before_its_files_had_their_places_gets_them_later(
    random_run: Run, survey: Survey, tmp_path: Path
) -> None:
    table, folder = ask(random_run, 3, survey, lambda _: None), tmp_path / "answers"
    names = {path.name: path.read_bytes() for path in write_answers(table, folder, random_run, survey)}
    committed, half = folder / ".market-at-3.whole", folder / "..market-at-3-2.whole.part"
    for hidden in (committed, half):
        hidden.mkdir()
    (folder / "market-at-3.csv").rename(committed / "market-at-3.csv")
    (half / "market-at-3-2.csv").write_text("half", encoding="utf-8")
    second = {path.name: path.read_bytes() for path in write_answers(table, folder, random_run, survey)}
    assert {path.name: path.read_bytes() for path in folder.glob("[!.]*")} == {**names, **second}
    assert second["market-at-3-2.csv"] == names["market-at-3.csv"]
    assert not committed.exists()
    assert not half.exists()
