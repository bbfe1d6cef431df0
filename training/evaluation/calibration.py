"""A calibrated base model: the fair opponent of one that was fine-tuned.

Fine-tuning teaches a small model how often people choose what, and how sure to be. One temperature and one bias per
answer, fitted to a few train tasks, do that without touching a weight (temperature and bias scaling; Guo et al. 2017,
arXiv:1706.04599). Only what a fine-tuned model knows beyond that can be knowledge of the situation or of the person.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from scipy.optimize import minimize

from sandbox.core.answering import display_order
from training.evaluation.cases import NOBODY, EvaluationCase, option_keys
from training.evaluation.metrics import Array
from training.tasks.forms import build_question

COMMON_SHARE = 0.5
"""Share of the questions of a form that must offer an option for it to have a bias of its own."""
RIDGE = 1.0
"""Pull of the biases towards 0."""
MIN_PROBABILITY = 1e-9
"""Smaller probabilities count as this one."""


class Calibration(NamedTuple):
    """How to correct a model's probabilities for one form."""

    sharpness: float
    """Inverse temperature: logarithms of probabilities are multiplied by it."""
    biases: Mapping[str, float]
    """Added to the logarithms, by answer."""

    def apply(self, probs: Sequence[float], answers: Sequence[str]) -> list[float]:
        """Return corrected probabilities of the options, whose names are `answers`."""
        logs = self.sharpness * np.log(np.maximum(probs, MIN_PROBABILITY))
        return _softmax(logs + np.array([self.biases.get(answer, 0.0) for answer in answers])).tolist()


def name_answers(cases: Sequence[EvaluationCase], reference: Sequence[EvaluationCase]) -> list[list[str]]:
    """Return a name for every option of every case, under which it has a bias.

    Options that most questions offer, such as stars, are named by what they are, all others, such as products, by their
    place on the list.

    Args:
        cases: Cases of one form.
        reference: Cases that say which options are common.
    """
    counts = Counter(key for case in reference for key in option_keys(case))
    common = {key for key, count in counts.items() if count >= COMMON_SHARE * len(reference)}
    names: list[list[str]] = []
    for case in cases:
        question = build_question(case.question, msgspec.structs.replace(NOBODY, platform=case.platform))
        keys, order = option_keys(case), display_order(question)
        places = [order.index(place) for place in range(len(keys))]
        names.append([key if key in common else f"place {place}" for key, place in zip(keys, places, strict=True)])
    return names


def fit_calibration(
    probs: Sequence[Sequence[float]], answers: Sequence[Sequence[str]], golds: Sequence[int]
) -> Calibration:
    """Fit temperature and biases to the probabilities that a model gave to people's choices.

    Args:
        probs: Of the options of each choice.
        answers: Names of the options, under which they have a bias.
        golds: Index of the chosen option of each.
    """
    names = sorted({name for row in answers for name in row})
    places = [[names.index(name) for name in row] for row in answers]
    logs = [np.log(np.maximum(row, MIN_PROBABILITY)) for row in probs]

    def loss(parameters: Array) -> tuple[float, Array]:
        sharpness, biases = parameters[0], parameters[1:]
        gradient = np.concatenate([[0.0], RIDGE * biases])
        total = RIDGE / 2 * float(biases @ biases)
        for row, own, gold in zip(logs, places, golds, strict=True):
            residual = _softmax(sharpness * row + biases[own])
            total -= float(np.log(max(residual[gold], MIN_PROBABILITY)))
            residual[gold] -= 1
            gradient[0] += residual @ row
            np.add.at(gradient, [1 + place for place in own], residual)
        return total, gradient

    start = np.concatenate([[1.0], np.zeros(len(names))])
    bounds = [(0.0, None), *[(None, None)] * len(names)]
    fit: Any = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Calibration(float(fit.x[0]), dict(zip(names, fit.x[1:].tolist(), strict=True)))


def _softmax(logs: Array) -> Array:
    odds = np.exp(logs - logs.max())
    return odds / odds.sum()
