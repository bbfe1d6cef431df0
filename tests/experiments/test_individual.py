"""Scores of held-out people go to the arms that they are about, and to no others."""

from pathlib import Path

import pytest

from experiments.individual import evaluated_models, evaluation_scores, individual_rows, unscored_forms
from experiments.scorecard import COLUMNS
from sandbox.runtime.config import load_run_config

SCORES = """model,control,form,metric,value,low,high,tasks,users
uniform,own,stars,nll,1.6,1.6,1.6,9,5
last,own,stars,nll,1.0,0.9,1.1,9,5
own stars,own,stars,nll,0.9,0.8,1.0,9,5
majority,own,stars,nll,0.8,0.7,0.9,9,5
base,own,stars,nll,2.0,1.8,2.2,9,5
humanllm,own,stars,nll,1.2,1.0,1.4,9,5
humanllm,shuffled,stars,nll,1.5,1.4,1.6,9,5
uniform,own,"stars, hard options",nll,1.0,1.0,1.0,9,5
uniform,own,reply,nll,0.7,0.7,0.7,9,5
majority,own,reply,nll,0.69,0.6,0.8,9,5
base,own,reply,nll,0.9,0.8,1.0,9,5
base,own,post,nll per character,0.9,0.8,1.0,9,5
base,own,general prose,nll per character,0.9,0.8,1.0,9,5
"""
TWO_MINDS = "minds=[base,humanllm]"


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text(SCORES, encoding="utf-8")
    return path


def test_arms_are_scored_between_a_uniform_guess_and_the_best_simple_predictor(scores: Path) -> None:
    arms = {"base:on": "base", "base:off": "base", "tuned": "humanllm", "else": "another"}
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in individual_rows(scores, arms)]
    assert [(row["arm"], row["item"], row["against"]) for row in rows] == [
        (arm, "stars_choices", "predictor") for arm in ("base:on", "base:off", "tuned")
    ]
    assert [row["score"] for row in rows] == pytest.approx([-0.5, -0.5, 0.5])
    assert (rows[2]["low"], rows[2]["high"]) == pytest.approx((0.25, 0.75))


def test_forms_that_are_not_scored_are_named(scores: Path) -> None:
    without_baseline, texts = unscored_forms(scores)
    assert without_baseline.startswith("reply (no simple predictor")
    assert texts.startswith("post (texts")


@pytest.mark.parametrize(
    ("overrides", "models"),
    [
        ([TWO_MINDS], {"base": "base", "humanllm": "humanllm"}),
        ([TWO_MINDS, "mind.adapters.humanllm=/tmp/another"], {"base": "base"}),
        (["minds=[base,tuned]", "+mind.adapters.tuned=shipped"], {"base": "base", "tuned": "humanllm"}),
        ([], {"main": "humanllm"}),
        (["mind=base"], {"main": "base"}),
        (["mind=server"], {}),
        (["mind=rule", "minds=[rule,random]", "+mind@extra_minds.random=random"], {}),
        ([TWO_MINDS, "+assignment.seller=humanllm"], {}),
    ],
)
def test_an_arm_has_scores_if_its_model_was_evaluated(overrides: list[str], models: dict[str, str]) -> None:
    assert evaluated_models(load_run_config(overrides)) == models


def test_crossed_arms_have_scores_too() -> None:
    crossed = load_run_config(["experiment=forced", "world=marketplace"])
    assert evaluated_models(crossed) == {
        f"{mind}:{treatment}": mind for mind in ("base", "humanllm") for treatment in ("control", "forced")
    }


def test_the_scores_are_those_of_the_model() -> None:
    scores = evaluation_scores(load_run_config([TWO_MINDS]))
    assert scores is not None
    assert list(individual_rows(scores, {"base": "base"})), "the evaluation that ships with the project is readable"
    assert evaluation_scores(load_run_config([TWO_MINDS, "model=another/model"])) is None
