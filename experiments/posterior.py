"""What people's data say about the settings of a world: approximate Bayesian computation from points that were played.

The points nearest to people are kept, and their settings are corrected by a local regression on how far off each was
(Beaumont, Zhang and Balding 2002, doi:10.1093/genetics/162.4.2025).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.frames import Array, column, rows_where, to_records
from experiments.people.effects import HumanEffect
from experiments.people_arm import NORMAL_95
from experiments.ranges import Range
from sandbox.errors import ConfigError

KEPT = 0.15
"""Share of the points that are kept."""
MIN_KEPT = 20
RIDGE = 1e-2
"""Pull of the regression's slopes towards 0, for targets that move together."""
EDGE = 1e-3
"""Shares of a range are kept this far from its ends, so that their log odds are finite."""
PRIOR_POINTS = 10_001
"""Points from which the standard deviation of a prior is computed."""
WEAK = 0.8
"""Ratio of the posterior's to the prior's standard deviation from which the data hardly determine a setting."""
TIED = 0.8
"""Absolute correlation of two settings in the posterior from which the data determine them only together."""

SETTING_COLUMNS = ("setting", "mean", "low", "high", "lowest", "highest", "sd_ratio")
FIT_COLUMNS = (
    "treatment", "control", "outcome", "people", "people_low", "people_high", "simulated", "simulated_low",
    "simulated_high",
)  # fmt: skip


class Posterior(NamedTuple):
    """What people's data say about the settings."""

    ranges: list[Range]
    samples: Array
    """Shares of the ranges, (kept points, settings)."""
    weights: Array
    """Of the samples, summing to 1."""
    targets: list[HumanEffect]
    simulated: Array
    """What the world did at the kept points, (kept points, targets)."""
    distances: Array
    """Of the kept points from people: root mean square over targets, in standard errors of people's means."""
    is_reached: bool
    """Whether kept points lie on both sides of people, in every target. If not, the samples are the nearest points."""


def fit_posterior(
    ranges: Sequence[Range], targets: Sequence[HumanEffect], shares: Array, simulated: Array
) -> Posterior:
    """Keep the points nearest to people, and correct them by regression.

    Args:
        ranges: The settings.
        targets: What people did.
        shares: Points, uniform over a box, (points, settings).
        simulated: What the world did there, (points, targets); NaN where it has no value.

    Raises:
        ConfigError: The world has values at too few points.
    """
    people = np.array([target.value for target in targets])
    errors = np.array([(target.high - target.low) / (2 * NORMAL_95) for target in targets])
    # People are a sample too: what would be seen of them varies around what they do, and so must what is compared.
    seen = simulated + np.random.default_rng(0).normal(0, errors, simulated.shape)
    off = (seen - people) / errors
    valid = ~np.isnan(off).any(axis=1)
    if np.count_nonzero(valid) < MIN_KEPT:
        raise ConfigError(
            f"the world has values of all targets at {np.count_nonzero(valid)} of {len(off)} points, but {MIN_KEPT} "
            "are needed; choose narrower ranges or more points"
        )
    shares, simulated, off = shares[valid], simulated[valid], off[valid]
    distances = np.sqrt((off**2).mean(axis=1))
    number = max(MIN_KEPT, math.ceil(KEPT * len(distances)))
    kept = np.argsort(distances, kind="stable")[:number]
    weights = 1 - (distances[kept] / (distances[kept].max() * (1 + 1e-9))) ** 2  # Epanechnikov's kernel
    weights = weights / weights.sum() if weights.sum() > 0 else np.full(number, 1 / number)
    # Where the nearest points all lie on one side of people, a regression would guess beyond them.
    is_reached = bool(((off[kept].min(axis=0) <= 0) & (off[kept].max(axis=0) >= 0)).all())
    samples = _correct(shares[kept], off[kept], weights) if is_reached else shares[kept]
    return Posterior(
        list(ranges), samples, weights, list(targets), simulated[kept], distances[kept], is_reached=is_reached
    )


def _correct(shares: Array, off: Array, weights: Array) -> Array:
    """Return shares of ranges as they would be if the points were not off people at all."""
    from statsmodels.regression import linear_model

    bounded = np.clip(shares, EDGE, 1 - EDGE)
    design = np.column_stack([np.ones(len(off)), off])
    regression: Any = linear_model.WLS
    pull = np.array([0.0, *[RIDGE] * off.shape[1]])
    corrected = [
        odds - off @ regression(odds, design, weights).fit_regularized(alpha=pull, L1_wt=0.0).params[1:]
        for odds in (np.log(bounded) - np.log1p(-bounded)).T
    ]
    return 1 / (1 + np.exp(-np.column_stack(corrected)))


