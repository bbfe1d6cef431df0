"""Outcomes and contrasts of artificial arms."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from experiments.contrasts import agreement_table, contrast_table
from experiments.outcomes import Outcome, arm_table, list_outcomes, outcome_table
from sandbox.core.world import World
from sandbox.errors import ConfigError
from sandbox.runtime.config import Arm, load_run_config


class MetricsOnly(World):
    """A world that has nothing but metrics."""

    metric_labels: ClassVar[Mapping[str, str]] = {"sales": "units sold", "gini": "Gini of sales"}


ARMS = [Arm(f"{mind}:{treatment}", mind, treatment) for mind in ("base", "tuned") for treatment in ("control", "tax")]
LEVEL = {"base:control": 0.0, "base:tax": -2.0, "tuned:control": 1.0, "tuned:tax": -1.5}


def make_metrics() -> pd.DataFrame:
    """Return four arms of eight seeds and three steps; seeds differ a lot, arms of one seed by what `LEVEL` says."""
    rng = np.random.default_rng(0)
    noise = {(arm, seed): rng.normal(0, 0.1) for arm in LEVEL for seed in range(8)}
    rows = [
        (arm, seed, step, 10.0 * seed + level + noise[arm, seed] + step, float(step))
        for arm, level in LEVEL.items()
        for seed in range(8)
        for step in range(3)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "step", "sales", "gini"])


def declare(*names: str) -> list[Outcome]:
    return list_outcomes(load_run_config(["mind=rule", f"outcomes=[{','.join(names)}]"]), MetricsOnly)


def test_what_was_declared_comes_first_and_the_rest_is_exploratory() -> None:
    outcomes = declare("gini@last")
    assert [(outcome.name, outcome.is_declared) for outcome in outcomes] == [("gini@last", True), ("sales", False)]


def test_a_step_without_a_case_is_missing_and_no_zero() -> None:
    rows = [("a", 0, 0, 2.0, math.nan), ("a", 0, 1, 0.0, 0.5), ("a", 1, 0, 0.0, 0.3), ("a", 1, 1, 0.0, math.nan),
            ("b", 0, 0, 0.0, math.nan)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["arm", "seed", "step", "sales", "gini"])
    gini, sales = declare("gini")
    assert gini.values(table) == {"a": {0: 0.5, 1: 0.3}, "b": {}}
    assert sales.values(table) == {"a": {0: 1.0, 1: 0.0}, "b": {0: 0.0}}
    assert declare("gini@last")[0].values(table) == {"a": {0: 0.5}, "b": {}}, "the last step of seed 1 has no value"
    means = arm_table([gini], table).set_index("arm")
    assert means.loc["a", "mean"] == pytest.approx(0.4)
    assert means.loc["b", ["mean", "sd"]].isna().all()
    assert means["num_seeds"].to_list() == [2, 0]


def test_the_first_declared_outcome_is_primary_unless_others_are_named() -> None:
    assert [outcome.is_primary for outcome in declare("gini", "sales")] == [True, False]
    config = load_run_config(["mind=rule", "outcomes=[gini,sales]", "primary=[sales]"])
    assert [outcome.is_primary for outcome in list_outcomes(config, MetricsOnly)] == [False, True]
    with pytest.raises(ConfigError, match="primary names 'gini', which is not among the declared outcomes: sales"):
        load_run_config(["mind=rule", "outcomes=[sales]", "primary=[gini]"])


def test_an_outcome_that_is_no_metric_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown metric 'sale'.*Did you mean 'sales'"):
        declare("sale")


def test_an_outcome_is_a_mean_over_steps_or_the_last_step() -> None:
    table = outcome_table(declare("gini@last"), make_metrics())
    assert set(table.loc[table["outcome"] == "gini@last", "value"]) == {2.0}
    assert len(table) == 2 * 4 * 8


def test_arms_stay_in_their_order_whatever_sorts_the_steps() -> None:
    values = declare("sales@last")[0].values(make_metrics())
    assert list(values) == list(LEVEL)
    assert all(list(seeds) == list(range(8)) for seeds in values.values())


def test_pairing_by_seed_detects_what_seeds_would_drown() -> None:
    contrasts = contrast_table(declare("sales"), make_metrics(), ARMS)
    minds: Any = contrasts[(contrasts["kind"] == "mind") & (contrasts["outcome"] == "sales")]
    assert list(minds["difference"].round(1)) == pytest.approx([1.0, 0.5], abs=0.15)
    assert (minds["p_holm"] < 0.01).all()
    assert (minds["detectable"] < 0.3).all()


def test_exploratory_outcomes_have_no_adjusted_p_value() -> None:
    contrasts = contrast_table(declare("sales"), make_metrics(), ARMS)
    assert contrasts.loc[contrasts["outcome"] == "gini", "p_holm"].isna().all()


def test_minds_agree_on_a_treatment_in_sign_and_differ_in_size() -> None:
    contrasts = contrast_table(declare("sales"), make_metrics(), ARMS)
    effects = contrasts[(contrasts["kind"] == "treatment") & (contrasts["outcome"] == "sales")]
    assert dict(zip(effects["treatment"], effects["difference"].round(1), strict=True)) == pytest.approx(
        {"base": -2.0, "tuned": -2.5}, abs=0.15
    )
    agreements = agreement_table(contrasts).set_index("outcome")
    assert agreements.loc["sales"].to_list() == ["tax", "control", "base, tuned", "down", "differs"]
    assert agreements.loc["gini", ["agreement", "size"]].to_list() == ["inconclusive", "not tested"]
    interactions: Any = contrasts[(contrasts["kind"] == "interaction") & (contrasts["outcome"] == "sales")]
    assert interactions["difference"].iloc[0] == pytest.approx(-0.5, abs=0.2)


def test_floors_have_no_say_in_what_minds_agree_on() -> None:
    rules = make_metrics().assign(arm=lambda rows: rows["arm"].str.replace("tuned", "rule"))
    backwards = pd.concat([make_metrics(), rules])
    backwards.loc[backwards["arm"] == "rule:tax", "sales"] += 9
    arms = [*ARMS, *(Arm(f"rule:{treatment}", "rule", treatment) for treatment in ("control", "tax"))]
    contrasts = contrast_table(declare("sales"), backwards.drop_duplicates(), arms)
    agreements = agreement_table(contrasts).set_index("outcome")
    assert agreements.loc["sales", ["minds", "agreement"]].to_list() == ["base, tuned", "down"]


def test_floors_are_compared_if_there_are_no_other_minds() -> None:
    simple = make_metrics().assign(
        arm=lambda rows: rows["arm"].str.replace("base", "random").str.replace("tuned", "rule")
    )
    arms = [
        Arm(f"{mind}:{treatment}", mind, treatment) for mind in ("random", "rule") for treatment in ("control", "tax")
    ]
    contrasts = contrast_table(declare("sales"), simple, arms)
    assert agreement_table(contrasts)["minds"].unique().tolist() == ["random, rule"]
