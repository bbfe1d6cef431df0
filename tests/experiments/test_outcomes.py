"""Outcomes and contrasts of arms made by hand."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from experiments.outcomes import agreements_of, contrasts_of, outcomes_of, table_of
from sandbox.config import Arm
from sandbox.errors import ConfigError
from sandbox.run import read_config
from sandbox.world import World

MEASURES = {"sales": "units sold", "gini": "Gini of sales"}


class Market(World):
    """A world that is only asked for its metrics."""

    measures = MEASURES
    without: ClassVar[Mapping[str, str]] = {"gini": "sales"}


ARMS = [Arm(f"{mind}:{treatment}", mind, treatment) for mind in ("base", "tuned") for treatment in ("control", "tax")]
LEVEL = {"base:control": 0.0, "base:tax": -2.0, "tuned:control": 1.0, "tuned:tax": -1.5}


def metrics() -> pd.DataFrame:
    """Four arms of eight seeds and three steps; seeds differ much, arms of one seed by what `LEVEL` says."""
    rng = np.random.default_rng(0)
    noise = {(arm, seed): rng.normal(0, 0.1) for arm in LEVEL for seed in range(8)}
    rows = [
        (arm, seed, step, 10.0 * seed + level + noise[arm, seed] + step, float(step))
        for arm, level in LEVEL.items()
        for seed in range(8)
        for step in range(3)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "step", "sales", "gini"])


def outcomes(*declared: str) -> list:
    return outcomes_of(read_config(["mind=rule", f"outcomes=[{','.join(declared)}]"]), Market)


def test_what_was_declared_comes_first_and_the_rest_is_exploratory() -> None:
    assert [(one.name, one.is_declared) for one in outcomes("gini@last")] == [("gini@last", True), ("sales", False)]


def test_where_a_metric_has_no_value_its_zero_is_no_outcome() -> None:
    rows = [("a", 0, 0, 0.0, 0.0), ("a", 0, 1, 2.0, 0.5), ("a", 1, 0, 0.0, 0.0), ("b", 0, 0, 0.0, 0.0)]
    table = pd.DataFrame(rows, columns=["arm", "seed", "step", "sales", "gini"])
    gini, sales = outcomes("gini")
    assert gini.values(table) == {"a": {0: 0.5}, "b": {}}
    assert sales.values(table) == {"a": {0: 1.0, 1: 0.0}, "b": {0: 0.0}}


def test_an_outcome_that_is_no_metric_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown metric 'sale'.*Did you mean 'sales'"):
        outcomes("sale")


def test_an_outcome_is_a_mean_over_steps_or_the_last_one() -> None:
    table = table_of(outcomes("gini@last"), metrics())
    assert set(table.loc[table["outcome"] == "gini@last", "value"]) == {2.0}
    assert len(table) == 2 * 4 * 8


def test_arms_stay_in_their_order_whatever_sorts_the_steps() -> None:
    found = outcomes("sales@last")[0].values(metrics())
    assert list(found) == list(LEVEL)
    assert all(list(seeds) == list(range(8)) for seeds in found.values())


def test_pairing_by_seed_finds_what_seeds_would_drown() -> None:
    found = contrasts_of(outcomes("sales"), metrics(), ARMS)
    minds = found[(found["kind"] == "mind") & (found["outcome"] == "sales")]
    assert list(minds["difference"].round(1)) == pytest.approx([1.0, 0.5], abs=0.15)
    assert (minds["p_holm"] < 0.01).all()
    assert (minds["detectable"] < 0.3).all()


def test_exploratory_outcomes_have_no_adjusted_p_value() -> None:
    found = contrasts_of(outcomes("sales"), metrics(), ARMS)
    assert found.loc[found["outcome"] == "gini", "p_holm"].isna().all()


def test_minds_agree_on_a_treatment_in_sign_and_differ_in_size() -> None:
    found = contrasts_of(outcomes("sales"), metrics(), ARMS)
    effects = found[(found["kind"] == "treatment") & (found["outcome"] == "sales")]
    assert dict(zip(effects["treatment"], effects["difference"].round(1), strict=True)) == pytest.approx(
        {"base": -2.0, "tuned": -2.5}, abs=0.15
    )
    agreed = agreements_of(found).set_index("outcome")
    assert agreed.loc["sales"].to_list() == ["tax", "control", "base, tuned", "down", "differs"]
    assert agreed.loc["gini", ["agreement", "size"]].to_list() == ["cannot tell", "not judged"]
    apart = found[(found["kind"] == "agreement") & (found["outcome"] == "sales")]["difference"].iloc[0]
    assert apart == pytest.approx(-0.5, abs=0.2)


def test_floors_have_no_say_in_what_minds_agree_on() -> None:
    backwards = pd.concat([metrics(), metrics().assign(arm=lambda rows: rows["arm"].str.replace("tuned", "rule"))])
    backwards.loc[backwards["arm"] == "rule:tax", "sales"] += 9
    arms = [*ARMS, *(Arm(f"rule:{treatment}", "rule", treatment) for treatment in ("control", "tax"))]
    agreed = agreements_of(contrasts_of(outcomes("sales"), backwards.drop_duplicates(), arms)).set_index("outcome")
    assert agreed.loc["sales", ["minds", "agreement"]].to_list() == ["base, tuned", "down"]


def test_floors_are_judged_where_there_are_no_others() -> None:
    simple = metrics().assign(arm=lambda rows: rows["arm"].str.replace("base", "random").str.replace("tuned", "rule"))
    arms = [Arm(f"{mind}:{one}", mind, one) for mind in ("random", "rule") for one in ("control", "tax")]
    assert agreements_of(contrasts_of(outcomes("sales"), simple, arms))["minds"].unique().tolist() == ["random, rule"]
