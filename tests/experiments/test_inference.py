"""What simulated answers say about people, with some real answers: files in, estimates out."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.answers import read_humans, read_scales, read_simulated
from experiments.frames import column, rows_where, to_records
from experiments.inference import describe_inference, infer
from experiments.survey import SurveyItem
from sandbox.cli.main import main
from sandbox.errors import ConfigError, DataError
from sandbox.tables import write_table
from tests.conftest import Overrides

NUM_PEOPLE, NUM_ANSWERED = 400, 60
SURVEY = """
items:
  - {id: trust, kind: likert, text: Most people can be trusted.}
  - {id: next, kind: choice, text: What comes next, options: [more, less]}
  - {id: why, text: Say why}
"""


def write_answers(folder: Path) -> Path:
    """Write simulated answers that lie one step too high on a scale, and a choice that says nothing."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(NUM_PEOPLE):
        expected = 1.5 + 3 * number / NUM_PEOPLE
        person = {"arm": "base", "profile": f"p{number}", "source": "model"}
        rows.append({**person, "item": "trust", "answer": "agree", "number": 4, "expected": min(expected + 1, 5)})
        rows.append({**person, "item": "next", "answer": ("more", "less")[rng.integers(2)], "number": 1})
        rows.append({**person, "item": "why", "answer": "Because."})
    write_table(pd.DataFrame(rows), folder / "survey-at-3")
    (folder / "survey-at-3.yaml").write_text(SURVEY, encoding="utf-8")
    return folder / "survey-at-3.csv"


