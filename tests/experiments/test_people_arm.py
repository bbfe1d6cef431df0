"""People as an arm: an effect that people show is found again, or not, in arms of known behaviour."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from experiments.people.effects import HumanEffect, write_effects
from experiments.people_arm import (
    Counts,
    count_effects,
    describe_counts,
    judge_equivalence,
    people_table,
    read_humans,
    select_effects,
)
from sandbox.core.world import World
from sandbox.errors import ConfigError
from sandbox.intervals import Mean
from sandbox.runtime.config import Arm


class Giving(World):
    """A world that has nothing but metrics."""

    metric_labels: ClassVar[Mapping[str, str]] = {"giving": "mean gift", "talks": "messages"}


MINDS = {"like people": 0.3, "too strong": 0.9, "backwards": -0.3, "unmoved": 0.0}
"""By mind: what talk adds to gifts."""
ARMS = [Arm(f"{mind}:{treatment}", mind, treatment) for mind in MINDS for treatment in ("plain", "talk")]
TALK = HumanEffect("talk", "plain", "giving", 0.32, 0.2, 0.45, 46, "game")


def make_metrics() -> pd.DataFrame:
    """Return eight seeds and two steps of every arm; what differs between seeds is shared by the arms of a mind."""
    rng = np.random.default_rng(1)
    levels, noise = rng.normal(0.5, 0.2, 8), rng.normal(0, 0.02, (len(ARMS), 8))
    rows = [
        (arm.name, seed, step, levels[seed] + MINDS[arm.mind] * (arm.treatment == "talk") + noise[number, seed], 1.0)
        for number, arm in enumerate(ARMS)
        for seed in range(8)
        for step in range(2)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "step", "giving", "talks"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Return an effect and a mean of people beside those of all minds."""
    effects = [TALK, HumanEffect("plain", "", "giving", 0.5, 0.3, 0.7, 21, "game")]
    return people_table(effects, Giving, make_metrics(), ARMS)


def test_an_effect_is_held_beside_people_s_by_sign_place_and_size(table: pd.DataFrame) -> None:
    effects: Any = table[table["control"] == "plain"].set_index("mind")
    assert effects["sign"].to_dict() == {
        "like people": "same", "too strong": "same", "backwards": "opposite", "unmoved": "not shown",
    }  # fmt: skip
    assert effects["place"].to_dict() == {
        "like people": "within", "too strong": "outside", "backwards": "outside", "unmoved": "outside",
    }  # fmt: skip
    assert effects["ratio"].to_dict() == pytest.approx(
        {"like people": 0.94, "too strong": 2.8, "backwards": -0.94, "unmoved": 0}, abs=0.1
    )
    assert effects.loc["like people", "ratio_low"] < 1 < effects.loc["like people", "ratio_high"]
    assert effects.loc["too strong", "ratio_low"] > 1
    assert set(effects["num_seeds"]) == {8}
    assert set(effects["num_units"]) == {46}


def test_the_interval_of_a_ratio_is_fieller_s(table: pd.DataFrame) -> None:
    """With an arm that hardly varies, it follows from people's interval alone: a / (b ± 1.96 s) with a normal error."""
    row: Any = table[(table["control"] == "plain") & (table["mind"] == "too strong")].iloc[0]
    error = (TALK.high - TALK.low) / 2 * (2.01 / 1.96)  # Student's t with the 45 degrees of freedom of 46 games
    assert row["ratio_low"] == pytest.approx(row["value"] / (TALK.value + error), rel=0.05)
    assert row["ratio_high"] == pytest.approx(row["value"] / (TALK.value - error), rel=0.05)


def test_the_interval_of_a_ratio_covers_the_true_one_in_95_of_100_comparisons() -> None:
    rng = np.random.default_rng(2)
    number, seeds, truth = 400, 8, 0.5
    covered = 0
    for _ in range(number):
        estimate = rng.normal(0.3, 0.05)
        people = TALK._replace(value=estimate, low=estimate - 1.96 * 0.05, high=estimate + 1.96 * 0.05, num_units=60)
        talk = rng.normal(truth * 0.3, 0.1, seeds)
        metrics = pd.DataFrame({"arm": "m:talk", "seed": range(seeds), "step": 0, "giving": talk, "talks": 0.0})
        plain = metrics.assign(arm="m:plain", giving=0.0)
        arms = [Arm("m:plain", "m", "plain"), Arm("m:talk", "m", "talk")]
        row: Any = people_table([people], Giving, pd.concat([plain, metrics]), arms).iloc[0]
        covered += row["ratio_low"] <= truth <= row["ratio_high"]
    assert 0.92 <= covered / number <= 0.98


def test_a_mean_has_a_place_but_neither_sign_nor_ratio(table: pd.DataFrame) -> None:
    means: Any = table[table["control"] == ""]
    assert len(means) == len(MINDS)
    assert set(means["sign"]) == {""}
    assert means["ratio"].isna().all()