def setting_table(posterior: Posterior) -> pd.DataFrame:
    """Return what people's data say about each setting.

    Returns:
        setting, mean, low, high (95 % of the posterior), lowest, highest (the range), sd_ratio: the standard deviation
        of the posterior over that of the prior. Near 0, the data determine the setting; near 1, they say nothing of it.
    """
    rows = []
    for place, one in enumerate(posterior.ranges):
        values = one.numbers_at(posterior.samples[:, place])
        mean = float(values @ posterior.weights)
        spread = math.sqrt(float((values - mean) ** 2 @ posterior.weights))
        low, high = _quantiles(values, posterior.weights)
        ratio = spread / float(np.std(one.numbers_at(np.linspace(0, 1, PRIOR_POINTS))))
        rows.append((one.name, mean, low, high, one.low, one.high, ratio))
    return pd.DataFrame(rows, columns=list(SETTING_COLUMNS))


def target_table(posterior: Posterior) -> pd.DataFrame:
    """Return people's values beside what the world does at the kept points.

    Returns:
        treatment, control, outcome, people, people_low, people_high, simulated, simulated_low, simulated_high (95 % of
        the kept points).
    """
    rows = []
    for place, target in enumerate(posterior.targets):
        values = posterior.simulated[:, place]
        ends = _quantiles(values, posterior.weights)
        numbers = (target.value, target.low, target.high, float(values @ posterior.weights), *ends)
        rows.append((target.treatment, target.control, target.outcome, *numbers))
    return pd.DataFrame(rows, columns=list(FIT_COLUMNS))


def list_ties(posterior: Posterior) -> list[tuple[str, str, float]]:
    """Return pairs of settings that the data determine only together, with their correlation in the posterior."""
    if len(posterior.ranges) < 2:
        return []
    matrix = np.cov(posterior.samples.T, aweights=posterior.weights)
    scale = np.sqrt(np.diag(matrix))
    correlations = matrix / np.outer(scale, scale)
    names = [one.name for one in posterior.ranges]
    return [
        (names[first], names[second], float(correlations[first, second]))
        for first in range(len(names))
        for second in range(first + 1, len(names))
        if abs(correlations[first, second]) >= TIED
    ]


def describe_posterior(posterior: Posterior) -> list[str]:
    """Return sentences: each setting with its interval, what the data leave open, and what the world cannot do."""
    lines = [
        f"{row['setting']}: {row['mean']:.4g} [{row['low']:.4g}, {row['high']:.4g}]"
        f"{_describe_spread(row['sd_ratio']) if posterior.is_reached else ''}"
        for row in to_records(setting_table(posterior))
    ]
    for first, second, correlation in list_ties(posterior) if posterior.is_reached else ():
        lines.append(f"{first} and {second} are determined only together (correlation {correlation:.2f}).")
    if not posterior.is_reached:
        lines.append(
            "The world does not reach people within these ranges, so these are the nearest values, no estimates."
        )
    nearest = float(posterior.distances.min())
    lines.append(f"The nearest point is {nearest:.2f} standard errors of people's means away (root mean square).")
    targets = target_table(posterior)
    is_below = column(targets, "simulated_high") < column(targets, "people_low")
    is_above = column(targets, "simulated_low") > column(targets, "people_high")
    if missed := list(dict.fromkeys(rows_where(targets, is_below | is_above)["outcome"])):
        lines.append(f"Even at the nearest points, the world does not do what people did in {', '.join(missed)}.")
    return lines


def _describe_spread(ratio: float) -> str:
    told = "the data say little about it" if ratio >= WEAK else "determined by the data"
    return f"; {told} (spread {ratio:.2f} of the prior's)"


def _quantiles(values: Array, weights: Array) -> tuple[float, float]:
    """Return the weighted 2.5 % and 97.5 % quantiles."""
    order = np.argsort(values, kind="stable")
    places = np.cumsum(weights[order]) - weights[order] / 2
    low, high = np.interp([0.025, 0.975], places, values[order])
    return float(low), float(high)