def write_humans(path: Path, rows: Sequence[str], header: str = "person,item,answer") -> Path:
    """Write real answers."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def real_answers() -> list[str]:
    """Return what a random sample of the people would really answer: a step less, by number and by label."""
    rng = np.random.default_rng(1)
    rows: list[str] = []
    for number in rng.permutation(NUM_PEOPLE)[:NUM_ANSWERED]:
        stars = int(np.clip(round(1.5 + 3 * number / NUM_PEOPLE + rng.normal(0, 0.3)), 1, 5))
        rows.append(f"p{number},trust,{'strongly disagree' if stars == 1 else stars}")
        rows.append(f"p{number},next,{'more' if rng.random() < 0.7 else 'less'}")
    return rows


def test_a_biased_simulation_is_rectified_and_its_worth_is_said(tmp_path: Path) -> None:
    answers, notes = write_answers(tmp_path), []
    humans = read_humans(write_humans(tmp_path / "pilot.csv", [*real_answers(), "stranger,trust,3", "p1,trust,"]))
    table = infer(read_simulated(answers), humans, read_scales(answers), False, notes.append)
    assert notes == ["1 of the people of the file were not simulated, so they are left out: stranger"]
    trust, more, less = to_records(table)
    assert [row["option"] for row in (trust, more, less)] == ["", "more", "less"]
    truth = 1.5 + 3 * (NUM_PEOPLE - 1) / NUM_PEOPLE / 2
    assert trust["num_people"] == NUM_ANSWERED
    assert trust["num_simulated"] == NUM_PEOPLE
    assert trust["rectified_low"] < truth < trust["rectified_high"]
    assert trust["simulated_low"] > truth
    assert trust["bias_low"] > 0.8
    assert trust["rectified_high"] - trust["rectified_low"] < 0.7 * (trust["human_high"] - trust["human_low"])
    assert trust["extra_people"] > 60
    assert more["rectified"] == pytest.approx(1 - less["rectified"])
    assert more["rectified_low"] < 0.7 < more["rectified_high"]
    assert more["extra_people"] < 10
    text = "\n".join(describe_inference(table))
    assert "no estimate of people: it is off by" in text
    assert "worth about" in text


def test_repeated_answers_of_one_person_are_averaged(tmp_path: Path) -> None:
    answers = write_answers(tmp_path)
    rows = ["p1,trust,2", "p1,trust,4", "p2,trust,3", "p3,trust,3"]
    humans = read_humans(write_humans(tmp_path / "h.csv", rows))
    (row,) = to_records(infer(read_simulated(answers), humans, read_scales(answers), False, lambda _: None))
    assert (row["num_people"], row["human"]) == (3, 3)


def test_five_equal_answers_are_not_certain(tmp_path: Path) -> None:
    answers = write_answers(tmp_path)
    rows = [*(f"p{n},next,more" for n in range(5)), *(f"p{n},trust,3" for n in range(5)), "p1,why,Because I can."]
    notes: list[str] = []
    humans = read_humans(write_humans(tmp_path / "h.csv", rows))
    trust, more, less = to_records(infer(read_simulated(answers), humans, read_scales(answers), False, notes.append))
    assert notes == ["why: open answers have neither a mean nor shares, so they are left out"]
    assert np.isnan(trust["human_low"])
    exact = stats.binomtest(5, 5).proportion_ci(0.95)
    assert (more["human"], more["human_low"], more["human_high"]) == (1, pytest.approx(exact.low), 1)
    assert (less["rectified"], less["rectified_low"], less["rectified_high"]) == (0, 0, pytest.approx(1 - exact.low))


def test_a_scale_of_digits_means_its_labels(tmp_path: Path) -> None:
    scale = [str(number) for number in range(11)]
    item = {"satisfied": SurveyItem(id="satisfied", kind="likert", text="Satisfied", options=scale)}
    row = {"arm": "a", "item": "satisfied", "answer": "7", "number": 8, "expected": 8.0, "source": "model"}
    write_table(pd.DataFrame([{**row, "profile": f"p{n}"} for n in range(10)]), tmp_path / "s")
    humans = read_humans(write_humans(tmp_path / "h.csv", ["p0,satisfied,7", "p1,satisfied,7.0", "p2,satisfied,7"]))
    (row,) = to_records(infer(read_simulated(tmp_path / "s.csv"), humans, item, False, lambda _: None))
    assert (row["human"], row["bias"]) == (8, 0)


def test_copies_of_a_person_are_that_person(tmp_path: Path) -> None:
    ids = ["p1", "p2", "p3", "p1#2", "q#2"]
    rows = [{"arm": "a", "profile": name, "item": "x", "answer": "1", "source": "model"} for name in ids]
    write_table(pd.DataFrame(rows), tmp_path / "s")
    assert list(read_simulated(tmp_path / "s.csv")["person"]) == ["p1", "p2", "p3", "p1", "q#2"]


def test_decisions_without_an_order_have_shares_of_their_options(tmp_path: Path) -> None:
    form = {"type": "choose", "options": [{"key": "10"}, {"key": "20"}, {"key": "30"}]}
    content = json.dumps(["songs/page", {}, form])
    row = {"arm": "a", "template": "songs/page", "answer": "10", "source": "model", "content": content}
    write_table(pd.DataFrame([{**row, "profile": f"p{n}"} for n in range(9)]), tmp_path / "d")
    humans = read_humans(write_humans(tmp_path / "h.csv", ["p1,page,20", "p2,page,10"]))
    table = infer(read_simulated(tmp_path / "d.csv"), humans, {}, False, lambda _: None)
    assert list(table["option"]) == ["10", "20", "30"]


def test_numbers_of_decisions_need_no_survey(tmp_path: Path) -> None:
    rows = [
        {"arm": "a", "profile": f"p{n}", "template": "commons/contribute", "answer": str(n % 20), "source": "model"}
        for n in range(100)
    ]
    write_table(pd.DataFrame(rows), tmp_path / "decisions")
    simulated = read_simulated(tmp_path / "decisions.csv")
    humans = read_humans(write_humans(tmp_path / "h.csv", [f"p{n},contribute,{n % 20}" for n in range(40)]))
    (row,) = to_records(infer(simulated, humans, {}, False, lambda _: None))
    assert row["item"] == "commons/contribute"
    assert row["rectified"] == pytest.approx(9.5, abs=0.2)
    assert row["bias"] == 0


@pytest.mark.parametrize(
    ("header", "rows", "complaint"),
    [
        ("id,answer", ["p1,3"], "names no column 'person', found id, answer; add it"),
        ("person,item,answer", [",trust,3"], "line 2 has no person"),
        ("person,item,answer", ["p1,trust,"], "has no answer"),
    ],
)
def test_a_bad_file_gets_one_sentence(header: str, rows: Sequence[str], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=complaint):
        read_humans(write_humans(tmp_path / "h.csv", rows, header))


@pytest.mark.parametrize(
    ("row", "kind", "complaint"),
    [
        ("p1,trust,6", DataError, "line 2: '6' is no answer to trust; give 1 to 5, or one of strongly disagree"),
        ("p1,next,mor", DataError, "line 2: .*'mor'.*more"),
        ("p1,trusts,3", ConfigError, "line 2: .*'trusts'.*trust"),
        ("p1,,3", ConfigError, "line 2 names no item, and the simulated people answered 3"),
        (
            "nobody,trust,3",
            ConfigError,
            "nobody of the file was simulated; its people are nobody, the",
        ),
    ],
)
def test_a_bad_answer_is_named_with_its_line(row: str, kind: type[Exception], complaint: str, tmp_path: Path) -> None:
    answers = write_answers(tmp_path)
    humans = read_humans(write_humans(tmp_path / "h.csv", [row]))
    with pytest.raises(kind, match=complaint):
        infer(read_simulated(answers), humans, read_scales(answers), False, lambda _: None)


def test_open_questions_have_no_mean(tmp_path: Path) -> None:
    answers = write_answers(tmp_path)
    simulated = read_simulated(answers)
    only_open = {"why": SurveyItem(id="why", text="Why?")}
    with pytest.raises(ConfigError, match="open answers have neither a mean nor shares"):
        infer(rows_where(simulated, column(simulated, "item") == "why"), [], only_open, True, lambda _: None)


def test_a_table_that_is_none_of_answers_is_refused(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"arm": ["a"]}), tmp_path / "metrics")
    with pytest.raises(DataError, match="has no column 'person', so it holds no answers"):
        read_simulated(tmp_path / "metrics.csv")
    with pytest.raises(DataError, match="is not there; `python -m sandbox ask` writes it"):
        read_simulated(tmp_path / "nothing.csv")


def test_an_interview_becomes_an_estimate(
    rule_market: Overrides, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, survey = tmp_path / "run", tmp_path / "trust.yaml"
    overrides = [override for override in rule_market("seeds=[0]") if override != "mind=rule"]
    assert main(["run", *overrides, "mind=random"]) == 0
    survey.write_text("name: market\nagents: buyer\n" + SURVEY, encoding="utf-8")
    assert main(["ask", str(run), "--at", "2", "--survey", str(survey)]) == 0
    answers = run / "answers" / "market-at-2.csv"
    people = read_simulated(answers)["person"].unique()
    rows = [f"{person},trust,{2 + place % 3}" for place, person in enumerate(people[:8])]
    humans = write_humans(tmp_path / "h.csv", rows)
    capsys.readouterr()
    assert main(["infer", str(answers), "--humans", str(humans)]) == 0
    out, notes = capsys.readouterr()
    assert "trust, mean (main):" in out
    assert "n = 8" in out
    assert "no real person answered next; --simulation-only shows what simulated people say" in notes
    for suffix in (".csv", ".parquet", ".png", ".svg"):
        assert (run / "answers" / f"market-at-2-inference{suffix}").is_file()
    assert main(["infer", str(answers), "--simulation-only"]) == 0
    assert "says nothing about people: no real answer" in capsys.readouterr().out
    assert main(["infer", str(answers)]) == 1
    assert "simulated answers alone are no estimate of people" in capsys.readouterr().err
