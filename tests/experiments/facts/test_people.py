"""The figures of real people are those of the data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.facts import people
from experiments.facts.evidence import Evidence
from experiments.facts.measure import customers_apart, interval, reviewers
from experiments.facts.measures import Frame
from experiments.facts.people import around, figure, figures, within_ratio
from sandbox.errors import DataError
from tests.experiments.facts.synthetic import arm, stars
from tests.experiments.facts.test_controls import FACTS

REVIEWS = Path(__file__).parents[4] / "shared/data/reviews_amazon2023/reviews.jsonl.gz"


def test_every_figure_lies_in_its_interval() -> None:
    assert len(figures()) == 7
    assert all(one.low < one.value < one.high and one.num_people > 300 for one in figures().values())


def test_bands_widen_an_interval() -> None:
    one = figure("five_star_share")
    assert (around("five_star_share", 0.1).low, around("five_star_share", 0.1).human) == (one.low - 0.1, one.value)
    band = within_ratio("basket_prices", 0.5, 2)
    assert (band.low, band.high) == (figure("basket_prices").low / 2, figure("basket_prices").high * 2)


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(DataError, match="there is basket_prices"):
        figure("basket_price")


def test_missing_figures_say_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "FILE", tmp_path / "people.yaml")
    figures.cache_clear()
    with pytest.raises(DataError, match=r"experiments\.facts\.measure"):
        figures()


def test_an_interval_is_over_people_not_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.facts.measure.RESAMPLES", 100)
    few = stars((0.5, 0, 0, 0, 0.5))(np.random.default_rng(0)).rename(columns={"buyer": "person"})
    alike = few.assign(stars=few["person"] % 2)
    low, high = interval(alike, lambda rows: float(rows["stars"].mean()))
    assert 0.12 < high - low < 0.35


def test_samples_of_customers_are_further_apart_the_more_customers_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.facts.measure.RESAMPLES", 20)
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(400), 4)
    again = pd.DataFrame({"person": range(400), "num": 10.0, "same": 4.0, "chance": 1.0})
    apart = [
        customers_apart(pd.DataFrame({"person": person, "paid": np.exp(rng.normal(0, spread, 1600))}), again)
        for spread in (0.2, 2.0)
    ]
    assert apart[0]["basket_prices"] < apart[1]["basket_prices"] / 10
    assert apart[0]["repeat_purchases"] == 0, "all are equally loyal"


@pytest.mark.skipif(not REVIEWS.is_file(), reason="the reviews are in ../shared, which is absent")
@pytest.mark.parametrize("name", ["j_shaped_stars", "five_star_share", "star_habits", "review_lengths"])
def test_real_reviewers_show_the_facts_of_reviewers(name: str) -> None:
    rows: Frame = pd.read_json(REVIEWS, lines=True, dtype={"user": str})
    place = rows["user"].rank(method="dense").astype(int)
    reviews = pd.DataFrame({"stars": rows["rating"].astype(int), "text": rows["text"], "buyer": place, "step": 0})
    worlds = reviews.assign(arm="mine", seed=place % 3)
    assert FACTS[name].judge(Evidence({"reviews": worlds}, {"mine": arm()}), "mine").answer == "within"


@pytest.mark.skipif(not REVIEWS.is_file(), reason="the reviews are in ../shared, which is absent")
def test_the_reviewers_are_measured_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.facts.measure.RESAMPLES", 2)
    for name, found in reviewers(REVIEWS).items():
        assert (found["value"], found["num_people"]) == (figure(name).value, figure(name).num_people)
