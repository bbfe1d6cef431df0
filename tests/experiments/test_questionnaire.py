"""Questionnaires are pages that real people fill in, and come back as answers of people."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from experiments.answers import HumanAnswer
from experiments.questionnaire import collect_answers, run_page, survey_page
from experiments.survey import Survey, SurveyItem
from sandbox.cli.main import main
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.browser import needs_browser, open_browser

ATTACK = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
SURVEY = Survey(
    items=[
        SurveyItem(id="trust", kind="likert", text="Most people can be trusted."),
        SurveyItem(id="next", kind="choice", text=f"What next? {ATTACK}", options=["buy, or sell", ATTACK]),
        SurveyItem(id="why", text="Why?", words=3),
    ]
)


def read_data(page: str) -> dict[str, Any]:
    """Return what is embedded in a page."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    return json.loads(text)


def test_a_survey_is_asked_in_the_words_that_agents_read() -> None:
    trust, _, why = read_data(survey_page(SURVEY))["items"]
    assert trust["text"] == "How far do you agree?\nMost people can be trusted."
    assert [option["key"] for option in trust["options"]] == list(SURVEY.items[0].scale)
    assert why["max_words"] == 3


def test_what_a_survey_says_is_neither_html_nor_script() -> None:
    page = survey_page(SURVEY)
    assert ATTACK not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert read_data(page)["items"][1]["options"][1]["key"] == ATTACK


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "run"
    overrides = ("world=commons", "population.size=10", "mind=rule", "steps=4", "seeds=[0,1]", "reactions=0")
    run = Run.start([*overrides, "null_worlds=0", f"run_dir={folder}"])
    run.resume(Progress(), lambda _: None)
    return run


def test_people_are_asked_what_their_own_agent_was_asked(run: Run) -> None:
    page, number = run_page(run, "contribute", 3)
    by_person = read_data(page)["by_person"]
    assert number == len(by_person) > 10
    assert all(1 <= len(items) <= 3 for items in by_person.values())
    item = next(iter(by_person.values()))[0]
    assert item["item"] == "commons/contribute"
    assert "common fund" in item["text"]
    assert "sections" not in item
    assert [option["key"] for option in item["options"]] == [str(amount) for amount in range(21)]


def test_an_unknown_template_is_named(run: Run) -> None:
    with pytest.raises(ConfigError, match="--template: unknown template 'give'; there is contribute"):
        run_page(run, "give", 3)


def write(path: Path, rows: Sequence[str], header: str = "person,item,question,answer,seconds") -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def test_saved_files_are_joined_and_a_later_one_counts(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", ["ann,trust,,agree,1.2", 'ann,why,,"so, there",3'])
    write(tmp_path / "b.csv", ["ben,trust,,disagree,2"])
    write(tmp_path / "c.csv", ["ann,trust,,disagree,2"])
    for place, name in enumerate("abc"):
        os.utime(tmp_path / f"{name}.csv", (place, place))
    assert [answer[:3] for answer in collect_answers(tmp_path)] == [
        ("ann", "trust", "disagree"), ("ben", "trust", "disagree")
    ]  # fmt: skip


def test_a_folder_without_saved_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no CSV file"):
        collect_answers(tmp_path)
    write(tmp_path / "a.csv", ["1,2"], "person,answer")
    with pytest.raises(DataError, match="has the columns person, answer; a saved file has person, item"):
        collect_answers(tmp_path)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "questionnaire takes one of --survey FILE"),
        (["--run", "{run}"], "questionnaire --run needs --template"),
        (["--survey", "{run}/nothing.yaml"], "cannot read the survey"),
    ],
)
def test_a_mistake_gets_a_sentence(
    words: Sequence[str], complaint: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [word.format(run=run.folder) for word in words]
    assert main(["questionnaire", *filled, "--to", str(tmp_path / "page.html")]) == 1
    assert complaint in capsys.readouterr().err


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_person_fills_it_in_with_the_keyboard_and_saves_a_file(width: int, scheme: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(survey_page(SURVEY), encoding="utf-8")
    (tmp_path / "saved").mkdir()
    with open_browser(width, color_scheme=scheme) as page:
        page.goto((tmp_path / "page.html").as_uri())
        page.keyboard.press("Enter")
        assert page.locator("#error").inner_text() == "Please write an answer."
        page.keyboard.type("ann, the first")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        assert page.locator("#error").inner_text() == "Please choose an answer."
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert page.locator("#count").inner_text() == "2 of 3"
        page.get_by_label("buy, or sell").check()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=tmp_path / "page.png")
        page.get_by_role("button", name="Next").click()
        page.get_by_label("Why?").fill("one two three four")
        page.get_by_role("button", name="Next").click()
        assert page.locator("#error").inner_text() == "Please use at most 3 words."
        page.get_by_label("Why?").fill('"so" it\nis')
        page.get_by_role("button", name="Next").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Save my answers").click()
        download.value.save_as(tmp_path / "saved" / download.value.suggested_filename)
        assert page.title() == "Questionnaire"
    assert collect_answers(tmp_path / "saved") == [
        HumanAnswer("ann, the first", "trust", "disagree", 2),
        HumanAnswer("ann, the first", "next", "buy, or sell", 3),
        HumanAnswer("ann, the first", "why", '"so" it\nis', 4),
    ]
    assert main(["questionnaire", "--collect", str(tmp_path / "saved"), "--to", str(tmp_path / "humans.csv")]) == 0
    assert (tmp_path / "humans.csv").read_text(encoding="utf-8").startswith("person,item,answer\n")


@needs_browser
def test_only_people_of_the_run_are_asked(run: Run, tmp_path: Path) -> None:
    text, _ = run_page(run, "contribute", 1)
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    person = next(iter(read_data(text)["by_person"]))
    with open_browser() as page:
        page.goto((tmp_path / "page.html").as_uri())
        for name, shown in (("toString", "#error"), (person, "#count")):
            page.locator("#value").fill(name)
            page.get_by_role("button", name="Next").click()
            assert page.locator(shown).inner_text()
        assert page.locator("label.option").count() == 21
