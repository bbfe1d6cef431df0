"""Ratings that people must give, against those that they choose to give."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.people.effects import read_effects
from experiments.people.measure_marketplace import DATA, FILE, measure

SHARED = Path(__file__).parents[4] / "shared" / "data"


def make_ratings(fall: int) -> pd.DataFrame:
    """Return forty people with three ratings each of what they chose, and of what they must rate `fall` stars less."""
    rows = [
        (f"p{person}", "val", how, stars - fall * (how == "random"))
        for person in range(40)
        for how in ("chosen", "random")
        for stars in (3 + person % 3, 4, 5)
    ]
    return pd.DataFrame(rows, columns=["person", "split", "how", "stars"])


def test_an_effect_is_a_difference_within_people() -> None:
    stars, five = measure(make_ratings(1))
    assert (stars.value, stars.low, stars.high, stars.num_units) == (-1, -1, -1, 40)
    assert five.value == pytest.approx(-(27 * 1 + 13 * 2) / 120), "one of the three, and two of every third person"
    assert five.low < five.value < five.high < 0
    assert [effect.value for effect in measure(make_ratings(0))] == [0, 0]


def test_the_test_split_is_left_out() -> None:
    ratings = make_ratings(1)
    ratings.loc[ratings["person"] == "p0", "split"] = "test"
    assert measure(ratings)[0].num_units == 39


def test_the_file_holds_what_the_people_did() -> None:
    if not (SHARED / DATA).is_file():
        pytest.skip(f"the ratings are not at {SHARED / DATA}")
    measured = measure(pd.read_csv(SHARED / DATA))
    for stored, effect in zip(read_effects(FILE), measured, strict=True):
        assert (stored.outcome, stored.num_units) == (effect.outcome, effect.num_units)
        assert [stored.value, stored.low, stored.high] == pytest.approx(
            [effect.value, effect.low, effect.high], rel=1e-3
        )
