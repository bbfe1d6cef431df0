"""Reaction as a level of the scorecard, and the sentences with which reports begin."""

import math
from pathlib import Path

import pandas as pd
import pytest

from experiments.analysis import analyse_run
from experiments.frames import to_records
from experiments.reactions import ratio_score, reaction_rows, score_interval, summarize_reactions
from experiments.reports.report import write_report
from sandbox.output.reactions import describe_rows
from sandbox.runtime.reaction_tables import SLOPE_COLUMNS
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from worlds.marketplace import Marketplace

SMALL = ("world=marketplace", "population.size=30", "steps=8", "seeds=[0,1]", "reactions=10", "experiment=marketplace")


def slopes_of(arm: str, slope: float, verdict: str) -> pd.DataFrame:
    numbers = (slope, slope - 0.1, slope + 0.1, 24, 1, 0.1, 0.49, 0.0, 0.4, 0.3, 0.5)
    return pd.DataFrame([(arm, "stars_by_experience", *numbers, verdict)], columns=list(SLOPE_COLUMNS))


def score_of(slope: float, mind: str = "humanllm") -> list[tuple[float, float, float]]:
    rows = reaction_rows(slopes_of("a", slope, "reacts"), Marketplace, {"a": mind})
    return [row[4:7] for row in rows]


def test_a_score_is_the_ratio_to_the_reference_or_its_inverse() -> None:
    assert [ratio_score(ratio) for ratio in (-1.0, 0.0, 0.5, 1.0, 2.0)] == [0.0, 0.0, 0.5, 1.0, 0.5]
    assert math.isnan(ratio_score(math.nan))


def test_the_interval_of_a_score_contains_1_if_the_ratio_may_be_1() -> None:
    assert score_interval(0.5, 2.0) == (0.5, 1.0)
    assert score_interval(2.0, 4.0) == (0.25, 0.5)
    assert score_interval(-1.0, 0.5) == (0.0, 0.5)


def test_a_flat_arm_scores_0_and_one_like_people_scores_1() -> None:
    assert score_of(0.4)[0][0] == pytest.approx(1)
    assert score_of(-0.2) == [(0, 0, 0)]
    score, low, high = score_of(0.2)[0]
    assert (score, low, high) == pytest.approx((0.5, 0.1 / 0.5, 1.0))


def test_random_people_are_not_scored() -> None:
    assert score_of(0.4, "random") == []


def test_a_report_names_every_failure_before_anything_else() -> None:
    first, second = summarize_reactions(slopes_of("humanllm", 0.02, "flat"), Marketplace, ["humanllm"])
    assert first == "humanllm: agents do not react to the one fact that should move them (1 flat)."
    assert second == (
        "humanllm is not realistic in what follows from these, however near its averages are: The experience hardly "
        "moves the stars given: +0.02 [-0.08, +0.12] stars per step of experience; real people +0.40, rule agents "
        "+0.49 (n = 24)."
    )


def test_slopes_of_people_in_other_data_stand_beside_the_reference() -> None:
    slopes = slopes_of("base", -0.2, "weak").assign(reaction="choice_by_price", people=-1.396, direction=-1)
    [sentence] = describe_rows(slopes, Marketplace.reactions)
    assert "real people -1.40 (in other data -1.83, -3.63, -1.92), rule agents" in sentence


def test_a_comparison_scores_and_reports_reactions(tmp_path: Path) -> None:
    minds = ("minds=[rule,random,chance]", "+mind@extra_minds.chance=random")
    run = Run.start([*SMALL, *minds, f"run_dir={tmp_path / 'run'}"])
    analysis = analyse_run(run, run.resume(Progress(), lambda _: None))
    scores = [row for row in to_records(analysis.tables["scorecard"]) if row["level"] == "reaction"]
    by_arm = {arm: {row["item"]: row["score"] for row in scores if row["arm"] == arm} for arm in ("rule", "chance")}
    assert set(by_arm["chance"].values()) == {0.0}
    assert len(by_arm["chance"]) == len(Marketplace.reactions)
    assert min(by_arm["rule"].values()) > 0.3
    page, *_ = write_report(analysis, [])
    text = page.read_text(encoding="utf-8")
    assert "chance is not realistic in what follows from these" in text
    assert text.index("chance: agents react to 0 of the 11 facts") < text.index("Stylised facts")
