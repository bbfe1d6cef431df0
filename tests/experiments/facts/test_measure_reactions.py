"""Slopes of people are measured as the world's reactions define them."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.facts.measure_reactions import brand_price_slope, experience_in, offers_of_panel
from experiments.frames import column, rows_where
from worlds.marketplace.experiences import EXPERIENCES

CONSTANTS = {"a": 0.0, "weight": 1.0, "c": -0.5}
"""What a brand is worth at equal prices; one is called as a column of the offers is."""
FEATURE = 0.8


def make_panel(slope: float, rng: np.random.Generator, size: int = 4000) -> pd.DataFrame:
    """Return purchases of households whose log odds change by `slope` per doubling of a price."""
    prices = np.exp(rng.normal(0, 0.4, (size, len(CONSTANTS))))
    features = rng.integers(0, 2, prices.shape)
    utility = np.array(list(CONSTANTS.values())) + slope * np.log2(prices) + FEATURE * features
    choice = (utility + rng.gumbel(size=prices.shape)).argmax(axis=1)
    columns = {"id": rng.integers(0, 50, size), "choice": np.array(list(CONSTANTS))[choice]}
    for place, brand in enumerate(CONSTANTS):
        columns |= {f"price.{brand}": prices[:, place], f"feat.{brand}": features[:, place]}
    return pd.DataFrame(columns)


@pytest.mark.parametrize("slope", [-2.0, 0.0])
def test_the_slope_of_households_is_that_of_their_log_odds_per_doubling_of_a_price(slope: float) -> None:
    offers = offers_of_panel(make_panel(slope, np.random.default_rng(1)))
    assert brand_price_slope(offers) == pytest.approx(slope, abs=0.15)
    twice = pd.concat([offers, offers.assign(person=offers["person"] + 50)])  # as in a bootstrap: an index with repeats
    assert brand_price_slope(twice) == pytest.approx(brand_price_slope(offers), abs=1e-3)


def test_every_purchase_has_one_offer_per_brand_and_one_choice() -> None:
    panel = make_panel(-1.0, np.random.default_rng(0), size=5)
    panel.loc[2, "price.c"] = 0.0
    offers = offers_of_panel(panel)
    assert sorted(offers["purchase"].unique()) == [0, 1, 3, 4], "a price of 0 is none"
    assert len(offers) == 4 * len(CONSTANTS)
    bought = rows_where(offers, column(offers, "weight") == 1)
    assert sorted(column(bought, "purchase")) == [0, 1, 3, 4]
    assert set(column(offers, "disp")) == {0}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("An excellent toy.", "excellent"),
        ("Very good, very good indeed.", "very good"),
        ("A disappointing book", "somewhat disappointing"),
        ("Not good", None),
        ("good, then poor", None),
        ("I like it", None),
    ],
)
def test_an_experience_is_the_only_word_for_one_that_is_not_negated(text: str, word: str | None) -> None:
    place = experience_in(text)
    assert math.isnan(place) if word is None else place == EXPERIENCES.index(word)
