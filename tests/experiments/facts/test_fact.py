"""When a fact can be judged, and how."""

import math

import pandas as pd
import pytest

from experiments.facts.evidence import Evidence
from experiments.facts.fact import Band, CannotTellError, Fact, Needs, num_steps, per_seed
from experiments.facts.marketplace.arms import demand
from experiments.facts.measures import Frame
from tests.experiments.facts.synthetic import (
    CONTROLS,
    alone,
    arm,
    choices,
    evidence,
    forced,
    influence,
    lucky,
    offers,
    popular,
    stars,
    steep,
)
from tests.experiments.facts.test_controls import FACTS

BAND = Band(0, 1, "by definition")


def toy(needs: Needs | None = None, band: Band = BAND) -> Fact:
    """A fact about the mean of a table."""

    def mean(tables: dict[str, Frame]) -> Frame:
        return per_seed(tables["t"], lambda rows: float(rows["x"].mean()))

    return Fact("toy", "x is small.", "Nobody (2026)", "mean of x", mean, band, needs or Needs({"t": ("x",)}))


def tables(*values: float) -> Evidence:
    """One value for each seed, in two steps."""
    rows = [{"arm": "mine", "seed": seed, "step": step, "x": x} for seed, x in enumerate(values) for step in (0, 1)]
    return Evidence({"t": pd.DataFrame(rows)}, {"mine": arm()})


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ((0.4, 0.5, 0.6), "within"),
        ((1.4, 1.5, 1.6), "outside"),
        ((-0.5, -0.6, -0.5), "outside"),
        ((0.9, 1.0, 1.1), "cannot tell"),
        ((0.0, 0.0, 0.0), "outside"),
    ],
)
def test_the_whole_interval_must_be_in_the_band(values: tuple[float, ...], answer: str) -> None:
    assert toy().judge(tables(*values), "mine").answer == answer


def test_one_seed_cannot_tell() -> None:
    verdict = toy().judge(tables(0.5), "mine")
    assert verdict.answer == "cannot tell"
    assert verdict.reason == "needs at least 2 seeds, and mine has 1"


def test_a_seed_without_a_value_does_not_count() -> None:
    verdict = toy().judge(tables(0.5, math.nan), "mine")
    assert verdict.answer == "cannot tell"
    assert verdict.reason == "only 1 of the seeds have a value, and it takes 2"


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (Needs({"u": ("x",)}), "needs the table 'u', of which mine has no row"),
        (Needs({"t": ("y",)}), "needs the column 'y' of the table 't'"),
        (Needs({"t": ("x",)}, steps=3), "needs at least 3 steps, and mine has 2"),
        (Needs({"t": ("x",)}, world={"reviews": ("off",)}), "needs world.reviews=off, and mine has on"),
    ],
)
def test_what_is_missing_is_named(needs: Needs, reason: str) -> None:
    verdict = toy(needs).judge(tables(0.4, 0.5), "mine")
    assert (verdict.answer, verdict.reason) == ("cannot tell", reason)


def test_the_reason_of_a_statistic_is_handed_on() -> None:
    def refuse(_: object) -> Frame:
        raise CannotTellError("nobody came")

    fact = Fact("toy", "x.", "Nobody (2026)", "x", refuse, BAND, Needs({"t": ("x",)}))
    assert fact.judge(tables(0.4, 0.5), "mine").reason == "nobody came"


def test_a_difference_needs_its_other_arm() -> None:
    lonely = alone("reviews", stars((0.2,) * 5), reviews="forced")
    assert FACTS["forced_reviews"].judge(lonely, "mine").reason.startswith("needs an arm of the same mind")


def test_an_arm_of_another_mind_is_no_partner() -> None:
    one, other = arm(reviews="forced"), arm("voluntary", mind="humanllm")
    made = {"reviews": stars((0.1, 0.03, 0.05, 0.15, 0.67))}
    assert FACTS["forced_reviews"].judge(evidence((one, made), (other, made)), "mine").answer == "cannot tell"


