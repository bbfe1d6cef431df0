"""Answers of real people are read as they were given; fitted revisers are those of the people."""

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.people.describe_topics import describe_topics
from experiments.people.fit_revisers import Revisions, collect_revisions, fit, kept_variance, log_likelihood
from experiments.people.measure_opinion import (
    TABLE,
    MeasuredArm,
    find_reference,
    measure_all,
    measure_outcomes,
    measure_table,
    read_arms,
    read_table,
    resample,
    weight_by_direction,
)
from sandbox.runtime.config import load_run_config
from training.panels.judgements import (
    ESTIMATES,
    NEWS,
    Group,
    NewsJudgement,
    load_topics,
    name_news,
    read_groups,
    read_news,
)
from worlds.opinion.member import STEPS
from worlds.opinion.rules import Reviser
from worlds.opinion.settings import Topic

PERCENT = Topic(kind="k", text="t", first=(0, 100), high=100, truth=100)


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        pd.DataFrame(rows).to_csv(file, index=False)


def test_estimates_are_read_as_they_were_given(tmp_path: Path) -> None:
    common = {"group_number": 3, "network": "Centralized", "task": "5a", "truth": 39, "split": "train"}
    people = [("a", 10, 20, None, 60, 50), ("b", 60, 60, 50, 10, 20)]
    names = ["subject_id", "response_1", "response_2", "response_3", "mean.neighbor.time1", "mean.neighbor.time2"]
    write_table(tmp_path / ESTIMATES, [{**common, **dict(zip(names, row, strict=True))} for row in people])
    [group] = read_groups(tmp_path)
    assert (group.id, group.split, group.treatment, group.num_people) == ("3", "train", "centralised", 2)
    history = group.history({"estimate_5a": PERCENT})
    assert (history.opinions[0] * PERCENT.scale + 50).tolist() == pytest.approx([10, 60])
    assert (history.others[1] * PERCENT.scale + 50).tolist() == pytest.approx([50, 20])
    assert np.isnan(history.opinions[2]).tolist() == [True, False]
    assert np.isnan(history.right[0]).all()


def test_news_are_read_as_they_were_judged_and_others_are_all_others(tmp_path: Path) -> None:
    common = {"trialID": 10, "question": "stim9_politics_true.png", "condition": "Probabilistic", "correctanswer": 100}
    people = [("a", "Republican", 0, 50, 60), ("b", "No.ID", 30, 20, 10), ("c", "Democratic", 90, 90, 90)]
    names = ["user", "poli.party", "response_1", "response_2", "response_3"]
    rows = [{**common, **dict(zip(names, row, strict=True))} for row in people]
    write_table(tmp_path / NEWS, [*rows, {**rows[0], "condition": "Binary", "trialID": 11}])
    [group] = read_news(tmp_path)
    assert (group.split, group.treatment) == ("test", "news")
    history = group.history({"politics_9": PERCENT})
    assert (history.others[0] * PERCENT.scale + 50).tolist() == pytest.approx([60, 45, 15])
    assert history.parties.tolist() == [1, -1, 0]
    assert [right.tolist() for right in history.right] == [[0, 0, 1], [0, 0, 1], [1, 0, 1]]


def test_news_are_named_by_what_they_are_about() -> None:
    assert name_news("stim1_false_political.png") == "politics_1"
    assert name_news("stim14_health_true.png") == "health_14"


def make_group(number: int, reviser: Reviser, rng: np.random.Generator) -> Group:
    """Return a group of people who revise as `reviser` says, four times."""
    stubborn = rng.random(40) < reviser.stubborn_share
    judgements: list[NewsJudgement] = []
    for _ in range(4):
        opinions, others = [rng.uniform(0, 100, 40)], []
        for _ in range(2):
            own, seen = opinions[-1], rng.uniform(0, 100, 40)
            distance = np.abs(seen - own) / PERCENT.scale
            log_odds = np.where(stubborn, reviser.stubborn_stay, reviser.stay) - reviser.pull * distance
            shares = rng.normal(reviser.weight, reviser.spread, 40)
            moves = np.array([step for step in STEPS if step])
            nearest = moves[np.abs(shares[:, None] - moves).argmin(axis=1)]
            stays = rng.random(40) < 1 / (1 + np.exp(-log_odds))
            others.append(seen)
            opinions.append(np.where(stays, own, own + nearest * (seen - own)))
        people = [str(person) for person in range(40)]
        judgements.append(NewsJudgement("t", 100.0, people, [""] * 40, np.array(opinions), np.array(others)))
    return Group(str(number), "train", "decentralised", judgements)


def test_the_reviser_of_made_up_people_is_found_again() -> None:
    rng = np.random.default_rng(1)
    truth = Reviser(0.4, -2.0, 1.5, 0.5, 0.4, 0.0, 0.3)
    revisions = collect_revisions([make_group(number, truth, rng) for number in range(6)], {"t": PERCENT})
    reviser = fit(revisions, STEPS)
    assert reviser.stubborn_share == pytest.approx(truth.stubborn_share, abs=0.08)
    assert reviser.stay == pytest.approx(truth.stay, abs=0.5)
    assert reviser.stubborn_stay == pytest.approx(truth.stubborn_stay, abs=0.5)
    assert reviser.pull == pytest.approx(truth.pull, abs=0.2)
    assert reviser.weight == pytest.approx(truth.weight, abs=0.03)
    assert reviser.spread == pytest.approx(truth.spread, abs=0.03)
    other = truth._replace(weight=0.2)
    assert log_likelihood(reviser, revisions, STEPS) > log_likelihood(other, revisions, STEPS)
    assert kept_variance(revisions, STEPS) == pytest.approx(1)


