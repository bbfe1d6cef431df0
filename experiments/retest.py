"""Test-retest agreement: whether agents who are asked the same twice answer the same."""

from typing import Any

import numpy as np
import pandas as pd

from experiments.frames import Array, column, rows_where


def retest_agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Return the agreement of first and second answers, by arm and by item that has a scale.

    Args:
        table: The answers to a survey, as `experiments.survey.ask` returns them. Agents of whom an answer is missing
            do not count.

    Returns:
        Columns arm, item, num_agents, agreement (share who answered the same twice), chance_agreement (the share to be
        expected if everybody drew from the pooled answers), kappa (Cohen 1960; for a Likert item with quadratic
        weights, Cohen 1968).
    """
    rows: list[tuple[Any, ...]] = []
    groups: Any = rows_where(table, column(table, "kind") != "open").groupby(["arm", "item", "kind"], sort=False)
    for (arm, item, kind), part in groups:
        pairs: pd.DataFrame = part.pivot_table(index=["seed", "agent"], columns="repeat", values="number")
        pairs = pairs.dropna()
        if pairs.shape[1] > 1 and len(pairs):
            first, second = (column(pairs, repeat).to_numpy(int) for repeat in (0, 1))
            shares = part["number"].value_counts(normalize=True)
            agreement, chance = (first == second).mean(), (shares**2).sum()
            rows.append((arm, item, len(pairs), agreement, chance, _kappa(first, second, is_ordered=kind == "likert")))
    return pd.DataFrame(rows, columns=["arm", "item", "num_agents", "agreement", "chance_agreement", "kappa"])


def _kappa(first: Array, second: Array, is_ordered: bool) -> float:
    from statsmodels.stats.inter_rater import cohens_kappa

    size = int(max(first.max(), second.max()))
    rows, columns = (pd.Series(pd.Categorical(answers, range(1, size + 1))) for answers in (first, second))
    counts: Array = pd.crosstab(rows, columns, dropna=False).to_numpy()
    if np.count_nonzero(counts.sum(0)) < 2 and np.count_nonzero(counts.sum(1)) < 2:
        return float("nan")  # all answers are the same, so agreement is not defined
    kappa: Any = cohens_kappa(counts, wt="quadratic" if is_ordered else None, return_results=False)
    return float(kappa)
