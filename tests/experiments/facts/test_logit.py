"""The conditional logit finds the weights that choices were made with."""

import numpy as np
import pandas as pd
import pytest

from experiments.facts.logit import conditional_logit
from experiments.facts.measures import Frame


def lists(weight: float, number: int = 1500, seed: int = 0, draw: bool = True) -> Frame:
    """Lists of three options whose utility is `weight` times x, with an offset that all of a list share."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(number, 3)) + rng.normal(size=(number, 1))
    odds = np.exp(weight * x)
    chances = odds / odds.sum(axis=1, keepdims=True)
    drawn = np.array([rng.choice(3, p=row) for row in chances])
    weights = (np.arange(3) == drawn[:, None]).astype(float) if draw else chances
    search = np.repeat([f"s{at}" for at in range(number)], 3)
    return pd.DataFrame({"search": search, "x": x.ravel(), "flat": 1.0, "weight": weights.ravel()})


@pytest.mark.parametrize("weight", [-1.5, 0.0, 0.8])
def test_drawn_choices_give_the_weight_within_its_error(weight: float) -> None:
    found = conditional_logit(lists(weight), ["x"])["x"]
    assert abs(found.value - weight) < 3.5 * found.error
    assert 0.01 < found.error < 0.1


def test_probabilities_give_the_weight_exactly() -> None:
    assert conditional_logit(lists(0.7, draw=False), ["x"])["x"].value == pytest.approx(0.7, abs=1e-3)


def test_the_error_is_the_spread_of_the_estimate() -> None:
    found = [conditional_logit(lists(0.8, number=120, seed=seed), ["x"])["x"] for seed in range(40)]
    spread = np.std([one.value for one in found])
    assert spread == pytest.approx(np.mean([one.error for one in found]), rel=0.35)


def test_what_never_differs_in_a_list_has_no_weight() -> None:
    found = conditional_logit(lists(0.7), ["x", "flat"])["flat"]
    assert (found.value, found.error, found.z) == (0, float("inf"), 0)


def test_the_order_of_rows_means_nothing() -> None:
    offers = lists(0.5)
    shuffled = offers.sample(frac=1, random_state=3)
    one, other = (conditional_logit(some, ["x"])["x"].value for some in (offers, shuffled))
    assert one == pytest.approx(other, abs=1e-4)


def test_lists_from_which_nothing_was_chosen_do_not_count() -> None:
    offers = lists(0.7)
    nothing = lists(0.0, number=50).assign(weight=0.0, search=lambda rows: "n" + rows["search"])
    both = conditional_logit(pd.concat([offers, nothing]), ["x"])["x"].value
    assert both == pytest.approx(conditional_logit(offers, ["x"])["x"].value, abs=1e-4)
    assert conditional_logit(nothing, ["x"])["x"].error == float("inf")
