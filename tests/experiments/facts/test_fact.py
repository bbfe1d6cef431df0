"""When a fact can be judged, and how."""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.facts.evidence import Evidence, num_steps, per_seed
from experiments.facts.fact import Fact, InconclusiveError, Needs
from experiments.facts.reference import Band
from experiments.frames import column, rows_where, to_records
from experiments.position_bias import position_bias_table
from sandbox.errors import ContractError
from sandbox.output.log_totals import PositionBias
from tests.experiments.facts.synthetic import (
    CONTROLS,
    choices,
    forced_and_voluntary,
    make_arm,
    make_evidence,
    offers,
    reviews,
    single_table,
)
from tests.experiments.facts.test_controls import FACTS

BAND = Band(0, 1, "by definition")
EVEN = (0.2,) * 5
J = (0.1, 0.03, 0.05, 0.15, 0.67)


def toy_fact(needs: Needs | None = None, band: Band = BAND) -> Fact:
    """Return a fact about the mean of a table."""

    def mean_by_seed(tables: Mapping[str, pd.DataFrame]) -> pd.Series:
        return per_seed(tables["t"], lambda rows: float(column(rows, "x").mean()))

    return Fact("toy", "x is small.", "Nobody (2026)", "mean of x", mean_by_seed, band, needs or Needs({"t": ("x",)}))


def values_by_seed(*values: float) -> Evidence:
    """Return one value for each seed, in two steps."""
    rows = [{"arm": "mine", "seed": seed, "step": step, "x": x} for seed, x in enumerate(values) for step in (0, 1)]
    return Evidence({"t": pd.DataFrame(rows)}, {"mine": make_arm()})


def _bias_of(evidence: Evidence, seed: int) -> PositionBias:
    """Return the position bias of a seed's shuffled choices."""
    table = evidence.tables["choices"]
    rows = rows_where(table, (column(table, "seed") == seed) & ~column(table, "ordered").astype(bool))
    first, chance = column(rows, "first_weight").sum(), (1 / column(rows, "num_options")).sum()
    return PositionBias("mine", seed, len(rows), float(first), float(chance))


def select_seeds(evidence: Evidence, seeds: Collection[int]) -> dict[str, pd.DataFrame]:
    """Return the tables of some seeds."""
    tables = evidence.tables.items()
    return {name: rows_where(table, column(table, "seed").isin(list(seeds))) for name, table in tables}


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((0.4, 0.5, 0.6), "within"),
        ((1.4, 1.5, 1.6), "outside"),
        ((-0.5, -0.6, -0.5), "outside"),
        ((0.9, 1.0, 1.1), "inconclusive"),
        ((0.0, 0.0, 0.0), "inconclusive"),
        ((0.0,) * 6, "outside"),
        ((0.5,) * 5, "within"),
    ],
)
def test_a_verdict_is_that_of_a_test(values: tuple[float, ...], verdict: str) -> None:
    assert toy_fact().judge(values_by_seed(*values), "mine").verdict == verdict


@pytest.mark.parametrize("mean", [-0.2, 0.0, 0.1, 0.5, 0.9, 1.0, 1.3])
def test_a_verdict_and_its_p_value_are_the_same_test(mean: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(25):
        judgement = toy_fact().judge(values_by_seed(*rng.normal(mean, 0.2, 4).tolist()), "mine")
        assert (judgement.verdict == "within") == (judgement.p_within < 0.05)
        assert (judgement.verdict == "outside") == (judgement.p_outside < 0.05)


def test_a_single_seed_is_inconclusive() -> None:
    judgement = toy_fact().judge(values_by_seed(0.5), "mine")
    assert judgement.verdict == "inconclusive"
    assert judgement.reason == "needs at least 2 seeds, and mine has 1"


def test_a_seed_without_a_value_does_not_count() -> None:
    judgement = toy_fact().judge(values_by_seed(0.5, math.nan), "mine")
    assert judgement.verdict == "inconclusive"
    assert judgement.reason == "only 1 seed has a value, and 2 are needed"


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (Needs({"u": ("x",)}), "needs the table 'u', which has no rows for mine"),
        (Needs({"t": ("y",)}), "needs the column 'y' of the table 't'"),
        (Needs({"t": ("x",)}, steps=3), "needs at least 3 steps, and mine has 2"),
        (Needs({"t": ("x",)}, world={"reviews": ("off",)}), "needs world.reviews=off, and mine has on"),
    ],
)
def test_what_is_missing_is_named(needs: Needs, reason: str) -> None:
    judgement = toy_fact(needs).judge(values_by_seed(0.4, 0.5), "mine")
    assert (judgement.verdict, judgement.reason) == ("inconclusive", reason)


