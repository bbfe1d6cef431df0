"""Families of tests: which p-values are adjusted together, so that the error rate of their family is at most 5 %.

A family holds what the question is about: primary outcomes are one family, the other declared outcomes a second one (in
an audit, for each thing that is changed).
Not in it are contrasts of the baselines (`FLOORS`), which nobody asks about, and structural zeros: arms that are equal
in every seed cannot be found to differ, so they must not make it harder to find what can (Tarone 1990,
doi:10.2307/2531456). Exploratory outcomes are in no family, since nobody knows how many of them a reader looked at.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import pandas as pd

from experiments.frames import column
from experiments.statistics import detectable_difference, holm

ADDED = ("p_holm", "family_size", "detectable")
"""Columns that `adjust_by_family` adds."""
FLOORS = ("random", "rule")
"""Minds whose arms are the floor: simple baselines that are not meant to be human-like."""
Family: TypeAlias = Literal["primary", "secondary", "nearness", "exploratory", "baseline", "no difference"]
UNADJUSTED: tuple[Family, ...] = ("exploratory", "baseline", "no difference")
"""Why a p-value is not adjusted: its outcome was not declared, it is about a baseline, or there is nothing to test."""


def question_minds(minds: Sequence[str]) -> list[str]:
    """Return the minds that the question is about, in order.

    These are the minds not in `FLOORS`, and the first mind, with which the others are compared; all minds if fewer than
    two would remain.
    """
    names = list(dict.fromkeys(minds))
    own = [mind for mind in names if mind not in FLOORS or mind == names[0]]
    return own if len(own) > 1 else names


def adjust_by_family(table: pd.DataFrame) -> pd.DataFrame:
    """Add what a test owes to its family.

    Args:
        table: One row per test, with the columns `family`, `p`, `sd` and `num_seeds`.

    Returns:
        The table with `p_holm`, NaN for `UNADJUSTED` rows; `family_size`: how many p-values were adjusted together, 1
        for unadjusted ones; and `detectable`: the smallest true difference that this test finds with 80 % power.
    """
    adjusted = table.assign(p_holm=float("nan"), family_size=1)
    for family in column(table, "family").unique():
        if family not in UNADJUSTED:
            members = column(table, "family") == family
            p_values = table.loc[members, "p"].astype(float)
            adjusted.loc[members, "p_holm"] = holm(p_values.to_list())
            adjusted.loc[members, "family_size"] = max(1, int(p_values.notna().sum()))
    numbers = zip(adjusted["sd"], adjusted["num_seeds"], adjusted["family_size"], strict=True)
    return adjusted.assign(detectable=[detectable_difference(*row) for row in numbers])


def deciding_p(table: pd.DataFrame) -> pd.Series:
    """Return the p-value that a verdict rests on: the adjusted one, or the plain one of `UNADJUSTED` rows."""
    is_unadjusted = column(table, "family").isin(UNADJUSTED)
    return column(table, "p_holm").where(~is_unadjusted, column(table, "p"))
