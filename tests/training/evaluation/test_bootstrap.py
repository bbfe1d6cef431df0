from math import e

import numpy as np
import pytest

from training.evaluation.bootstrap import Draws


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng, num_covered = np.random.default_rng(3), 0
    for trial in range(200):
        effects = rng.normal(size=40)
        values = np.repeat(effects, 5) + rng.normal(size=200)
        estimate = Draws([str(n // 5) for n in range(200)], 400, trial).estimate(values)
        num_covered += estimate.low < 0 < estimate.high
    assert 0.88 <= num_covered / 200 <= 0.99


def test_answers_of_one_user_are_drawn_together() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=20), 50)
    clustered = Draws([str(n // 50) for n in range(1000)], 500, 0).estimate(values)
    independent = Draws([str(n) for n in range(1000)], 500, 0).estimate(values)
    assert clustered.high - clustered.low > 3 * (independent.high - independent.low)
    assert clustered.value == independent.value == pytest.approx(values.mean())
    assert e > clustered.high


def test_a_single_user_gives_no_interval() -> None:
    estimate = Draws(["ann"] * 5, 100, 0).estimate(np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
    assert estimate.value == 2
    assert np.isnan([estimate.low, estimate.high]).all(), "every draw is of the same person: the spread is unknown"
