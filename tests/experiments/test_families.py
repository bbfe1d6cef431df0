"""Which tests are adjusted together, and that a family finds what it says it can find."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.contrasts import contrast_table
from experiments.families import adjust_by_family, deciding_p, question_minds
from experiments.outcomes import Outcome
from experiments.statistics import contrast_of
from sandbox.runtime.config import Arm

SEEDS = 8


@pytest.mark.parametrize(
    ("minds", "own"),
    [
        (["base", "humanllm", "rule", "random"], ["base", "humanllm"]),
        (["rule", "base", "humanllm"], ["rule", "base", "humanllm"]),
        (["base", "base", "rule", "rule"], ["base", "rule"]),
        (["rule", "random"], ["rule", "random"]),
    ],
)
def test_a_question_is_about_minds_that_are_no_baselines(minds: list[str], own: list[str]) -> None:
    assert question_minds(minds) == own


def make_tests(*rows: tuple[str, float]) -> pd.DataFrame:
    """Return tests of a family with a p-value, each of eight seeds with a standard deviation of 1."""
    return pd.DataFrame(rows, columns=["family", "p"]).assign(sd=1.0, num_seeds=SEEDS)


def test_families_are_adjusted_on_their_own_and_baselines_not_at_all() -> None:
    table = adjust_by_family(
        make_tests(
            ("primary", 0.02), ("secondary", 0.02), ("secondary", 0.5), ("baseline", 0.03), ("exploratory", 0.04),
            ("no difference", 1.0), ("secondary", math.nan),
        )
    )  # fmt: skip
    adjusted = [0.02, 0.04, 0.5, math.nan, math.nan, math.nan, math.nan]
    assert table["p_holm"].to_list() == pytest.approx(adjusted, nan_ok=True)
    assert table["family_size"].to_list() == [1, 2, 2, 1, 1, 1, 2]
    assert deciding_p(table).iloc[3:5].to_list() == [0.03, 0.04]
    assert table["detectable"].iloc[1] > table["detectable"].iloc[0]


def simulate_market(shift: float, seed: int) -> tuple[pd.DataFrame, list[Arm], list[Outcome]]:
    """Return metrics of base, HumanLLM and the baselines: four outcomes, only the last of which differs, by `shift`."""
    rng = np.random.default_rng(seed)
    arms = [Arm(mind, mind, "") for mind in ("base", "humanllm", "rule")]
    names = [f"outcome{number}" for number in range(4)]
    frames = []
    for arm in arms:
        values = pd.DataFrame(rng.normal(size=(SEEDS, len(names))), columns=names)
        values["outcome3"] += shift * (arm.mind == "humanllm")
        frames.append(values.assign(arm=arm.name, seed=range(SEEDS), step=0, stuck=1.0))
    outcomes = [Outcome(name, name, True, name == "outcome0") for name in (*names, "stuck")]
    return pd.concat(frames, ignore_index=True), arms, outcomes


def test_a_contrast_table_names_the_family_of_every_row() -> None:
    metrics, arms, outcomes = simulate_market(0.0, 0)
    families: Any = contrast_table(outcomes, metrics, arms).set_index(["outcome", "first"])["family"]
    assert families["outcome0", "humanllm"] == "primary"
    assert families["outcome3", "humanllm"] == "secondary"
    assert families["outcome3", "rule"] == "baseline"
    assert families["stuck", "humanllm"] == "no difference"


def test_a_true_difference_of_the_printed_detectable_size_is_found_four_times_in_five() -> None:
    detections = []
    for seed in range(150):
        printed: Any = contrast_table(*_as_arguments(simulate_market(0.0, seed)))
        size = printed.set_index(["outcome", "first"])["detectable"]["outcome3", "humanllm"]
        repeated: Any = contrast_table(*_as_arguments(simulate_market(float(size), 1000 + seed)))
        p_holm = repeated.set_index(["outcome", "first"])["p_holm"]["outcome3", "humanllm"]
        detections.append(p_holm < 0.05)
    assert 0.72 < np.mean(detections) < 0.88


def test_a_family_of_true_nulls_seldom_finds_anything() -> None:
    findings = []
    for seed in range(150):
        table = contrast_table(*_as_arguments(simulate_market(0.0, seed)))
        findings.append((table.loc[table["family"] == "secondary", "p_holm"] < 0.05).any())
    assert np.mean(findings) < 0.08


def test_a_move_of_ten_standard_deviations_is_found_even_by_few_seeds() -> None:
    rng = np.random.default_rng(3)
    detections = []
    for _ in range(200):  # three variants x two minds, one of which moves by 10 SD, in three seeds
        p_values = [contrast_of(rng.normal(10.0 * (index == 0), 1, 3)).p for index in range(6)]
        rows = [("primary", p) for p in p_values]
        detections.append(adjust_by_family(make_tests(*rows))["p_holm"].iloc[0] < 0.05)
    assert np.mean(detections) > 0.8


def _as_arguments(
    market: tuple[pd.DataFrame, list[Arm], list[Outcome]],
) -> tuple[list[Outcome], pd.DataFrame, list[Arm]]:
    metrics, arms, outcomes = market
    return outcomes, metrics, arms
