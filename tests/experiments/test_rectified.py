"""Prediction-powered means hold the truth as often as they say, and are hardly ever wider than the answers alone."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from experiments.rectified import WIDEST, extra_people, rectify
from sandbox.intervals import Mean

REPEATS = 1500
LOWEST_COVERAGE = 0.94
"""Of intervals that say 95 %."""


class Answered(NamedTuple):
    """Answers, and predictions of them that are off by a bias."""

    answers: np.ndarray
    predictions: np.ndarray


def draw_scale(rng: np.random.Generator, number: int, correlation: float, bias: float) -> Answered:
    """Draw answers on a scale from 1 to 5, and its predicted mean."""
    known = rng.normal(size=number)
    answers = 3.4 + correlation * known + math.sqrt(1 - correlation**2) * rng.normal(size=number)
    return Answered(np.clip(np.round(answers), 1, 5), 3 + 0.5 * known + bias)


def draw_choice(rng: np.random.Generator, number: int, correlation: float, bias: float) -> Answered:
    """Draw whether an option is chosen, and its predicted probability."""
    known = rng.normal(size=number)
    latent = correlation * known + math.sqrt(1 - correlation**2) * rng.normal(size=number)
    return Answered((latent > 0.3).astype(float), 0.4 + 0.1 * known + bias)


@pytest.mark.parametrize("draw", [draw_scale, draw_choice])
@pytest.mark.parametrize(
    ("number", "correlation", "bias"), [(25, 0.8, 0.0), (25, 0.4, -2.0), (60, 0.8, 2.0), (60, 0.0, 1.0)]
)
def test_intervals_hold_the_truth_whatever_the_bias(
    draw: Callable[[np.random.Generator, int, float, float], Answered], number: int, correlation: float, bias: float
) -> None:
    rng = np.random.default_rng((number, int(10 * correlation)))
    truth = draw(rng, 2_000_000, correlation, bias).answers.mean()
    num_held, num_held_alone, ratios = 0, 0, []
    for _ in range(REPEATS):
        people, others = draw(rng, number, correlation, bias), draw(rng, 300, correlation, bias)
        alone, (mean, weight) = Mean.of(people.answers), rectify(*people, others.predictions)
        num_held += mean.low <= truth <= mean.high
        num_held_alone += alone.low <= truth <= alone.high
        assert mean.half_width <= WIDEST * alone.half_width
        assert weight >= 0
        ratios.append(mean.half_width / alone.half_width)
    # Student's t holds the share of an option in fewer than 95 % of samples of this size, predictions or not. The share
    # of 1,500 draws may lie two standard errors (0.011) below what it estimates.
    assert num_held / REPEATS >= min(LOWEST_COVERAGE, num_held_alone / REPEATS) - 0.011
    assert np.mean(ratios) < (1.005 if not correlation else 0.995 if correlation < 0.5 else 0.86)


def test_perfect_predictions_are_worth_everybody_they_were_made_for() -> None:
    rng = np.random.default_rng(0)
    answers, others = rng.normal(size=50), rng.normal(size=5000)
    rectified = rectify(answers, answers + 3, others + 3)
    assert rectified.mean.value == pytest.approx(np.concatenate([answers, others]).mean(), abs=0.01)
    assert 2000 < extra_people(Mean.of(answers), rectified.mean) < 8000


@pytest.mark.parametrize("predictions", [np.zeros(30), -np.arange(30.0)])
def test_predictions_that_say_nothing_or_the_opposite_are_not_used(predictions: np.ndarray) -> None:
    answers = np.arange(30.0)
    rectified = rectify(answers, predictions, np.zeros(100))
    assert rectified == (Mean.of(answers), 0.0)
    assert extra_people(Mean.of(answers), rectified.mean) == pytest.approx(0)


def test_three_answers_stand_alone() -> None:
    answers = np.array([1.0, 2.0, 4.0])
    assert rectify(answers, answers, np.arange(100.0)) == (Mean.of(answers), 0.0)
    assert math.isnan(extra_people(Mean.of(answers[:1]), Mean.of(answers[:1])))