def test_a_partner_must_have_what_the_fact_needs_too() -> None:
    one, other = arm(reviews="forced"), arm("voluntary")
    verdict = FACTS["forced_reviews"].judge(
        evidence((one, {"reviews": stars((0.2,) * 5)}), (other, {"choices": choices(1)})), "mine"
    )
    assert verdict.reason == "needs the table 'reviews', of which voluntary has no row"


def test_only_seeds_that_both_arms_have_are_compared() -> None:
    shared = forced((0.05, 0.2, 0.45, 0.25, 0.05), (0.1, 0.03, 0.05, 0.15, 0.67))
    reviews = shared.tables["reviews"]
    fewer = reviews[(reviews["arm"] == "mine") | (reviews["seed"] > 2)]
    values = FACTS["forced_reviews"].values(Evidence({"reviews": fewer}, shared.arms), "mine")
    assert list(values.index) == [3, 4, 5, 6, 7]


def test_eight_worlds_are_needed_for_unpredictability() -> None:
    made = CONTROLS["influence_unpredictability"][0]()
    fewer = Evidence({name: table[table["seed"] < 7] for name, table in made.tables.items()}, made.arms)
    reason = FACTS["influence_unpredictability"].judge(fewer, "mine").reason
    assert reason == "needs at least 8 seeds, and mine has 7"


def test_worlds_with_different_goods_say_nothing_of_unpredictability() -> None:
    made = CONTROLS["influence_unpredictability"][0]()
    shown = made.tables["offers"]
    own = shown.assign(title=shown["title"] + shown["seed"].astype(str))
    verdict = FACTS["influence_unpredictability"].judge(Evidence({**made.tables, "offers": own}, made.arms), "mine")
    assert verdict.reason == "needs worlds that trade the same goods, and here every seed has its own"


@pytest.mark.parametrize("name", ["influence_inequality", "influence_unpredictability"])
def test_a_world_in_which_hardly_anybody_chose_is_left_out_of_both_arms(name: str) -> None:
    made = influence(popular(lucky), popular(steep), seeds=range(9))
    shown = made.tables["offers"]
    is_starved = (shown["arm"] == "independent") & (shown["seed"] == 4)
    few = Evidence({**made.tables, "offers": pd.concat([shown[~is_starved], shown[is_starved].head(49)])}, made.arms)
    eight = Evidence({key: table[table["seed"] != 4] for key, table in made.tables.items()}, made.arms)
    pd.testing.assert_series_equal(FACTS[name].values(few, "mine"), FACTS[name].values(eight, "mine"))
    fewer = Evidence({key: table[table["seed"] != 8] for key, table in few.tables.items()}, made.arms)
    reason = FACTS[name].judge(fewer, "mine").reason
    assert reason == "needs 8 worlds with 50 choices in both arms, and there are 7"


def test_a_premium_needs_choices_that_fall_with_price() -> None:
    verdict = FACTS["reputation_premium"].judge(alone("offers", offers(price=0.0, name=0.3)), "mine")
    assert verdict.answer == "cannot tell"


def test_who_always_takes_the_first_option_is_outside() -> None:
    assert FACTS["first_option"].judge(alone("choices", choices(1e9)), "mine").answer == "outside"


def test_a_difference_names_its_other_arm() -> None:
    reason = FACTS["forced_reviews"].judge(CONTROLS["forced_reviews"][0](), "mine").reason
    assert reason.endswith(", against voluntary")


def test_a_listing_that_nobody_chose_counts_as_demand_of_none() -> None:
    shown = pd.DataFrame({"seed": [0, 0, 1], "listing": [1, 2, 1], "chosen": [True, False, True]})
    listings = pd.DataFrame({"seed": [0, 0, 1], "id": [1, 3, 1]})
    found = demand({"offers": shown, "listings": listings})
    assert found[0].tolist() == [1, 0, 0]
    assert found[1].tolist()[:1] == [1]
    assert found[1].isna().tolist() == [False, True, True]


def test_steps_are_counted_over_all_tables() -> None:
    assert num_steps({"a": pd.DataFrame({"step": [0, 4]}), "b": pd.DataFrame({"x": [1]})}) == 5
