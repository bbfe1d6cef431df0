"""Predictions are dated, cannot be edited unseen, and are held against people."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from experiments.frames import to_records
from experiments.people.effects import HumanEffect, write_effects
from experiments.prediction import (
    Forecast,
    Prediction,
    check_run,
    describe_scores,
    list_unanswered,
    read_prediction,
    score_prediction,
)
from sandbox.cli.main import main
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress

COMPARISON = (
    "world=rumor", "experiment=arms", "minds=[rule,random]", "seeds=[0,1,2,3]", "steps=3", "population.size=20",
    "outcomes=[spreader_share@last,stifler_share]", "reactions=0",
)  # fmt: skip


def effect(value: float, half_width: float = 0.1, treatment: str = "taxed", control: str = "free") -> HumanEffect:
    """Return what people did."""
    return HumanEffect(treatment, control, "sales", value, value - half_width, value + half_width, 9, "town")


def prediction_of(*forecasts: Forecast) -> Prediction:
    """Return a prediction that was never written."""
    return Prediction(Path("p.yaml"), datetime(2026, 1, 2, tzinfo=UTC), "0" * 64, 1, list(forecasts))


FORECAST = Forecast("base", "sales", "taxed", "free", -0.5, -1.0, 0.0, 8)


@pytest.mark.parametrize(
    ("people", "is_inside", "has_sign", "score"),
    [
        (effect(-0.6), True, True, 1.0),
        (effect(0.25), False, False, 1.0 + 40 * 0.25),
        (effect(-1.1), False, True, 1.0 + 40 * 0.1),
        (effect(0.05), False, None, 1.0 + 40 * 0.05),
    ],
)
def test_people_are_inside_or_outside(
    people: HumanEffect, is_inside: bool, has_sign: bool | None, score: float
) -> None:
    (row,) = to_records(score_prediction(prediction_of(FORECAST), [people]))
    assert (row["is_inside"], row["has_sign"]) == (is_inside, has_sign)
    assert row["interval_score"] == pytest.approx(score)
    assert row["error"] == pytest.approx(people.value + 0.5)


@pytest.mark.parametrize("is_effect", [False, True])
def test_intervals_of_people_who_are_as_simulated_hold_95_of_100(is_effect: bool) -> None:
    rng = np.random.default_rng(0)
    wanted = effect(math.nan)._replace(control="free" if is_effect else "")
    num_inside = 0
    for _ in range(2000):
        level = rng.normal(0, 2, size=8)  # of a seed, which both arms share
        arms = level + rng.normal(0, 0.5, size=(2, 8))
        people = rng.normal(0, math.hypot(2, 0.5), size=(2, 4)).mean(axis=1)
        if is_effect:
            values, sd, outcome = arms[0] - arms[1], math.hypot(*arms.std(axis=1, ddof=1)), people[0] - people[1]
        else:
            values, sd, outcome = arms[0], float(arms[0].std(ddof=1)), people[0]
        forecast = Forecast.of("base", wanted, values.tolist(), sd, 4)
        num_inside += forecast.low <= outcome <= forecast.high
    # Two standard deviations have more than seven degrees of freedom, so effects are held a little more often.
    assert 0.938 <= num_inside / 2000 <= (0.975 if is_effect else 0.962)


def test_counts_stand_beside_what_chance_would_give() -> None:
    mean = Forecast("base", "sales", "free", "", 3.0, 2.0, 4.0, 8)
    predicted = prediction_of(FORECAST, mean)
    table = score_prediction(predicted, [effect(-0.6), effect(3.5, treatment="free", control="")])
    *_, count, groups, date = describe_scores(predicted, table)
    assert groups.startswith("The intervals are for means of 1 group, but people were 4 and 9")
    assert count == "base: 2 of 2 inside; 1.9 would be if people were as simulated; 1 of 1 effects with people's sign."
    assert date.startswith("Predicted on 2026-01-02 00:00 UTC")


def test_an_effect_is_the_same_the_other_way_round() -> None:
    (row,) = to_records(score_prediction(prediction_of(FORECAST), [effect(0.6, treatment="free", control="taxed")]))
    assert (row["people"], row["is_inside"], row["has_sign"]) == (-0.6, True, True)
    assert row["people_low"] == pytest.approx(-0.7)


def test_what_people_have_no_value_for_is_named() -> None:
    predicted = prediction_of(FORECAST, Forecast("base", "sales", "free", "", 3.0, 2.0, 4.0, 8))
    table = score_prediction(predicted, [effect(-0.6)])
    assert list_unanswered(predicted, table)[0] == "People's file has no value for sales (free)."


def test_a_run_that_is_not_finished_or_a_branch_predicts_nothing(tmp_path: Path) -> None:
    run = Run.start([*COMPARISON, f"run_dir={tmp_path / 'run'}"])
    with pytest.raises(ConfigError, match="is not finished; resume it, then predict"):
        check_run(run)
    run.resume(Progress(), lambda _: None)
    check_run(run)
    branch = run.branch(2, ["world.text=It snows", f"run_dir={tmp_path / 'branch'}"])
    branch.resume(Progress(), lambda _: None)
    with pytest.raises(ConfigError, match="is a branch, whose steps have different settings"):
        check_run(branch)


def test_people_who_did_something_else_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"none of what p.yaml predicts, which is sales \(taxed − free\)"):
        score_prediction(prediction_of(FORECAST), [effect(1.0, treatment="untaxed")])


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a prediction from a comparison."""
    home = tmp_path_factory.mktemp("predicted")
    assert main(["compare", *COMPARISON, f"run_dir={home / 'run'}"]) == 0
    assert main(["predict", str(home / "run"), "--groups", "2", "--to", str(home / "plan.yaml")]) == 0
    return home / "plan.yaml"


def test_a_comparison_becomes_a_prediction_and_a_score(predicted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forecasts = read_prediction(predicted).forecasts
    assert [(one.mind, one.outcome) for one in forecasts] == [
        (mind, outcome) for outcome in ("spreader_share@last", "stifler_share") for mind in ("rule", "random")
    ]
    assert all(one.low <= one.value <= one.high for one in forecasts)
    rule = forecasts[0]
    people = [HumanEffect(rule.treatment, "", rule.outcome, rule.value, rule.value, rule.value, 3, "village")]
    write_effects(predicted.with_name("people.csv"), people)
    assert main(["score", str(predicted), "--humans", str(predicted.with_name("people.csv"))]) == 0
    out = capsys.readouterr().out
    assert "rule: 1 of 1 inside" in out
    assert predicted.with_name("plan-score.csv").is_file()


def edit(path: Path, old: str, new: str) -> Path:
    """Write an edited copy."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    copy = path.with_name("edited.yaml")
    copy.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


def test_an_edited_prediction_is_refused(predicted: Path) -> None:
    with pytest.raises(DataError, match="was edited after it was written"):
        read_prediction(edit(predicted, "groups: 2", "groups: 3"))
    with pytest.raises(DataError, match="is no prediction as `predict` writes it"):
        read_prediction(edit(predicted, "predictions:", "prediction:"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["{run}", "--to", "{plan}"], "is there already, and what was predicted is never replaced"),
        (["{run}", "--to", "{run}/no/plan.yaml"], "cannot write --to"),
    ],
)
def test_a_prediction_is_never_replaced(
    words: Sequence[str], complaint: str, predicted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {"run": predicted.with_name("run"), "plan": predicted}
    assert main(["predict", *(word.format(**paths) for word in words)]) == 1
    assert complaint in capsys.readouterr().err
