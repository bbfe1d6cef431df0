"""What was downloaded, in the same form for simulated and for real people, and what is measured on it.

Worlds are compared after the same number of downloads, the first ones of each, since inequality and differences between
worlds depend on how many there are.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RIDGE = 1e-2
"""Pull of every song's appeal towards 0, so that a song that nobody downloaded has one."""
NEWTON_STEPS = 50
TOLERANCE = 1e-8


class Cohort(NamedTuple):
    """What some people saw and did who came at the same time; arrays of shape (worlds, songs)."""

    counts: Ints
    """Downloads that each song had before, as its world counted them, whether anybody saw that or not."""
    shown: Ints
    """Pages with the song from which something was downloaded."""
    taken: Ints
    """Downloads."""


@dataclass
class History:
    """All downloads of some worlds with the same songs."""

    num_songs: int
    is_social: Sequence[bool]
    """By world: whether people could see counts, if anybody could."""
    downloads: list[list[int]] = field(default_factory=list[list[int]])
    """By world: song of each download, in order."""
    cohorts: list[Cohort] = field(default_factory=list[Cohort])

    def __post_init__(self) -> None:
        if not self.downloads:
            self.downloads = [[] for _ in self.is_social]

    @property
    def num_common(self) -> int:
        """Downloads that every world has."""
        return min(map(len, self.downloads), default=0)

    def shares(self, number: int, *, social: bool) -> list[Floats]:
        """Return each song's share of the first `number` downloads, by world; of none if a world has fewer."""
        if not 0 < number <= self.num_common:
            return []
        return [
            np.bincount(songs[:number], minlength=self.num_songs) / number
            for songs, is_social in zip(self.downloads, self.is_social, strict=True)
            if is_social == social
        ]

    def quality_success(self, number: int) -> float:
        """Return how well success follows quality: the mean correlation of shares in social and independent worlds.

        Args:
            number: Downloads of each world that count, the first ones.
        """
        pairs = product(self.shares(number, social=False), self.shares(number, social=True))
        return mean_correlation(pairs)

    def count_effect(self) -> float:
        """Return how many log odds of a download one unit of log(1 + count) adds, songs' appeal being equal.

        A conditional logit (McFadden 1974) of what is downloaded, given that something is, with an appeal for every
        song: the same in all worlds, so that what counts do is what sets the same song in different worlds apart. In
        independent worlds, where nobody can see counts, they are 0. NaN if there are no downloads.
        """
        social = np.array(self.is_social)[:, None]
        rows = [
            np.stack([np.log1p(cohort.counts * social), cohort.shown, cohort.taken], axis=1) for cohort in self.cohorts
        ]
        if not rows:
            return math.nan
        logs, shown, taken = np.concatenate(rows).transpose(1, 0, 2)
        return _fit_count_effect(logs, np.maximum(shown, taken), taken)


def gini(shares: Sequence[Floats]) -> float:
    """Return the mean over worlds of the Gini coefficient of the songs' shares (Salganik et al. 2006); NaN of none."""
    if not shares:
        return math.nan
    ordered = np.sort(np.array(shares), axis=1)
    number = ordered.shape[1]
    ranks = np.arange(1, number + 1)
    return float((2 * (ordered * ranks).sum(axis=1) / ordered.sum(axis=1) - (number + 1)).mean() / number)


def unpredictability(shares: Sequence[Floats]) -> float:
    """Return the mean over songs and pairs of worlds of the difference between a song's shares (Salganik et al. 2006).

    NaN if there are fewer than two worlds.
    """
    gaps = [float(np.abs(first - second).mean()) for first, second in combinations(shares, 2)]
    return float(np.mean(gaps)) if gaps else math.nan


def mean_correlation(pairs: "Iterator[tuple[Floats, Floats]]") -> float:
    """Return the mean correlation of pairs of worlds; NaN if there are none, or if shares do not vary."""
    correlations = [
        float(np.corrcoef(first, second)[0, 1]) if first.std() and second.std() else math.nan for first, second in pairs
    ]
    return float(np.mean(correlations)) if correlations else math.nan


def _fit_count_effect(logs: Floats, shown: Floats, taken: Floats) -> float:
    """Return the coefficient of `logs`, by Newton's method; all arrays have the shape (choices, songs).

    A row is all choices of people of one world at the same time; `shown` weighs how often a song could be chosen.
    """
    has_choice = taken.sum(axis=1) > 0
    logs, shown, taken = logs[has_choice], shown[has_choice], taken[has_choice]
    if not logs.any() or np.ptp(logs, axis=1).max() == 0:
        return math.nan
    totals, offset = taken.sum(axis=1), np.log(np.maximum(shown, 1e-300))
    num_songs = logs.shape[1]
    parameters = np.zeros(num_songs + 1)
    for _ in range(NEWTON_STEPS):
        utility = offset + parameters[:-1] + parameters[-1] * logs
        probs = np.exp(utility - utility.max(axis=1, keepdims=True))
        probs /= probs.sum(axis=1, keepdims=True)
        expected = probs * totals[:, None]
        residual = taken - expected
        gradient = np.append(residual.sum(axis=0) - RIDGE * parameters[:-1], (residual * logs).sum())
        change = np.linalg.solve(_information(probs, expected, logs), gradient)
        parameters += change
        if np.abs(change).max() < TOLERANCE:
            break
    return float(parameters[-1])


def _information(probs: Floats, expected: Floats, logs: Floats) -> Floats:
    """Return the negative second derivative of the log likelihood, of the songs' appeal and of the effect of counts."""
    num_songs = logs.shape[1]
    matrix = np.empty((num_songs + 1, num_songs + 1))
    means = (probs * logs).sum(axis=1)
    matrix[:-1, :-1] = np.diag(expected.sum(axis=0) + RIDGE) - expected.T @ probs
    matrix[:-1, -1] = matrix[-1, :-1] = (expected * logs).sum(axis=0) - expected.T @ means
    matrix[-1, -1] = (expected * logs**2).sum() - (expected.sum(axis=1) * means**2).sum()
    return matrix
