"""How often intervals cover the truth, tests find what is not there, and experiments find what they call detectable.

Claim: 95 % intervals and 5 % tests keep what they promise for normal differences at any number of seeds, and a true
difference of the size that an experiment prints as detectable is found by four of five repetitions of it. For skewed
differences and for the marketplace's own outcomes, the table says how far off they are.

    python -m benchmarks.coverage --experiments 20000 --worlds 200

Differences of the marketplace are those of random and rule-following agents within a seed, in small worlds; samples are
drawn from these differences with replacement, and their mean is the truth. No language model is needed.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import make_parser, report_table
from experiments.outcomes import list_outcomes
from experiments.statistics import ALPHA, FloatArray, detectable_difference, paired_differences
from sandbox.intervals import t_quantile
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import load_run_config
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress

SEED_NUMBERS = (3, 8, 20)
FAMILY = 12
"""Size of the family for which power is shown beside that of a single test."""
MARKET = (
    "world=marketplace", "experiment=marketplace", "mind=rule", "minds=[rule,random]", "population.size=20", "steps=6",
)  # fmt: skip


class Rates(NamedTuple):
    """Shares of experiments."""

    coverage: float
    """Whose 95 % interval covers the true mean."""
    false_positive: float
    """Whose test at 5 % finds a difference although there is none."""
    power: float
    """That find a true difference of the size which another experiment printed as detectable."""
    family_power: float
    """The same within a family of `FAMILY` tests, at Holm's first step."""


def measure_rates(samples: FloatArray, repetitions: FloatArray, truth: float) -> Rates:
    """Return the rates of experiments.

    Args:
        samples: A row per experiment, a column per seed.
        repetitions: The same, independent of `samples`.
        truth: True mean of all values.
    """
    low, high = interval_ends(samples)
    is_null_rejected = rejects(samples - truth, ALPHA)
    powers = [
        float(np.mean(rejects(repetitions - truth + _printed_detectable(samples, size)[:, None], ALPHA / size)))
        for size in (1, FAMILY)
    ]
    return Rates(float(np.mean((low < truth) & (truth < high))), float(np.mean(is_null_rejected)), *powers)


def interval_ends(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ends of `sandbox.intervals.Mean`, for a row per experiment."""
    number = samples.shape[1]
    half = t_quantile(number - 1) * samples.std(axis=1, ddof=1) / np.sqrt(number)
    return samples.mean(axis=1) - half, samples.mean(axis=1) + half


def rejects(samples: FloatArray, alpha: float) -> FloatArray:
    """Return, for a row per experiment, whether a t-test at this level rejects that the mean is 0."""
    from scipy.stats import t

    number = samples.shape[1]
    errors = samples.std(axis=1, ddof=1) / np.sqrt(number)
    return np.abs(samples.mean(axis=1)) > float(t.isf(alpha / 2, number - 1)) * errors


def _printed_detectable(samples: FloatArray, family_size: int) -> FloatArray:
    return samples.std(axis=1, ddof=1) * detectable_difference(1.0, samples.shape[1], family_size)


def market_differences(num_worlds: int) -> dict[str, FloatArray]:
    """Return the differences between random and rule-following agents within seeds, by declared outcome."""
    with TemporaryDirectory() as folder:
        seeds = f"seeds=[{','.join(map(str, range(num_worlds)))}]"
        overrides = [*MARKET, seeds, f"run_dir={Path(folder) / 'worlds'}"]
        metrics = Run.start(overrides).resume(Progress(), lambda _: None).metrics
        config = load_run_config(overrides)
    kind, _ = resolve_world(config)
    values = {outcome.label: outcome.values(metrics) for outcome in list_outcomes(config, kind) if outcome.is_declared}
    differences = {label: paired_differences(arms["random"], arms["rule"]) for label, arms in values.items()}
    return {label: pool for label, pool in differences.items() if float(np.ptp(pool)) > 0}


def main() -> None:
    """Measure and report."""
    parser = make_parser(__doc__)
    parser.add_argument("--experiments", type=int, default=20_000, help="simulated experiments of each kind")
    parser.add_argument("--worlds", type=int, default=200, help="worlds from which the market's outcomes are drawn")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    pools = market_differences(args.worlds)
    rows: list[list[object]] = []
    for number in SEED_NUMBERS:
        size = (2, args.experiments, number)
        samples: dict[str, tuple[Any, float]] = {
            "normal": (rng.normal(0, 1, size), 0.0),
            "lognormal (skewness 6)": (rng.lognormal(0, 1, size), float(np.exp(0.5))),
            **{f"market: {label}": (rng.choice(pool, size), float(pool.mean())) for label, pool in pools.items()},
        }
        for name, (values, truth) in samples.items():
            rates = measure_rates(values[0], values[1], truth)
            rows.append([name, number, *(f"{100 * rate:.1f}" for rate in rates)])
    head = ["differences", "seeds", "coverage %", "false positives %", "power %", f"power in a family of {FAMILY} %"]
    report_table(args, head, rows, rows)


if __name__ == "__main__":
    main()
