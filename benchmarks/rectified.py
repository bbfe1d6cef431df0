"""How often the intervals of `infer` hold the truth, and how wide they are, beside the answers alone and `ppi-python`.

Claim: with 20 answers or more, 95 % intervals hold the true mean in at least 94 % of samples, whatever the bias of the
predictions, where the intervals of the answers alone do; they are never more than 2 % wider.

    pip install --no-deps ppi-python==0.2.3
    python -m benchmarks.rectified --samples 4000

Without that package, its columns are left out. Answers are on a scale from 1 to 5, or the choice of an option that two
fifths choose; predictions correlate with what lies behind them, and are off by a bias.
"""

import importlib.util
import math
from collections.abc import Callable
from importlib import import_module
from typing import TypeAlias

import numpy as np

from benchmarks.common import make_parser, report_table
from experiments.rectified import rectify
from experiments.statistics import FloatArray
from sandbox.intervals import CONFIDENCE, Mean

Draw: TypeAlias = Callable[[np.random.Generator, int, float], tuple[FloatArray, FloatArray]]
"""Draws answers of so many people, and predictions of them with that correlation."""
Interval: TypeAlias = tuple[float, float]
NUMBERS = (10, 20, 50, 100)
CORRELATIONS = (0.0, 0.5, 0.9)
NUM_OTHERS = 300
TRUTH_SAMPLE = 4_000_000
BIAS = 1.0


def draw_scale(rng: np.random.Generator, number: int, correlation: float) -> tuple[FloatArray, FloatArray]:
    """Draw answers from 1 to 5, and predicted means."""
    known, latent = _draw_latent(rng, number, correlation)
    return np.clip(np.round(3.4 + latent), 1, 5), 3 + BIAS + 0.5 * known


def draw_choice(rng: np.random.Generator, number: int, correlation: float) -> tuple[FloatArray, FloatArray]:
    """Draw whether an option is chosen, and its predicted probability."""
    known, latent = _draw_latent(rng, number, correlation)
    return (latent > 0.3).astype(float), 0.4 + BIAS + 0.1 * known


def _draw_latent(rng: np.random.Generator, number: int, correlation: float) -> tuple[FloatArray, FloatArray]:
    known = rng.normal(size=number)
    return known, correlation * known + math.sqrt(1 - correlation**2) * rng.normal(size=number)


def answers_alone(answers: FloatArray, _: FloatArray, __: FloatArray) -> Interval:
    """Return the interval of the answers alone."""
    mean = Mean.of(answers)
    return mean.low, mean.high


def rectified(answers: FloatArray, predictions: FloatArray, others: FloatArray) -> Interval:
    """Return the interval of `infer`."""
    mean = rectify(answers, predictions, others).mean
    return mean.low, mean.high


def ppi_python(answers: FloatArray, predictions: FloatArray, others: FloatArray) -> Interval:
    """Return the power-tuned interval of `ppi-python`."""
    ends = import_module("ppi_py").ppi_mean_ci(answers, predictions, others, alpha=1 - CONFIDENCE)
    low, high = (float(np.squeeze(end)) for end in ends)
    return low, high


def main() -> None:
    """Measure and report."""
    parser = make_parser(__doc__)
    parser.add_argument("--samples", type=int, default=4000, help="simulated samples of each kind")
    args = parser.parse_args()
    methods = {"answers alone": answers_alone, "infer": rectified}
    if importlib.util.find_spec("ppi_py"):
        methods["ppi-python"] = ppi_python
    rng = np.random.default_rng(0)
    rows: list[list[object]] = []
    for draw in (draw_scale, draw_choice):
        for correlation in CORRELATIONS:
            truth = float(draw(rng, TRUTH_SAMPLE, correlation)[0].mean())
            for number in NUMBERS:
                samples = [
                    (*draw(rng, number, correlation), draw(rng, NUM_OTHERS, correlation)[1])
                    for _ in range(args.samples)
                ]
                ends = {name: np.array([method(*sample) for sample in samples]) for name, method in methods.items()}
                widths = {name: np.diff(pair).mean() for name, pair in ends.items()}
                coverages = [np.mean((pair[:, 0] <= truth) & (truth <= pair[:, 1])) for pair in ends.values()]
                row: list[object] = [draw.__name__.removeprefix("draw_"), correlation, number]
                row += [f"{100 * coverage:.1f}" for coverage in coverages]
                rows.append(row + [f"{widths[name] / widths['answers alone']:.2f}" for name in list(methods)[1:]])
    head = ["answers", "correlation", "people", *(f"coverage of {name} %" for name in methods)]
    report_table(args, [*head, *(f"width of {name}" for name in list(methods)[1:])], rows, rows)


if __name__ == "__main__":
    main()