def test_a_statistic_can_refuse_and_say_why() -> None:
    def refuse(_: Mapping[str, pd.DataFrame]) -> pd.Series:
        raise InconclusiveError("nobody came")

    fact = Fact("toy", "x.", "Nobody (2026)", "x", refuse, BAND, Needs({"t": ("x",)}))
    assert fact.judge(values_by_seed(0.4, 0.5), "mine").reason == "nobody came"


def test_a_fact_on_the_scorecard_needs_a_reference() -> None:
    with pytest.raises(ContractError, match="no reference value"):
        Fact("toy", "x.", "Nobody (2026)", "x", toy_fact().statistic, BAND, Needs({}), level="choice")


def test_a_difference_needs_its_comparison_arm() -> None:
    lonely = single_table("reviews", reviews(EVEN), reviews="forced")
    assert FACTS["forced_reviews"].judge(lonely, "mine").reason.startswith("needs an arm of the same mind")


def test_an_arm_of_another_mind_is_no_comparison_arm() -> None:
    arms, tables = (make_arm(reviews="forced"), make_arm("voluntary", mind="humanllm")), {"reviews": reviews(J)}
    evidence = make_evidence(*((arm, tables) for arm in arms))
    assert FACTS["forced_reviews"].judge(evidence, "mine").verdict == "inconclusive"


def test_a_comparison_arm_must_have_what_the_fact_needs_too() -> None:
    arms = (make_arm(reviews="forced"), {"reviews": reviews(EVEN)}), (make_arm("voluntary"), {"choices": choices(1)})
    judgement = FACTS["forced_reviews"].judge(make_evidence(*arms), "mine")
    assert judgement.reason == "needs the table 'reviews', which has no rows for voluntary"


def test_only_seeds_that_both_arms_have_are_compared() -> None:
    shared = forced_and_voluntary((0.05, 0.2, 0.45, 0.25, 0.05), J)
    table = shared.tables["reviews"]
    fewer = rows_where(table, (column(table, "arm") == "mine") | (column(table, "seed") > 2))
    values = FACTS["forced_reviews"].values(Evidence({"reviews": fewer}, shared.arms), "mine")
    assert list(values.index) == [3, 4, 5, 6, 7]


def test_a_premium_needs_choices_that_fall_with_price() -> None:
    evidence = single_table("offers", offers(price=0.0, reputation=0.3))
    assert FACTS["reputation_premium"].judge(evidence, "mine").verdict == "inconclusive"


def test_the_fact_on_position_bias_says_the_same_as_the_table() -> None:
    """Both average logarithms, so the two numbers that a report shows of one arm agree."""
    evidence = single_table("choices", choices(3))
    row = to_records(position_bias_table([_bias_of(evidence, seed) for seed in range(8)]))[0]
    mean = FACTS["position_bias"].judge(evidence, "mine").mean
    assert tuple(mean) == pytest.approx((row["odds_ratio"], row["low"], row["high"], row["num_seeds"]))
    values = FACTS["position_bias"].values(evidence, "mine")
    assert mean.value < values.mean()
    assert mean.value == pytest.approx(float(np.exp(np.log(values).mean())))


def test_a_ratio_of_a_half_is_as_far_from_1_as_one_of_2() -> None:
    fact = replace(toy_fact(band=Band(0.5, 2, "by definition")), is_ratio=True)
    for values in ((0.7, 0.8, 0.9), (1.2, 1.9, 2.4), (3.0, 3.5, 4.0)):
        inverse = tuple(1 / value for value in values)
        judgements = [fact.judge(values_by_seed(*numbers), "mine") for numbers in (values, inverse)]
        assert judgements[0].verdict == judgements[1].verdict
        assert judgements[0].p_within == pytest.approx(judgements[1].p_within)
        assert judgements[0].p_outside == pytest.approx(judgements[1].p_outside)
        assert judgements[0].mean.value == pytest.approx(1 / judgements[1].mean.value)


def test_the_band_of_a_ratio_is_above_0() -> None:
    with pytest.raises(ContractError, match="fact toy is a ratio, so its band must be above 0, found 0"):
        replace(toy_fact(), is_ratio=True)


def test_always_choosing_the_first_option_is_outside() -> None:
    assert FACTS["position_bias"].judge(single_table("choices", choices(1e9)), "mine").verdict == "outside"


def test_a_difference_names_its_comparison_arm() -> None:
    reason = FACTS["forced_reviews"].judge(CONTROLS["forced_reviews"][0](), "mine").reason
    assert reason.endswith(", against voluntary")


def test_steps_are_counted_over_all_tables() -> None:
    assert num_steps({"a": pd.DataFrame({"step": [0, 4]}), "b": pd.DataFrame({"x": [1]})}) == 5
