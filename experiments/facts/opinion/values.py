"""Values of a world by seed, from the metrics of its first two rounds: people revised twice."""

from collections.abc import Callable

import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.frames import column, rows_where

ROUNDS = 2
"""Revisions of the real people."""


def value_after_rounds(metric: str) -> Callable[[Tables], pd.Series]:
    """Return the statistic that is a metric's value after the last of these rounds, by seed."""
    return lambda tables: _mean_by_seed(tables, metric, first=ROUNDS - 1)


def mean_over_rounds(metric: str) -> Callable[[Tables], pd.Series]:
    """Return the statistic that is a metric's mean over these rounds, by seed."""
    return lambda tables: _mean_by_seed(tables, metric, first=0)


def difference_after_rounds(metric: str) -> Callable[[Tables, Tables], pd.Series]:
    """Return the statistic that is a metric's value after these rounds minus that of the partner, by seed."""
    value = value_after_rounds(metric)
    return lambda tables, partner: (value(tables) - value(partner)).dropna()


def _mean_by_seed(tables: Tables, metric: str, first: int) -> pd.Series:
    metrics = tables["metrics"]
    steps = column(metrics, "step").astype(int)
    rows = rows_where(metrics, (steps >= first) & (steps < ROUNDS))
    return per_seed(rows, lambda part: float(column(part, metric).astype(float).mean())).dropna()