def test_effects_are_counted_by_mind(table: pd.DataFrame) -> None:
    counts = count_effects(table)
    assert counts == {
        "like people": Counts(1, 1, 1), "too strong": Counts(1, 1, 0), "backwards": Counts(1, 0, 0),
        "unmoved": Counts(1, 0, 0),
    }  # fmt: skip
    assert describe_counts({"like people": Counts(3, 2, 1)}) == [
        "like people: of 3 effects that people show, 2 with the same sign, 1 of them inside people's interval"
    ]


def test_an_effect_that_people_do_not_show_cannot_be_reproduced() -> None:
    unclear = TALK._replace(value=0.05, low=-0.1, high=0.2)
    table: Any = people_table([unclear], Giving, make_metrics(), ARMS)
    assert set(table["sign"]) == {"people not shown"}
    assert table["ratio"].isna().all()
    assert count_effects(table)["like people"] == Counts(0, 0, 0)


def test_an_effect_whose_interval_is_unknown_is_not_counted() -> None:
    table = people_table([TALK._replace(low=math.nan, high=math.nan)], Giving, make_metrics(), ARMS)
    assert set(table["sign"]) == {"people unknown"}
    assert set(table["place"]) == {"inconclusive"}
    assert count_effects(table)["like people"] == Counts(0, 0, 0)


def test_a_seed_that_one_of_two_arms_lacks_is_left_out() -> None:
    metrics = make_metrics()
    metrics.loc[(metrics["arm"] == "like people:talk") & (metrics["seed"] < 3), "giving"] = math.nan
    table: Any = people_table([TALK], Giving, metrics, ARMS).set_index("mind")
    assert table.loc["like people", "num_seeds"] == 5
    assert table.loc["unmoved", "num_seeds"] == 8


def test_only_what_the_comparison_has_is_selected() -> None:
    punishment = TALK._replace(treatment="punishment")
    assert select_effects([TALK, punishment], Giving, ARMS) == [TALK]
    assert select_effects([TALK._replace(outcome="giving@last")], Giving, ARMS), "declared or not"
    with pytest.raises(ConfigError, match="people have the treatments punishment; the comparison has plain, talk"):
        select_effects([punishment], Giving, ARMS)
    with pytest.raises(ConfigError, match=r"unknown metric 'gving'; there is giving, talks\. Did you mean 'giving'"):
        select_effects([TALK._replace(outcome="gving")], Giving, ARMS)


def test_humans_are_a_name_or_a_file(tmp_path: Path) -> None:
    write_effects(tmp_path / "mine.csv", [TALK])
    assert read_humans(str(tmp_path / "mine.csv")) == [TALK]
    with pytest.raises(ConfigError, match="unknown file or human experiment 'comons'"):
        read_humans("comons")


@pytest.mark.parametrize(
    ("mean", "margin", "verdict"),
    [
        (Mean(0.21, 0.02, 20), 0.1, "equivalent"),
        (Mean(0.21, 0.02, 20), 0.02, "inconclusive"),  # people's own error is larger than the margin
        (Mean(0.60, 0.02, 20), 0.1, "different"),
        (Mean(0.21, math.nan, 1), 0.1, "inconclusive"),
        (Mean(0.21, 0.0, 5), 0.1, "equivalent"),
        (Mean(0.21, 0.02, 20), None, ""),
    ],
)
def test_equivalence_within_a_margin_knows_the_errors_of_both(mean: Mean, margin: float | None, verdict: str) -> None:
    people = HumanEffect("talk", "plain", "gift", 0.2, 0.15, 0.25, 40, "game")
    assert judge_equivalence(people, mean, margin) == verdict


def test_worlds_at_the_margin_are_seldom_called_equivalent() -> None:
    rng = np.random.default_rng(0)
    called = 0
    for _ in range(1000):
        value = float(rng.normal(0.0, 0.03))
        people = HumanEffect("talk", "plain", "gift", value, value - 0.0588, value + 0.0588, 40, "game")
        called += judge_equivalence(people, Mean.of(rng.normal(0.2, 0.2, 12)), 0.2) == "equivalent"
    assert 0.02 < called / 1000 < 0.065


def test_a_margin_of_an_outcome_makes_the_table_judge_it() -> None:
    table = people_table([TALK], Giving, make_metrics(), ARMS, {"giving": 0.3})
    assert dict(zip(table["mind"], table["equivalence"], strict=True)) == {
        "like people": "equivalent", "too strong": "different", "backwards": "different", "unmoved": "inconclusive",
    }  # fmt: skip


def test_people_without_treatments_stand_beside_a_world_without_them() -> None:
    people = HumanEffect("main", "", "giving", 0.5, 0.3, 0.7, 21, "game")
    (chosen,) = select_effects([people], Giving, [Arm("main", "", "")])
    assert chosen.treatment == ""
