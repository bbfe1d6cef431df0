"""Values of a world by seed, from the metrics of its steps."""

from collections.abc import Callable

import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.frames import column, rows_where


def value_at_end(metric: str) -> Callable[[Tables], pd.Series]:
    """Return the statistic that is a metric's value after the last step, by seed."""

    def statistic(tables: Tables) -> pd.Series:
        return per_seed(
            tables["metrics"], lambda rows: float(column(rows.sort_values("step"), metric).iloc[-1])
        ).dropna()

    return statistic


def mean_over_rounds(metric: str) -> Callable[[Tables], pd.Series]:
    """Return the statistic that is a metric's mean over the steps, by seed."""

    def statistic(tables: Tables) -> pd.Series:
        return per_seed(tables["metrics"], lambda rows: float(column(rows, metric).astype(float).mean())).dropna()

    return statistic


def difference_at_the_end(metric: str) -> Callable[[Tables, Tables], pd.Series]:
    """Return the statistic that is a metric's mean over the last third of steps minus the partner's, by seed."""

    def mean_at_the_end(tables: Tables) -> pd.Series:
        metrics = tables["metrics"]
        steps = column(metrics, "step").astype(int)
        first = steps.max() + 1 - max(1, round((steps.max() + 1) / 3))
        return mean_over_rounds(metric)({"metrics": rows_where(metrics, steps >= first)})

    return lambda tables, partner: (mean_at_the_end(tables) - mean_at_the_end(partner)).dropna()
