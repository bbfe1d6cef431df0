"""Revisions are asked as the opinion world asks, and answered by its nearest legal step."""

import gzip
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sandbox.core.answer import Answer
from sandbox.core.form import Choose
from sandbox.core.question import check_answer
from sandbox.errors import DataError
from sandbox.prompting.render import render
from training.panels.estimates import Estimates
from training.panels.judgements import ESTIMATES, NEWS, load_topics, read_estimates
from training.panels.news import News
from training.panels.opinions import BEYOND, OpinionPanel, nearest_revision
from training.panels.panel import PanelDecision
from training.sources.source import Rejects
from worlds.opinion.member import STEPS, nearest_step, revision_form
from worlds.opinion.settings import Topic

DATA = Path(__file__).parents[4] / "shared" / "data"
COLUMNS = ("subject_id", "is_central", "response_1", "response_2", "response_3", "mean.neighbor.time1",
           "mean.neighbor.time2")  # fmt: skip


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as a compressed CSV file; return its path."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        pd.DataFrame(rows).to_csv(file, index=False)
    return path


def estimates(network: str, *people: tuple[Any, ...], group: int = 1, split: str = "train") -> list[dict[str, Any]]:
    """Return the rows of one group that estimated one amount."""
    common = {"group_number": group, "network": network, "task": "1a", "truth": 550, "split": split}
    return [{**common, **dict(zip(COLUMNS, person, strict=True))} for person in people]


def read(panel: OpinionPanel) -> tuple[list[PanelDecision], Rejects]:
    """Return the decisions of a panel of one file, and what was rejected."""
    [path] = panel.files()
    rejects = Rejects(panel.name, path)
    return list(panel.read_decisions(path, rejects)), rejects


def read_rows(folder: Path, rows: list[dict[str, Any]]) -> tuple[list[PanelDecision], Rejects]:
    """Return the decisions of a made-up file of estimates, and what was rejected."""
    return read(Estimates(name="estimates", path=str(write_table(folder / "e.gz", rows)), persona_share=0.5))


def test_a_prompt_is_what_the_world_renders_for_the_same_situation(tmp_path: Path) -> None:
    rows = estimates("Decentralized", ("a", None, 100, 120, 120, 200, 150), ("b", None, 300, 300, 300, 100, 120))
    (first, second, *_), rejects = read_rows(tmp_path, rows)
    assert render(first.question).user == (
        "About you: \n\nHow large is the amount in the picture? Who is nearer to the truth earns more.\n"
        "Your answer is 100. 4 others say 200 on average.\nWhat is your answer now?\n* 0: A\n* 25: B\n* 50: C\n"
        "* 75: D\n* 90: E\n* 100: F\n* 110: G\n* 125: H\n* 150: I\n* 175: J\n* 200: K\n* 250: L"
    )
    assert "You remember:\n- You said 100, the others 200 on average.\n" in render(second.question).user
    assert "At first you said 100. Your answer is 120. 4 others say 150 on average." in render(second.question).user
    assert (first.answer, second.answer) == ("0.25", "0")
    assert (first.record, second.record) == ("estimate_1a/0/revise", "estimate_1a/1/revise")
    assert rejects.number == 0


def test_everybody_in_a_centralised_network_sees_one_who_sees_all(tmp_path: Path) -> None:
    people = [("a", True, 100, 120, 120, 250, 150), ("b", False, 300, 300, 300, 100, 120),
              ("c", False, 200, 200, 200, 100, 120)]  # fmt: skip
    decisions, _ = read_rows(tmp_path, estimates("Centralized", *people))
    assert [decision.question.facts["num_others"] for decision in decisions] == [2, 2, 1, 1, 1, 1]


def test_who_is_alone_knows_nobodys_answer(tmp_path: Path) -> None:
    decisions, _ = read_rows(tmp_path, estimates("Solo", ("a", None, 100, 100, 5000, None, None)))
    assert [(decision.answer, decision.note) for decision in decisions] == [("0", ""), ("2", BEYOND)]
    assert all("You do not know what others say." in render(decision.question).user for decision in decisions)


def test_missing_answers_end_a_persons_decisions_and_are_counted(tmp_path: Path) -> None:
    people = [("a", None, None, 1, 1, 2, 2), ("b", None, 5, None, 5, 2, 2), ("c", None, 5, 5, 5, 2, None)]
    decisions, rejects = read_rows(tmp_path, estimates("Decentralized", *people))
    assert [(decision.person, decision.record) for decision in decisions] == [("c", "estimate_1a/0/revise")]
    assert rejects.table()["reason"].to_list() == [
        "no first answer",
        "no revised answer",
        "no mean of those whom the person saw",
    ]


