from math import log

import numpy as np
import pytest

from training.evaluation.choice_metrics import calibration_error, single_choice_metrics


def test_a_sure_choice_and_an_even_one() -> None:
    sure = single_choice_metrics([0.7, 0.2, 0.1], 0)
    assert sure["nll"] == pytest.approx(-log(0.7))
    assert (sure["HR@1"], sure["HR@3"], sure["NDCG"]) == (1, 1, 1)
    even = single_choice_metrics([0.25] * 4, 2)
    assert even["entropy"] == pytest.approx(log(4))
    assert (even["HR@1"], even["HR@3"]) == (0.25, 0.75)
    third = single_choice_metrics([0.5, 0.3, 0.2], 2)
    assert (third["HR@1"], third["HR@3"], third["NDCG"]) == (0, 1, pytest.approx(0.5))


def test_ranks_beyond_the_fifth_do_not_count() -> None:
    falling = [6 / 21, 5 / 21, 4 / 21, 3 / 21, 2 / 21, 1 / 21]
    found = [single_choice_metrics(falling, gold) for gold in range(6)]
    assert [metrics["MRR@5"] for metrics in found] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 0])
    assert [metrics["HR@5"] for metrics in found] == [1, 1, 1, 1, 1, 0]
    even = single_choice_metrics([0.05] * 20, 7)
    assert even["HR@5"] == pytest.approx(0.25)
    assert even["MRR@5"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 20)


def test_the_error_of_calibration() -> None:
    once = np.ones((1, 100))
    assert calibration_error([[0.8, 0.2]] * 100, [0] * 80 + [1] * 20, once, bins=1)[0] == pytest.approx(0)
    assert calibration_error([[1.0, 0.0]] * 100, [1] * 100, once)[0] == 1
    weights = np.array([[2.0] * 80 + [0.0] * 20, [0.0] * 80 + [5.0] * 20])
    errors = calibration_error([[0.8, 0.2]] * 100, [0] * 80 + [1] * 20, weights, bins=1)
    assert errors == pytest.approx([0.2, 0.8])


def test_an_even_guess_that_is_right_as_often_as_it_says_is_calibrated() -> None:
    golds = [number % 4 for number in range(100)]
    assert calibration_error([[0.25] * 4] * 100, golds, np.ones((1, 100)), bins=1)[0] == pytest.approx(0)
    assert calibration_error([[0.4, 0.4, 0.2]] * 90, [n % 3 for n in range(90)], np.ones((1, 90)), 1)[0] > 0.05
