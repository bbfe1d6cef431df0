"""The reference data are what the data of real people give."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.facts.evidence import Evidence
from experiments.facts.measure_people import (
    bootstrap_interval,
    measure_item,
    measure_reviewers,
    read_reviews,
)
from experiments.facts.reference import Reference
from experiments.facts.registry import list_samples
from experiments.frames import column
from tests.experiments.facts.synthetic import make_arm, reviews
from tests.experiments.facts.test_controls import FACTS
from worlds.marketplace import Marketplace

REVIEWS = Path(__file__).parents[4] / "shared/data/reviews_amazon2023/reviews.jsonl.gz"
MEASURED = {
    name: fact.reference for name, fact in FACTS.items() if fact.reference is not None and fact.reference.num_people
}
needs_reviews = pytest.mark.skipif(not REVIEWS.is_file(), reason="the reviews are in ../shared, which is absent")


def test_every_measured_value_is_inside_its_interval() -> None:
    assert len(MEASURED) == 7
    assert all(reference.low < reference.value < reference.high for reference in MEASURED.values())
    assert all(reference.num_people >= 83 for reference in MEASURED.values())


def test_bands_widen_an_interval() -> None:
    reference = Reference(0.6, 0.5, 0.7, num_people=10)
    band = reference.around(0.1)
    assert (band.low, band.high) == (reference.low - 0.1, reference.high + 0.1)
    assert band.why == "10 people: 0.6 [0.5, 0.7], ± 0.1"
    ratio = reference.within_ratio(0.5, 2)
    assert (ratio.low, ratio.high) == (reference.low / 2, reference.high * 2)


def test_a_value_without_a_sample_of_people_is_a_norm_without_error() -> None:
    norm, people = Reference(1.0), Reference(1.0, 0.804, 1.196, num_people=10)
    assert (norm.against, norm.covariance_matrix.tolist()) == ("norm", [[0.0]])
    assert (people.against, people.covariance_matrix[0, 0]) == ("people", pytest.approx(0.01))


def test_an_interval_is_over_people_not_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.facts.measure_people.RESAMPLES", 100)
    table = reviews((0.5, 0, 0, 0, 0.5))(np.random.default_rng(0)).rename(columns={"buyer": "person"})
    consistent = table.assign(stars=table["person"] % 2)
    low, high = bootstrap_interval(consistent, lambda rows: float(column(rows, "stars").mean()))
    assert 0.12 < high - low < 0.35


@needs_reviews
@pytest.mark.parametrize("name", ["j_shaped_stars", "five_star_share", "star_habits", "review_lengths"])
def test_real_reviewers_show_the_facts_of_reviewers(name: str) -> None:
    rows = pd.read_json(REVIEWS, lines=True, dtype={"user": str})
    buyer = rows["user"].rank(method="dense").astype(int)
    table = pd.DataFrame({"stars": rows["rating"].astype(int), "text": rows["text"], "buyer": buyer, "step": 0})
    worlds = table.assign(arm="mine", seed=buyer % 3)
    assert FACTS[name].judge(Evidence({"reviews": worlds}, {"mine": make_arm()}), "mine").verdict == "within"


@needs_reviews
def test_the_reviewers_are_measured_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.facts.measure_people.RESAMPLES", 2)
    measured = measure_reviewers(REVIEWS)
    assert set(measured) == {"j_shaped_stars", "five_star_share", "star_habits", "review_lengths"}
    for name, reference in measured.items():
        assert (reference.value, reference.num_people) == (MEASURED[name].value, MEASURED[name].num_people)


@needs_reviews
@pytest.mark.parametrize("name", ["star_distribution", "star_variance", "star_habits", "length_habits"])
def test_the_items_are_measured_as_written(name: str) -> None:
    [item] = [item for item in list_samples(Marketplace) if item.name == name]
    measured = measure_item(item, read_reviews(REVIEWS))
    assert measured.vector == pytest.approx(item.reference.vector, abs=1e-5)
    assert measured.covariance_matrix == pytest.approx(item.reference.covariance_matrix, rel=1e-3)
    assert measured.num_people == item.reference.num_people == 83


def test_every_item_has_been_measured() -> None:
    samples = list_samples(Marketplace)
    assert len(samples) == 8
    assert all(np.isfinite(item.reference.vector).all() for item in samples)
    assert all(np.linalg.eigvalsh(item.reference.covariance_matrix).min() >= -1e-6 for item in samples)
