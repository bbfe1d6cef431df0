"""Outcomes: one number per arm and seed; outcomes may be declared before the run, and some of them as primary."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from experiments.frames import column
from sandbox.core.world import World
from sandbox.intervals import Mean
from sandbox.runtime.assembly import check_outcomes
from sandbox.runtime.config import LAST, RunConfig

SeedValues: TypeAlias = Mapping[int, float]


class Outcome(NamedTuple):
    """One metric, summarised as one number per replicate."""

    name: str
    """As declared, such as `gini_sales@last`."""
    label: str
    is_declared: bool
    """Whether it was named before the run; all other outcomes are exploratory."""
    is_primary: bool = False
    """Whether the question is about it first; primary outcomes are a family of their own."""

    @property
    def metric(self) -> str:
        """Name of the metric."""
        return self.name.removesuffix(LAST)

    def values(self, metrics: pd.DataFrame) -> dict[str, dict[int, float]]:
        """Return its value by arm and seed.

        A mean is over the steps in which the metric has a value. Left out are seeds in which it never has one or, for
        an outcome at the last step, has none there.
        """
        rows = metrics.sort_values("step", kind="stable").groupby(["arm", "seed"], sort=False)[self.metric]
        # `last()` would skip steps without a value.
        summary: Any = rows.agg(lambda steps: steps.iloc[-1]) if self.name.endswith(LAST) else rows.mean()
        values: dict[str, dict[int, float]] = {str(arm): {} for arm in column(metrics, "arm").unique()}
        for (arm, seed), value in summary.dropna().items():
            values[str(arm)][int(seed)] = float(value)
        return values


def list_outcomes(config: RunConfig, kind: type[World[Any]]) -> list[Outcome]:
    """Return the declared outcomes in their order, then every other metric of the world.

    Raises:
        ConfigError: An outcome names no metric of the world.
    """
    check_outcomes(config, kind)
    primary = config.primary_outcomes()
    declared = [make_outcome(name, kind, is_declared=True, is_primary=name in primary) for name in config.outcomes]
    metrics = {outcome.metric for outcome in declared}
    others = [name for name in kind.metric_labels if name not in metrics]
    return [*declared, *(make_outcome(name, kind) for name in others)]


def make_outcome(name: str, kind: type[World[Any]], is_declared: bool = False, is_primary: bool = False) -> Outcome:
    """Return the outcome of a metric of the world, with or without `LAST`."""
    label = kind.metric_labels[name.removesuffix(LAST)] + ", last step" * name.endswith(LAST)
    return Outcome(name, label, is_declared, is_primary)


def outcome_table(outcomes: Sequence[Outcome], metrics: pd.DataFrame) -> pd.DataFrame:
    """Return every outcome of every replicate: outcome, declared, arm, seed, value."""
    rows = [
        (outcome.name, outcome.is_declared, arm, seed, value)
        for outcome in outcomes
        for arm, values in outcome.values(metrics).items()
        for seed, value in values.items()
    ]
    return pd.DataFrame(rows, columns=["outcome", "declared", "arm", "seed", "value"])


def arm_table(outcomes: Sequence[Outcome], metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the mean and standard deviation over seeds of every outcome by arm.

    Returns:
        Columns outcome, declared, arm, mean, low, high (95 % interval), sd, num_seeds.
    """
    rows = [
        (outcome.name, outcome.is_declared, arm, *_describe_seeds(list(values.values())))
        for outcome in outcomes
        for arm, values in outcome.values(metrics).items()
    ]
    return pd.DataFrame(rows, columns=["outcome", "declared", "arm", "mean", "low", "high", "sd", "num_seeds"])


def _describe_seeds(values: Sequence[float]) -> tuple[float, float, float, float, int]:
    mean = Mean.of(values)
    sd = float(np.std(values, ddof=1)) if mean.num > 1 else math.nan
    return mean.value, mean.low, mean.high, sd, mean.num
