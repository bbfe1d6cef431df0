"""Scores, nearness and what a scorecard says about itself, on artificial evidence."""

import math
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from experiments import scorecard
from experiments.facts.evidence import Evidence
from experiments.facts.reference import Level
from experiments.facts.registry import list_items
from experiments.reports.charts import MARKERS, _arm_markers
from experiments.scorecard import COLUMNS, FLOORS, nearness, normalized_score, worst_items
from sandbox.figures.style import COLORS, assign_pens
from tests.experiments.facts.synthetic import PEAK, J, choices, make_arm, make_evidence, offers, reviews
from worlds.marketplace import Marketplace

EVEN = (0.2,) * 5
ITEMS = {item.name: item for item in list_items(Marketplace)}


def four_minds(**world: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Return arms of four minds: even, human-like, and the two baselines."""
    treatment = ":forced" if world else ":control"
    shares = {"base": EVEN, "humanllm": J, "rule": (0.15, 0.1, 0.15, 0.2, 0.4), "random": PEAK}
    return [
        (make_arm(f"{mind}{treatment}", mind=mind, **world), {"reviews": reviews(shares[mind]), "choices": choices(3)})
        for mind in shares
    ]


@pytest.fixture(scope="module")
def crossed_arms() -> Evidence:
    """Return four minds under two treatments."""
    return make_evidence(*four_minds(), *four_minds(reviews="forced"), seeds=range(4))


@pytest.fixture(scope="module")
def card(crossed_arms: Evidence) -> pd.DataFrame:
    """Return their scorecard."""
    return scorecard.scorecard(crossed_arms, list_items(Marketplace))


@pytest.fixture(scope="module")
def near(crossed_arms: Evidence) -> pd.DataFrame:
    """Return how near to people they are."""
    return nearness(crossed_arms, list_items(Marketplace))


def test_a_score_is_zero_at_the_floor_and_one_at_the_ceiling() -> None:
    assert [normalized_score(distance, 0.5, 0.1) for distance in (0.5, 0.1, 0.3, 0.9)] == pytest.approx([0, 1, 0.5, -1])
    assert math.isnan(normalized_score(0.2, 0.1, 0.1))
    assert math.isnan(normalized_score(0.2, 0.1, 0.3))


def test_an_arm_with_people_s_stars_is_scored_above_one_without(card: pd.DataFrame) -> None:
    scores: Any = card[card["item"] == "star_distribution"].set_index("arm")["score"]
    assert scores["humanllm:control"] > 0.95 > scores["rule:control"] > scores["base:control"] > 0


def test_all_arms_of_a_world_share_a_floor_which_is_the_worse_baseline(
    card: pd.DataFrame, crossed_arms: Evidence
) -> None:
    assert tuple(card.columns) == COLUMNS
    control: Any = card[card["arm"].str.endswith(":control")]
    assert (control.groupby("item")["floor"].nunique() == 1).all()
    item = ITEMS["star_distribution"]
    distances = [item.distance(crossed_arms, f"{mind}:control") for mind in FLOORS]
    squares = [distance.square for distance in distances if distance is not None]
    assert control.loc[control["item"] == item.name, "floor"].iloc[0] == pytest.approx(max(squares))


def test_crossed_arms_are_scored_by_their_own_names_and_random_is_not(card: pd.DataFrame) -> None:
    minds = ("base", "humanllm", "rule")
    assert set(card["arm"]) == {f"{mind}:{treatment}" for mind in minds for treatment in ("control", "forced")}


def test_a_floor_without_another_arm_has_no_score() -> None:
    rule = (make_arm("rule", mind="rule"), {"reviews": reviews(PEAK)})
    assert scorecard.scorecard(make_evidence(rule), list_items(Marketplace)).empty


def test_a_norm_gives_no_score_if_the_baselines_are_indistinguishable_from_it() -> None:
    def premium_scores(floor: float) -> pd.DataFrame:
        weights = (("base", 2.0), ("random", floor))
        arms = [(make_arm(mind, mind=mind), {"offers": offers(-4.0, weight)}) for mind, weight in weights]
        rows = scorecard.scorecard(make_evidence(*arms), list_items(Marketplace))
        return rows[rows["item"] == "reputation_premium"].set_index("arm")

    norm = 4 * math.log(1.081)
    assert math.isnan(premium_scores(floor=norm).loc["base", "score"]), "differs from the norm by chance alone"
    assert premium_scores(floor=norm).loc["base", "distance"] > 0.2
    assert premium_scores(floor=3.0).loc["base", "score"] > 0


def test_a_norm_is_marked_as_such_and_has_the_norm_as_its_ceiling(card: pd.DataFrame) -> None:
    norms: Any = card[card["against"] == "norm"]
    assert norms.empty, "no arm here has offers, so that nothing could be compared with a norm"
    assert {name for name, item in ITEMS.items() if item.reference.against == "norm"} == {
        "reputation_premium",
    }
    assert "price_dispersion" not in ITEMS
    assert {item.level for item in ITEMS.values()} == set(get_args(Level)) - {"individual", "reaction", "effect"}


def test_arms_are_compared_with_the_first_arm_of_the_same_world(near: pd.DataFrame) -> None:
    assert set(near["than"]) == {"base:control", "base:forced"}
    star_rows: Any = near[near["item"] == "star_distribution"].set_index("arm")
    assert star_rows.loc["humanllm:control", "verdict"] == "nearer"
    assert star_rows.loc["humanllm:control", "difference"] < 0
    tested: Any = near.dropna(subset=["p_holm"])
    assert (tested["p_holm"] >= tested["p"]).all()


def test_an_arm_that_moves_away_from_people_is_further() -> None:
    arms = (make_arm("a"), {"reviews": reviews(J)}), (make_arm("b"), {"reviews": reviews(PEAK)})
    near: Any = nearness(make_evidence(*arms, seeds=range(4)), list_items(Marketplace)).set_index("item")
    assert near.loc["star_distribution", "verdict"] == "further"


def test_p_values_are_adjusted_over_all_items_of_the_arms_that_are_no_baselines(near: pd.DataFrame) -> None:
    family: Any = near[near["family"] == "nearness"]
    rows: Any = family.dropna(subset=["p"])
    assert set(rows["arm"]) == {"humanllm:control", "humanllm:forced"}
    assert rows["p_holm"].min() == pytest.approx(min(1.0, len(rows) * rows["p"].min()))
    baselines: Any = near[near["family"] == "baseline"]
    assert set(baselines["arm"].str.split(":").str[0]) == {"rule", "random"}
    assert baselines["p_holm"].isna().all()
    is_clear = baselines["p"] < 0.05
    assert ((baselines["verdict"] != "inconclusive") == is_clear).all()


def test_the_worst_items_are_about_people_not_norms() -> None:
    rows = [("a", "people", 0.5), ("b", "norm", -9.0), ("c_c", "people", -1.0), ("d", "people", np.nan)]
    card = pd.DataFrame(rows, columns=["item", "against", "score"]).assign(arm="mine")
    assert worst_items(card, "mine", {}) == ["c c (-1.00)", "a (0.50)"]
    assert worst_items(card, "mine", {"a": "a label"})[1] == "a label (0.50)"


def test_no_two_of_many_arms_look_alike() -> None:
    pens = assign_pens([f"arm {number}" for number in range(12)])
    looks = {(pen.color, marker) for pen, marker in zip(pens.values(), _arm_markers(pens).values(), strict=True)}
    assert len(looks) == 12 <= len(COLORS) * len(MARKERS)