def test_steps_keep_no_variance_of_revisions_that_are_all_between_them() -> None:
    sizes = np.array([0.375, -0.375] * 5)
    revisions = Revisions(np.arange(10), sizes, np.zeros(10), np.ones(10))
    assert kept_variance(revisions, STEPS) == pytest.approx(1 - (0.125 / 0.375) ** 2)


def test_a_table_has_means_and_differences_with_intervals_around_them() -> None:
    rng = np.random.default_rng(2)
    arms: dict[str, MeasuredArm] = {}
    for name, weight in (("alone", 0.1), ("decentralised", 0.6)):
        reviser = Reviser(0.0, -3.0, 0.0, 0.0, weight, 0.0, 0.2)
        groups = [make_group(number, reviser, rng) for number in range(5)]
        arms[name] = MeasuredArm(name, groups, [group.history({"t": PERCENT}) for group in groups])
    outcomes = ["weight@last", "stay_share", "right_share@last"]
    samples = {name: resample(arm, outcomes, 0) for name, arm in arms.items()}
    table = measure_table(arms, samples, outcomes)
    assert table[["treatment", "control"]].drop_duplicates().to_numpy().tolist() == [
        ["alone", ""], ["decentralised", ""], ["decentralised", "alone"],
    ]  # fmt: skip
    assert all(low <= value <= high for low, value, high in table[["low", "value", "high"]].to_numpy())
    difference = find_reference(table, arms, "decentralised", "alone", "weight@last")
    assert difference.value == pytest.approx(0.5, abs=0.06)
    assert difference.num_people == 10 * 40
    assert table["num_units"].tolist() == [5] * 6 + [10] * 3


def test_the_mean_over_rounds_is_that_of_the_metric_in_each() -> None:
    group = make_group(0, Reviser(0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 0.3), np.random.default_rng(3))
    history = group.history({"t": PERCENT})
    rounds = [np.mean(history.opinions[number] == history.opinions[number + 1]) for number in range(2)]
    assert measure_outcomes([history], ["stay_share", "stay_share@last"]).tolist() == pytest.approx(
        [np.mean(rounds), rounds[1]]
    )


def test_whom_people_follow_is_told_apart_by_the_truth() -> None:
    truth_100 = NewsJudgement(
        "t", 100.0, ["a", "b", "c"], [""] * 3, np.array([[50.0, 50, 50], [60, 45, 50], [60, 45, 50]]),
        np.array([[70.0, 30, 51], [math.nan] * 3]),
    )  # fmt: skip
    histories = [Group("g", "train", "decentralised", [truth_100]).history({"t": PERCENT})]
    assert weight_by_direction(histories, is_towards=True) == (pytest.approx(0.5), 1)
    assert weight_by_direction(histories, is_towards=False) == (pytest.approx(0.25), 1)


def test_the_stored_table_has_every_outcome_of_both_experiments() -> None:
    table = read_table()
    for experiment in ("opinion", "opinion_news"):
        config = load_run_config([f"experiment={experiment}"])
        rows = table[table["treatment"].isin(list(config.treatments)) & (table["control"] == "")]
        assert set(rows["outcome"]) == set(config.outcomes)
        assert set(rows["treatment"]) == set(config.treatments)


DATA = Path(__file__).parents[4] / "shared" / "data"
IS_PRESENT = (DATA / ESTIMATES).exists() and (DATA / NEWS).exists()


@pytest.mark.skipif(not IS_PRESENT, reason="the answers of real people are not on this machine")
def test_the_stored_table_and_the_facts_hold_what_is_measured_on_real_people() -> None:
    from experiments.facts.registry import list_facts
    from worlds.opinion import Opinion

    measured = measure_all(DATA)
    stored = pd.read_csv(TABLE, keep_default_na=False)
    pd.testing.assert_frame_equal(measured, stored)
    rows = {
        "weight_on_others": ("decentralised", "", "weight@last"),
        "people_who_stay": ("decentralised", "", "stay_share"),
        "opinions_converge": ("decentralised", "", "spread@last"),
        "individuals_learn": ("decentralised", "alone", "individual_gain@last"),
        "weight_on_others_news": ("news", "", "weight@last"),
        "news_judgements_improve": ("news", "", "right_gain@last"),
        "parties_update_alike": ("news", "", "party_update_gap@last"),
    }
    arms = read_arms(DATA)
    references = {fact.name: fact.reference for fact in list_facts(Opinion)}
    assert references == {name: find_reference(measured, arms, *row) for name, row in rows.items()}


@pytest.mark.skipif(not IS_PRESENT, reason="the answers of real people are not on this machine")
def test_the_world_holds_the_first_opinions_of_real_people() -> None:
    text = (Path(__file__).parents[3] / "conf" / "world" / "opinion.yaml").read_text(encoding="utf-8")
    lines = [*describe_topics(read_groups(DATA)), *describe_topics(read_news(DATA))]
    assert text.endswith("\n".join(lines) + "\n")
    assert len(load_topics()) == len(lines) == 46
    assert not math.isnan(sum(topic.scale for topic in load_topics().values()))
