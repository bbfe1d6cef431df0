from math import e, log

import numpy as np
import pytest

from training.evaluate.scores import Draws, calibration_error, choice_figures


def test_a_sure_choice_and_an_even_one() -> None:
    sure = choice_figures([0.7, 0.2, 0.1], 0)
    assert sure["nll"] == pytest.approx(-log(0.7))
    assert (sure["HR@1"], sure["HR@3"], sure["NDCG"]) == (1, 1, 1)
    even = choice_figures([0.25] * 4, 2)
    assert even["entropy"] == pytest.approx(log(4))
    assert (even["HR@1"], even["HR@3"]) == (0.25, 0.75)
    third = choice_figures([0.5, 0.3, 0.2], 2)
    assert (third["HR@1"], third["HR@3"], third["NDCG"]) == (0, 1, pytest.approx(0.5))


def test_the_error_of_calibration() -> None:
    once = np.ones((1, 100))
    assert calibration_error([[0.8, 0.2]] * 100, [0] * 80 + [1] * 20, once, bins=1)[0] == pytest.approx(0)
    assert calibration_error([[1.0, 0.0]] * 100, [1] * 100, once)[0] == 1
    drawn = np.array([[2.0] * 80 + [0.0] * 20, [0.0] * 80 + [5.0] * 20])
    assert calibration_error([[0.8, 0.2]] * 100, [0] * 80 + [1] * 20, drawn, bins=1) == pytest.approx([0.2, 0.8])


def test_an_even_guess_that_is_right_as_often_as_it_says_is_calibrated() -> None:
    golds = [number % 4 for number in range(100)]
    assert calibration_error([[0.25] * 4] * 100, golds, np.ones((1, 100)), bins=1)[0] == pytest.approx(0)
    assert calibration_error([[0.4, 0.4, 0.2]] * 90, [n % 3 for n in range(90)], np.ones((1, 90)), 1)[0] > 0.05


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng, covered = np.random.default_rng(3), 0
    for trial in range(200):
        effects = rng.normal(size=40)
        values = np.repeat(effects, 5) + rng.normal(size=200)
        found = Draws([str(n // 5) for n in range(200)], 400, trial).estimate(values)
        covered += found.low < 0 < found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_answers_of_one_user_are_drawn_together() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=20), 50)
    clustered = Draws([str(n // 50) for n in range(1000)], 500, 0).estimate(values)
    alone = Draws([str(n) for n in range(1000)], 500, 0).estimate(values)
    assert clustered.high - clustered.low > 3 * (alone.high - alone.low)
    assert clustered.value == alone.value == pytest.approx(values.mean())
    assert e > clustered.high
