"""Values of a game by seed, from the metrics of its steps."""

from collections.abc import Callable

import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.frames import column


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


def difference_from_partner(metric: str) -> Callable[[Tables, Tables], pd.Series]:
    """Return the statistic that is the arm's mean of a metric over the steps minus the partner's, by seed."""
    mean = mean_over_rounds(metric)
    return lambda tables, partner: (mean(tables) - mean(partner)).dropna()
