"""Scores, nearness and what a scorecard says of itself, on evidence made by hand."""

import math
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from experiments import comparison, scorecard
from experiments.charts import MARKERS, _shapes
from experiments.facts.evidence import Evidence
from experiments.facts.measures import Frame
from experiments.facts.people import figure
from experiments.scorecard import COLUMNS, FLOORS, Level, items, nearness, normalised, worst
from sandbox.panels import COLORS, pens
from tests.experiments.facts.synthetic import PEAK, J, arm, choices, evidence, stars

EVEN = (0.2,) * 5


def four(**world: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Arms of four minds: even, human-like, and the two floors."""
    treatment = ":forced" if world else ":control"
    shares = {"base": EVEN, "humanllm": J, "rule": (0.15, 0.1, 0.15, 0.2, 0.4), "random": PEAK}
    return [
        (arm(f"{mind}{treatment}", mind=mind, **world), {"reviews": stars(shares[mind]), "choices": choices(3.0)})
        for mind in shares
    ]


@pytest.fixture(scope="module")
def crossed() -> Evidence:
    """Four minds under two treatments."""
    return evidence(*four(), *four(reviews="forced"), seeds=range(4))


@pytest.fixture(scope="module")
def card(crossed: Evidence) -> Frame:
    """Their scorecard."""
    return scorecard.scorecard(crossed, "marketplace")


@pytest.fixture(scope="module")
def near(crossed: Evidence) -> Frame:
    """How near to people they are."""
    return nearness(crossed, "marketplace")


def test_a_score_is_nought_at_the_floor_and_one_at_the_ceiling() -> None:
    assert [normalised(distance, 0.5, 0.1) for distance in (0.5, 0.1, 0.3, 0.9)] == pytest.approx([0, 1, 0.5, -1])
    assert math.isnan(normalised(0.2, 0.1, 0.1))
    assert math.isnan(normalised(0.2, 0.1, 0.3))


def test_who_gives_people_s_stars_is_scored_above_who_does_not(card: Frame) -> None:
    scores: Any = card[card["item"] == "star_distribution"].set_index("arm")["score"]
    assert scores["humanllm:control"] > 0.9 > scores["rule:control"] > scores["base:control"] > 0


def test_all_arms_of_a_world_share_a_floor_which_is_the_worse_simple_mind(card: Frame, crossed: Evidence) -> None:
    assert tuple(card.columns) == COLUMNS
    mine = card[card["arm"].str.endswith(":control")]
    assert (mine.groupby("item")["floor"].nunique() == 1).all()
    item = next(one for one in items("marketplace") if one.name == "star_distribution")
    apart = [float(item.distances(crossed, f"{mind}:control").mean()) for mind in FLOORS]
    assert mine.loc[mine["item"] == item.name, "floor"].iloc[0] == pytest.approx(max(apart))


def test_crossed_arms_are_scored_by_their_own_names_and_random_is_not(card: Frame) -> None:
    minds = ("base", "humanllm", "rule")
    assert set(card["arm"]) == {f"{mind}:{treatment}" for mind in minds for treatment in ("control", "forced")}


def test_a_lonely_floor_has_no_score() -> None:
    rule = (arm("rule", mind="rule"), {"reviews": stars(PEAK)})
    assert scorecard.scorecard(evidence(rule), "marketplace").empty


def test_a_norm_gives_no_score_where_simple_minds_cannot_be_told_from_it() -> None:
    def card_of(floor: float) -> Frame:
        arms = (("base", 3.0), ("random", floor))
        made = [(arm(mind, mind=mind), {"choices": choices(advantage)}) for mind, advantage in arms]
        card = scorecard.scorecard(evidence(*made), "marketplace")
        return card[card["item"] == "first_option"].set_index("arm")

    assert math.isnan(card_of(floor=1.0).loc["base", "score"]), "off the norm by chance alone"
    assert card_of(floor=1.0).loc["base", "distance"] > 1
    assert card_of(floor=5.0).loc["base", "score"] > 0


def test_a_norm_says_that_it_is_none_of_people_s_and_has_no_room(card: Frame) -> None:
    norms = card[card["against"] == "norm"]
    assert set(norms["item"]) == {"first_option"}
    assert (norms["ceiling"] == 0).all()
    every = {one.name: one for one in items("marketplace")}
    assert {name for name, one in every.items() if one.against == "norm"} == {
        "position_effect", "first_option", "reputation_premium",
    }  # fmt: skip
    assert "price_dispersion" not in every
    assert {one.level for one in every.values()} == set(get_args(Level)) - {"individual"}


@pytest.mark.parametrize("name", ["basket_prices", "repeat_purchases", "uneven_sales"])
def test_a_ceiling_of_purchases_is_how_far_samples_of_customers_are_apart(name: str) -> None:
    item = next(one for one in items("marketplace") if one.name == name)
    assert (item.against, item.ceiling) == ("people", figure(name).apart)
    assert item.ceiling > (figure(name).high - figure(name).low), "a world's worth of people is fewer than all of them"


def test_nearness_is_told_from_the_first_arm_of_the_same_world(near: Frame) -> None:
    assert set(near["than"]) == {"base:control", "base:forced"}
    stars_of = near[near["item"] == "star_distribution"].set_index("arm")
    assert stars_of.loc["humanllm:control", "answer"] == "nearer"
    assert stars_of.loc["humanllm:control", "difference"] < 0
    known = near.dropna(subset=["p"])
    assert (known["p_holm"] >= known["p"]).all()


def test_whoever_leaves_people_is_further() -> None:
    arms = (arm("a"), {"reviews": stars(J)}), (arm("b"), {"reviews": stars(PEAK)})
    near: Any = nearness(evidence(*arms, seeds=range(4)), "marketplace").set_index("item")
    assert near.loc["star_distribution", "answer"] == "further"


def test_p_values_are_adjusted_over_the_items_of_an_arm(near: Frame) -> None:
    mine = near[near["arm"] == "humanllm:control"].dropna(subset=["p"])
    assert mine["p_holm"].min() == pytest.approx(min(1.0, len(mine) * mine["p"].min()))


def test_the_worst_items_are_of_people_not_of_norms() -> None:
    rows = [("a", "people", 0.5), ("b", "norm", -9.0), ("c_c", "people", -1.0), ("d", "people", np.nan)]
    made = pd.DataFrame(rows, columns=["item", "against", "score"]).assign(arm="mine")
    assert worst(made, "mine") == ["c c (-1.00)", "a (0.50)"]


def test_no_two_of_many_arms_look_alike() -> None:
    arms = pens([f"arm {number}" for number in range(12)])
    looks = {(pen.color, shape) for pen, shape in zip(arms.values(), _shapes(arms).values(), strict=True)}
    assert len(looks) == 12 <= len(COLORS) * len(MARKERS)


class Logged:
    """A run of whose log only the mishaps are asked for."""

    def log(self) -> "Logged":
        return self

    def close(self) -> None:
        """Nothing is open."""

    def mishaps(self) -> list[dict[str, Any]]:
        names = ("replicate", "decisions", "texts", "fallback", "truncated", "asked_again", "cache")
        rows = (("base:on/0", 10, 4, 1, 0, 2, 5), ("base:on/1", 30, 16, 1, 2, 0, 5), ("rule:on/0", 4, 0, 0, 0, 0, 0))
        return [dict(zip(names, row, strict=True)) for row in rows]


def test_shares_of_mishaps_are_those_of_all_decisions_or_texts_of_an_arm() -> None:
    run: Any = Logged()
    told = comparison.honesty(run).set_index("arm")
    assert told.loc["base:on"].to_dict() == {
        "decisions": 40, "fallback_share": 0.05, "truncated_share": 0.1, "asked_again_share": 0.05,
        "cache_share": 0.25,
    }  # fmt: skip
    assert told.loc["rule:on"].to_list() == [4, 0, 0, 0, 0]
