"""The conditional logit recovers the weights by which choices were generated."""

import numpy as np
import pandas as pd
import pytest

from experiments.facts.logit import conditional_logit


def make_lists(weight: float, number: int = 1500, seed: int = 0, draw: bool = True) -> pd.DataFrame:
    """Return lists of three options whose utility is `weight` times x, with an offset that a list shares."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(number, 3)) + rng.normal(size=(number, 1))
    odds = np.exp(weight * x)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    picks = np.array([rng.choice(3, p=row) for row in probabilities])
    weights = (np.arange(3) == picks[:, None]).astype(float) if draw else probabilities
    search = np.repeat([f"s{index}" for index in range(number)], 3)
    return pd.DataFrame({"search": search, "x": x.ravel(), "flat": 1.0, "weight": weights.ravel()})


@pytest.mark.parametrize("weight", [-1.5, 0.0, 0.8])
def test_drawn_choices_give_the_weight_within_its_error(weight: float) -> None:
    coefficient = conditional_logit(make_lists(weight), ["x"])["x"]
    assert abs(coefficient.value - weight) < 3.5 * coefficient.error
    assert 0.01 < coefficient.error < 0.1


def test_probabilities_give_the_weight_exactly() -> None:
    assert conditional_logit(make_lists(0.7, draw=False), ["x"])["x"].value == pytest.approx(0.7, abs=1e-3)


def test_the_error_is_the_spread_of_the_estimate() -> None:
    coefficients = [conditional_logit(make_lists(0.8, number=120, seed=seed), ["x"])["x"] for seed in range(40)]
    spread = np.std([coefficient.value for coefficient in coefficients])
    assert spread == pytest.approx(np.mean([coefficient.error for coefficient in coefficients]), rel=0.35)


def test_what_never_differs_in_a_list_has_no_weight() -> None:
    flat = conditional_logit(make_lists(0.7), ["x", "flat"])["flat"]
    assert (flat.value, flat.error, flat.z) == (0, float("inf"), 0)


def test_the_order_of_rows_means_nothing() -> None:
    offers = make_lists(0.5)
    shuffled = offers.sample(frac=1, random_state=3)
    first, second = (conditional_logit(table, ["x"])["x"].value for table in (offers, shuffled))
    assert first == pytest.approx(second, abs=1e-4)


def test_lists_from_which_nothing_was_chosen_do_not_count() -> None:
    offers = make_lists(0.7)
    nothing = make_lists(0.0, number=50).assign(weight=0.0, search=lambda rows: "n" + rows["search"])
    joint = conditional_logit(pd.concat([offers, nothing]), ["x"])["x"].value
    assert joint == pytest.approx(conditional_logit(offers, ["x"])["x"].value, abs=1e-4)
    assert conditional_logit(nothing, ["x"])["x"].error == float("inf")