def test_news_are_judged_with_the_persons_party_and_the_mean_of_all_others(tmp_path: Path) -> None:
    common = {"trialID": 11, "question": "stim9_politics_true.png", "condition": "Probabilistic", "correctanswer": 100}
    people = [("a", "Republican", 0, 50, 60), ("b", "No.ID", 30, 20, 10), ("c", "Democratic", 90, 90, 90)]
    names = ["user", "poli.party", "response_1", "response_2", "response_3"]
    rows = [{**common, **dict(zip(names, row, strict=True))} for row in people]
    binary = {**rows[0], "condition": "Binary", "correctanswer": "Yes", "trialID": 12}
    path = write_table(tmp_path / "n.gz", [*rows, binary])
    decisions, rejects = read(News(name="news", path=str(path), persona_share=0))
    assert rejects.number == 0
    assert [decision.question.facts["party"] for decision in decisions[::2]] == ["Republican", "none", "Democratic"]
    assert [decision.question.facts["others"] for decision in decisions] == [60, 55, 45, 70, 15, 35]
    assert {decision.question.facts["num_others"] for decision in decisions} == {2}
    assert [decision.answer for decision in decisions] == ["0.75", "1.5", "-0.75", "-0.25", "0", "0"]
    assert {decision.split for decision in decisions} == {"val"}
    assert "You feel close to this party: Republican." in render(decisions[0].question).user
    assert "party" not in render(decisions[2].question).user


def test_the_answer_is_the_nearest_step_of_the_world() -> None:
    topic = Topic(kind="k", text="t", first=(0, 100), decimals=3)
    form, follows = revision_form(40.0, 60.0, topic)
    assert follows
    for share in (-4, -1.3, -0.2, -0.01, 0, 0.01, 0.3, 0.6, 1.2, 1.3, 9):
        answer, note = nearest_revision(form, 40.0, topic.legalise(max(0.0, 40 + 20 * share)))
        assert float(answer) == nearest_step(share)
        assert (note == BEYOND) == (share > max(STEPS) or 40 + 20 * share < 10)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    rows = estimates("Solo", ("a", None, 100, "many", 5, None, None))
    with pytest.raises(DataError, match=r"e\.gz, line 2: response_2 is 'many'; it must be a number"):
        read_rows(tmp_path, rows)
    with pytest.raises(DataError, match=r"e\.gz lacks the column split"):
        read_rows(tmp_path, [{name: value for name, value in rows[0].items() if name != "split"}])
    with pytest.raises(DataError, match=r"line 2: network is 'Ring'; networks are Solo"):
        read_rows(tmp_path, estimates("Ring", ("a", None, 1, 1, 1, None, None)))
    wrong = [*estimates("Solo", ("a", None, 1, 1, 1, None, None)),
             *estimates("Solo", ("b", None, 1, 1, 1, None, None), split="test")]  # fmt: skip
    with pytest.raises(DataError, match="the group 1 is in the splits test and train"):
        read_rows(tmp_path, wrong)
    with pytest.raises(DataError, match=r"unknown topic 'estimate_99'.* Add it to conf/world/opinion\.yaml"):
        read_rows(tmp_path, [{**row, "task": "99"} for row in estimates("Solo", ("a", None, 1, 1, 1, None, None))])
    (tmp_path / "e.gz").write_text("no gzip")
    with pytest.raises(DataError, match="cannot be read as a compressed CSV file"):
        read_estimates(tmp_path / "e.gz")


needs_data = pytest.mark.skipif(
    not ((DATA / ESTIMATES).exists() and (DATA / NEWS).exists()), reason="the experiments are not on this machine"
)


@needs_data
@pytest.mark.parametrize(("kind", "file"), [(Estimates, ESTIMATES), (News, NEWS)])
def test_the_questions_of_real_people_have_what_they_saw(kind: type[OpinionPanel], file: str) -> None:
    panel = kind(name="panel", path=str(DATA / file), persona_share=0.5)
    topics, num_people = load_topics(), 0
    decisions = {(decision.person, decision.record): decision for decision in read(panel)[0]}
    for group in panel.read_groups(DATA / file)[::3]:
        for judgement in group.judgements[:2]:
            topic = topics[judgement.topic]
            for place, person in enumerate(judgement.people[:5]):
                decision = decisions.get((person, f"{judgement.topic}/1/revise"))
                if decision is None:
                    continue
                num_people += 1
                facts, form = decision.question.facts, decision.question.form
                first, own, said = (topic.legalise(float(row[place])) for row in judgement.opinions)
                mean = float(judgement.others[1][place])
                assert (facts["first"], facts["own"]) == (first, own)
                assert facts["others"] == (None if group.treatment == "alone" else mean)
                assert isinstance(form, Choose)
                check_answer(decision.question, Answer(decision.answer, "human"))
                chosen = form.objects[form.index(decision.answer)]
                assert (chosen == own) == (said == own)
                assert not math.isnan(said)
    assert num_people >= 20
