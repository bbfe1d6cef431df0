"""A person plays agents of a running world through the page, and the run is like any other."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.minds.desk import Desk
from sandbox.cli.main import main
from sandbox.core.form import Write, choose
from sandbox.errors import ConfigError
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.browser import needs_browser, open_browser
from tests.conftest import make_question

RUMOR = ("world=rumor", "population.size=12", "graph.degree=6", "steps=4", "mind=human", "reactions=0", "null_worlds=0")


def start(folder: Path, *overrides: str) -> Run:
    return Run.start([*RUMOR, *overrides, f"run_dir={folder}"])


def play(run: Run, person: Callable[[str], None]) -> None:
    """Bring a run to its end while a person, who is given the link, plays in another thread."""
    players: list[threading.Thread] = []

    def notify(text: str) -> None:
        if "open http" in text:
            players.append(threading.Thread(target=person, args=(text.partition("open ")[2],), daemon=True))
            players[0].start()

    run.resume(Progress(), notify)
    players[0].join(30)


def logged(run: Run) -> list[dict[str, Any]]:
    """Return the rows of a run's log."""
    with closing(run.log()) as log:
        return list(log.decisions())


def answer_all(choose_option: Callable[[dict[str, Any]], str]) -> Callable[[str], None]:
    """Return a person who answers every question that the page would show."""

    def person(link: str) -> None:
        base, _, token = link.partition("?")
        with httpx.Client(base_url=base, params=token, timeout=60) as client:
            while not (reply := client.get("question").json()).get("done"):
                if question := reply.get("question"):
                    given = {"number": question["number"], "value": choose_option(question)}
                    assert client.post("answer", json=given).status_code == 200

    return person


def test_a_person_decides_for_an_agent_and_rules_for_the_others(tmp_path: Path) -> None:
    run = start(tmp_path / "run", "mind.agents=[1,2,3,4,5,6]", "world.first=3")
    texts: list[str] = []

    def tell_first(question: dict[str, Any]) -> str:
        texts.append(question["text"])
        assert [section["title"] for section in question["sections"]][:2] == ["Where you are", "Who you are"]
        return question["options"][0]["key"]

    play(run, answer_all(tell_first))
    assert texts
    assert {row["position"] for row in logged(run) if row["source"] == "human"} == {0}
    rows = [(row["agent"], row["source"]) for row in logged(run)]
    assert {source for agent, source in rows if agent <= 6} == {"human"}
    assert {source for agent, source in rows if agent > 6} == {"rule"}
    assert len(texts) == sum(source == "human" for _, source in rows)
    again = Run(run.folder)
    assert again.replay()[0].now == 4
    assert again.manifest.minds["main"] == {"mind": "human", "agents": [1, 2, 3, 4, 5, 6], "others": {"mind": "rule"}}


@pytest.fixture
def desk() -> Any:
    desk = Desk(0)
    yield desk
    desk.close()


def ask(desk: Desk, form: Any) -> tuple[list[str], threading.Thread]:
    """Put a question on the desk; return where its answer will be."""
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(desk.ask({"text": "?"}, make_question(form))), daemon=True)
    thread.start()
    return answers, thread


def test_without_the_token_or_from_another_site_nothing_is_shown(desk: Desk) -> None:
    base = desk.url.partition("?")[0]
    assert httpx.get(base).status_code == 403
    assert httpx.get(f"{base}question?token=x").status_code == 403
    assert httpx.post(f"{base}answer", json={"number": 1, "value": "a"}).status_code == 403
    assert httpx.get(desk.url, headers={"Host": "evil.example:80"}).status_code == 403
    page = httpx.get(desk.url)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert httpx.get(desk.url.replace("/?", "/etc?")).status_code == 404


@pytest.mark.parametrize(
    ("form", "wrong", "complaint", "right"),
    [
        (choose("tea", "milk"), "beer", "This is none of the options.", "milk"),
        (choose(" tea", "milk"), "tea", "This is none of the options.", " tea"),
        (Write(2), "one two three", "Please use at most 2 words.", "one two"),
        (Write(2), "  ", "Please answer.", "yes"),
    ],
)
def test_an_illegal_answer_is_explained_and_asked_again(
    desk: Desk, form: Any, wrong: str, complaint: str, right: str
) -> None:
    answers, thread = ask(desk, form)
    number = httpx.get(desk.url.replace("/?", "/question?")).json()["question"]["number"]
    link = desk.url.replace("/?", "/answer?")
    for value, status, error in ((wrong, 400, complaint), (right, 200, ""), (right, 400, "This question was answered")):
        reply = httpx.post(link, json={"number": number, "value": value})
        assert reply.status_code == status
        assert reply.json()["error"].startswith(error)
    assert httpx.post(link, content=b"{").status_code == 400
    assert httpx.post(link, content=b"[" * 90_000).status_code == 400
    assert httpx.post(link, content=b"x" * 100_001).status_code == 413
    thread.join(10)
    assert answers == [right]


def test_a_port_that_is_taken_is_named(desk: Desk) -> None:
    port = int(desk.url.partition("?")[0].rstrip("/").rpartition(":")[2])
    with pytest.raises(ConfigError, match=f"mind.port={port} cannot be used"):
        Desk(port)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (["reactions=8"], "mind asks a person, who is not asked the same again with a fact changed: add reactions=0"),
        (["mind.agents=[]"], "mind.agents"),
        (["mind.agents=[0]"], "mind.agents names 0, but agents are numbered 1 to 12"),
        (["mind.agents=[1,99]"], "mind.agents names 99, but agents are numbered 1 to 12"),
        (["mind.others={_target_: agents.minds.human.HumanMind}"], "mind.others must name another mind"),
    ],
)
def test_wrong_settings_are_refused_at_the_start(
    changes: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *RUMOR, *changes, f"run_dir={tmp_path / 'run'}"]) == 1
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@needs_browser
def test_a_person_plays_in_the_browser(tmp_path: Path) -> None:
    run = start(tmp_path / "run", "mind.agents=[1,2,3,4,5,6]", "world.first=6", "steps=2")
    shown: list[str] = []

    def person(link: str) -> None:
        with open_browser() as page:
            page.goto(link)
            while "ended" not in page.locator("#status").inner_text():
                if page.locator("#form").is_hidden():
                    page.wait_for_timeout(20)  # the others are deciding
                    continue
                shown.append(page.locator("legend").inner_text())
                page.screenshot(path=tmp_path / "page.png")
                page.locator("label.option").first.click()
                with page.expect_response("**/answer*"):
                    page.get_by_role("button", name="Next").click()

    play(run, person)
    assert len(shown) == sum(row["source"] == "human" for row in logged(run)) > 0
    assert "Do you pass it on now?" in shown[0]
