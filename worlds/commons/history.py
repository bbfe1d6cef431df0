"""What happened in a game, in the same form for simulated and for real people, and what is measured on it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RoundOutcome:
    """One round, by member; NaN where a member did not play, or could not do it."""

    gifts: Floats
    """Contributions as shares of the endowment."""
    others: Floats
    """What the others whom one saw gave on average, as shares of the endowment."""
    earned: Floats
    """Coins in the end: those not given, from the funds, and after punishment and rewards."""
    efficiency: Floats
    """Earnings beyond the endowment, as a share of what everybody earns beyond it if all give everything."""
    punished: Floats
    """How many members one punished."""
    punished_below: Floats
    """How many of those gave less than the mean of the members whom one saw and oneself."""


@dataclass
class History:
    """All rounds of a game."""

    groups: Ints
    """By member: which group; groups do not affect each other."""
    rounds: list[RoundOutcome] = field(default_factory=list)

    def stack(self, name: str) -> Floats:
        """Return one array of all rounds, of shape (rounds, members)."""
        return np.array([getattr(outcome, name) for outcome in self.rounds]).reshape(-1, len(self.groups))

    def punished_below_share(self) -> float:
        """Return the share of the punished who gave less than the mean; NaN if nobody was punished."""
        total = float(np.nansum(self.stack("punished")))
        return float(np.nansum(self.stack("punished_below"))) / total if total else math.nan

    def conditional_cooperation(self) -> float:
        """Return how much of a change in what the others gave the next contribution follows.

        That is the slope of contributions on the others' mean of the round before, within members (each member's means
        are taken out of both), so that neither generous groups nor generous people make one. NaN if nothing varies.
        """
        before, gifts = self.stack("others")[:-1], self.stack("gifts")[1:]
        is_pair = ~(np.isnan(before) | np.isnan(gifts))
        before, gifts = _centre(np.where(is_pair, before, np.nan)), _centre(np.where(is_pair, gifts, np.nan))
        variance = float(np.nansum(before**2))
        return float(np.nansum(before * gifts)) / variance if variance > 0 else math.nan

    def person_variance_share(self) -> float:
        """Return the share of the variance of contributions that is between members of a group.

        The one-way intraclass correlation, after the mean of the group in the round is taken out, so that a group that
        gives more does not count as people who differ. NaN if nothing varies or nobody played twice.
        """
        gifts = self.stack("gifts")
        return intraclass_correlation(gifts - np.array([self._group_means(row) for row in gifts]).reshape(gifts.shape))

    def _group_means(self, gifts: Floats) -> Floats:
        """Return, by member, the mean over the members of the same group who played."""
        plays = ~np.isnan(gifts)
        totals = np.bincount(self.groups, np.where(plays, gifts, 0.0))
        counts = np.bincount(self.groups, plays)
        return (totals / np.maximum(counts, 1))[self.groups]


def to_efficiency(earned: float, endowment: float, multiplier: float) -> float:
    """Return earnings beyond the endowment as a share of what everybody earns beyond it if all give everything.

    That is 0 if nobody gives and 1 if all give everything, whatever the multiplier; punishment lowers it. NaN if
    giving gains nothing.
    """
    return (earned - endowment) / (endowment * (multiplier - 1)) if multiplier > 1 else math.nan


def intraclass_correlation(values: Floats) -> float:
    """Return the share of variance between columns, by one-way analysis of variance (Fisher 1925).

    Args:
        values: Shape (repetitions, units); NaN is missing, and columns may have different numbers of values.
    """
    sizes = (~np.isnan(values)).sum(axis=0)
    values, sizes = values[:, sizes > 1], sizes[sizes > 1].astype(float)
    if len(sizes) < 2:
        return math.nan
    total = sizes.sum()
    means = np.nansum(values, axis=0) / sizes
    within = float(np.nansum((values - means) ** 2)) / (total - len(sizes))
    between = float((sizes * (means - (sizes * means).sum() / total) ** 2).sum()) / (len(sizes) - 1)
    size = float(total - (sizes**2).sum() / total) / (len(sizes) - 1)
    scale = between + (size - 1) * within
    return (between - within) / scale if scale > 0 else math.nan


def _centre(values: Floats) -> Floats:
    """Return values minus the mean of their column; all-missing columns stay missing."""
    counts = (~np.isnan(values)).sum(axis=0)
    return values - np.nansum(values, axis=0) / np.maximum(counts, 1)


def share_of(values: Floats, condition: Sequence[bool] | NDArray[np.bool_]) -> float:
    """Return the share of the values that are not missing for which the condition holds; NaN of none."""
    is_present = ~np.isnan(values)
    return float(np.asarray(condition)[is_present].mean()) if is_present.any() else math.nan
