"""The band of chance: a prediction interval, one for all arms or one for each treatment."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sandbox.figures.null_model import NullModel
from sandbox.runtime.null import estimate_moments
from tests.sandbox.figures.conftest import make_null

REPETITIONS = 4000


def draw_null_worlds(rng: np.random.Generator, seed_means: np.ndarray, worlds_per_seed: int) -> pd.DataFrame:
    """Return null worlds of `REPETITIONS` metrics, whose worlds of one seed are normal around the mean of the seed.

    Args:
        rng: Draws.
        seed_means: Shape (seeds, metrics).
        worlds_per_seed: Worlds of each seed.
    """
    num_seeds = len(seed_means)
    values = np.repeat(seed_means, worlds_per_seed, axis=0)
    values = values + rng.normal(size=values.shape)
    keys = {
        "treatment": "main",
        "seed": np.repeat(np.arange(num_seeds), worlds_per_seed),
        "salt": np.tile(np.arange(worlds_per_seed), num_seeds),
        "step": 0,
    }
    return pd.DataFrame(keys).join(pd.DataFrame(values, columns=[f"m{number}" for number in range(values.shape[1])]))


@pytest.mark.parametrize(("num_seeds", "worlds_per_seed"), [(1, 20), (3, 7), (8, 3), (20, 2)])
def test_a_run_of_random_answers_lies_in_the_band_in_95_of_100_cases(num_seeds: int, worlds_per_seed: int) -> None:
    rng = np.random.default_rng(7)
    seed_means = rng.normal(0, 5, size=(num_seeds, REPETITIONS))  # seeds differ far more than worlds of one seed
    moments = estimate_moments(draw_null_worlds(rng, seed_means, worlds_per_seed))
    null = NullModel(moments, {"main": "main"})
    run_means = (seed_means + rng.normal(size=seed_means.shape)).mean(axis=0)
    num_inside = 0
    for number in range(0, REPETITIONS, 4):
        [band] = null.bands(f"m{number}", num_seeds)
        num_inside += abs(run_means[number] - band.middle[0]) <= band.half_width[0]
    assert stats.binomtest(num_inside, REPETITIONS // 4, 0.95).pvalue > 1e-3


def test_arms_of_one_treatment_share_a_band_and_two_treatments_have_their_own() -> None:
    shared = make_null({"rule": "main", "random": "main"}, [1.0])
    assert [band.arm for band in shared.bands("x", 1)] == [""]
    treatments = make_null({"low": "low", "high": "high"}, [1.0])
    assert [band.arm for band in treatments.bands("x", 1)] == ["low", "high"]
    assert "in the colours of the arms" in treatments.note()


@pytest.mark.parametrize(
    "treatments",
    [{"rule:a": "a", "rule:b": "b", "random:a": "a", "random:b": "b"}, {"a": "a", "b": "b", "c": "c"}],
)
def test_bands_that_nobody_could_tell_apart_are_not_drawn(treatments: dict[str, str]) -> None:
    null = make_null(treatments, [1.0])
    assert null.bands("x", 1) == []
    assert "null.csv" in null.note()


def test_more_seeds_make_the_band_narrower_and_missing_moments_make_a_gap() -> None:
    null = make_null({"main": "main"}, [1.0, np.nan])
    null.moments.loc[1, ["df", "num_worlds"]] = 0
    (one,), (four,) = null.bands("x", 1), null.bands("x", 4)
    assert four.half_width[0] < one.half_width[0]
    assert np.isnan([one.middle[1]]).all()
    assert one.half_width[0] == pytest.approx(stats.t.ppf(0.975, 19) * np.sqrt(1 + 1 / 20))
    assert np.isnan(one.half_width[1])
