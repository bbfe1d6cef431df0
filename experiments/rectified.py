"""Prediction-powered inference for a mean: answers of few people, rectified by predictions for many.

The mean of the people who answered is moved by what the predictions say about everybody else:
`mean(answers) + weight * (mean(predictions of the others) - mean(predictions of those who answered))`. It is unbiased
however biased the predictions are (Angelopoulos et al. 2023, doi:10.1126/science.adi6000), and the weight that makes it
most precise is the slope of answers on predictions, shrunk for few others (PPI++; Angelopoulos, Duchi and Zrnic 2023,
arXiv:2311.01453).

The package `ppi-python` computes the same estimate with normal intervals, which are too narrow for few people: with 20
answers they hold the true mean in 89 to 93 % of cases. Here the variance takes each answer as if it had been left out
(HC3; MacKinnon and White 1985, doi:10.1016/0304-4076(85)90158-7), with Student's t. `python -m benchmarks.rectified`
repeats the comparison.
"""

import math
from typing import NamedTuple

import numpy as np

from experiments.frames import Array
from sandbox.intervals import Mean, t_quantile

MIN_PEOPLE = 4
"""With fewer answers there is no variance around a slope; the answers stand alone then."""

WIDEST = 1.02
"""Width of the interval from which the answers stand alone, relative to theirs. It is above 1 because always taking the
narrower of two intervals would hold the truth too rarely."""


class Rectified(NamedTuple):
    """An estimate from answers and predictions."""

    mean: Mean
    weight: float
    """How much of what the predictions say is used; 0: the estimate is that of the answers alone."""


def rectify(answers: Array, predictions: Array, others: Array) -> Rectified:
    """Estimate the mean answer of a population from a random sample of it.

    The weight is 0 where predictions do not rise with answers, or where using them would widen the interval by more
    than `WIDEST` allows.

    Args:
        answers: Of the people who answered, (n,).
        predictions: For the same people, (n,).
        others: Predictions for people who did not answer, (m,).
    """
    alone = Rectified(Mean.of(answers), 0.0)
    number = len(answers)
    deviations = predictions - predictions.mean() if number else predictions
    spread = float(deviations @ deviations)
    if number < MIN_PEOPLE or len(others) < 2 or spread <= 0:
        return alone
    slope = float(deviations @ (answers - answers.mean())) / spread
    weight = max(0.0, slope / (1 + number / len(others)))
    residuals = answers - weight * predictions
    leverage = 1 / number + deviations**2 / spread
    left_out = (residuals - residuals.mean()) / np.maximum(1 - leverage, 1e-9)
    variance = float(left_out @ left_out) / (number * (number - 1))
    variance += weight**2 * float(np.concatenate([predictions, others]).var(ddof=1)) / len(others)
    half_width = t_quantile(number - 2) * math.sqrt(variance)
    if not weight or half_width > WIDEST * alone.mean.half_width:
        return alone
    value = float(answers.mean() + weight * (others.mean() - predictions.mean()))
    return Rectified(Mean(value, half_width, number), weight)


def extra_people(alone: Mean, rectified: Mean) -> float:
    """Return how many more answers would have narrowed the interval of the answers alone as much.

    Intervals narrow with the square root of the number of answers.
    """
    if not (rectified.half_width > 0 and math.isfinite(alone.half_width)):
        return math.nan
    return alone.num * ((alone.half_width / rectified.half_width) ** 2 - 1)
