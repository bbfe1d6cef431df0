"""Scores of held-out people go to the arms that they are about, and to no others."""

from pathlib import Path

import pytest

from experiments.individual import contestants_of, individual_rows, left_out, scores_of
from experiments.scorecard import COLUMNS
from sandbox.run import read_config

SCORES = """contestant,who,form,figure,value,low,high,tasks,users
uniform,own,stars,nll,1.6,1.6,1.6,9,5
last,own,stars,nll,1.0,0.9,1.1,9,5
own stars,own,stars,nll,0.8,0.7,0.9,9,5
base,own,stars,nll,2.0,1.8,2.2,9,5
humanllm,own,stars,nll,1.2,1.0,1.4,9,5
humanllm,shuffled,stars,nll,1.5,1.4,1.6,9,5
uniform,own,"stars, hard options",nll,1.0,1.0,1.0,9,5
uniform,own,reply,nll,0.7,0.7,0.7,9,5
base,own,reply,nll,0.9,0.8,1.0,9,5
base,own,post,nll per character,0.9,0.8,1.0,9,5
base,own,general prose,nll per character,0.9,0.8,1.0,9,5
"""
BOTH = "minds=[base,humanllm]"


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text(SCORES, encoding="utf-8")
    return path


def test_arms_are_scored_between_a_uniform_guess_and_the_best_own_record(scores: Path) -> None:
    arms = {"base:on": "base", "base:off": "base", "tuned": "humanllm", "else": "other"}
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in individual_rows(scores, arms)]
    assert [(row["arm"], row["item"], row["against"]) for row in rows] == [
        (arm, "stars_choices", "people") for arm in ("base:on", "base:off", "tuned")
    ]
    assert [row["score"] for row in rows] == pytest.approx([-0.5, -0.5, 0.5])
    assert (rows[2]["low"], rows[2]["high"]) == pytest.approx((0.25, 0.75))


def test_forms_that_are_not_scored_are_named(scores: Path) -> None:
    bare, texts = left_out(scores)
    assert bare.startswith("reply (no guess")
    assert texts.startswith("post (texts")


@pytest.mark.parametrize(
    ("overrides", "found"),
    [
        ([BOTH], {"base": "base", "humanllm": "humanllm"}),
        ([BOTH, "mind.adapters.humanllm=/tmp/another"], {"base": "base"}),
        (["minds=[base,tuned]", "+mind.adapters.tuned=shipped"], {"base": "base", "tuned": "humanllm"}),
        ([], {"main": "humanllm"}),
        (["mind=base"], {"main": "base"}),
        (["mind=server"], {}),
        (["mind=rule", "minds=[rule,random]", "+mind@voices.random=random"], {}),
        ([BOTH, "+cast.seller=humanllm"], {}),
    ],
)
def test_an_arm_is_a_contestant_where_it_answers_as_one(overrides: list[str], found: dict[str, str]) -> None:
    assert contestants_of(read_config(overrides)) == found


def test_crossed_arms_are_contestants_too() -> None:
    crossed = read_config(["experiment=forced", "world=marketplace"])
    assert contestants_of(crossed) == {
        f"{mind}:{treatment}": mind for mind in ("base", "humanllm") for treatment in ("control", "forced")
    }


def test_the_scores_are_those_of_the_model() -> None:
    assert scores_of(read_config([BOTH])) is not None
    assert scores_of(read_config([BOTH, "model=another/model"])) is None
