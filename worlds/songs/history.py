"""What was downloaded, in the same form for simulated and for real people, and what is measured on it.

Worlds are compared after the same number of downloads, the first ones of each, since inequality and differences between
worlds depend on how many there are.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandbox.descriptive import gini

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RIDGE = 1e-2
"""Pull of all parameters towards 0, so that a song that nobody downloaded has an appeal too."""
NEVER = 1e-300
"""Weight of a song that could not be chosen."""
NEWTON_STEPS = 50
TOLERANCE = 1e-7


class Cohort(NamedTuple):
    """What some people saw and did who came at the same time; arrays of shape (worlds, songs)."""

    counts: Ints
    """Downloads that each song had before, as its world counted them, whether anybody saw that or not."""
    shown: Ints
    """Pages with the song from which something was downloaded."""
    taken: Ints
    """Downloads."""


class CountFit(NamedTuple):
    """A conditional logit of what is downloaded, given that something is (McFadden 1974)."""

    count_effect: float
    """Log odds of a download per unit of log(1 + count)."""
    appeal: Floats
    """Log odds of each song, without counts; 0 on average."""
    appeal_error: Floats
    """Standard errors of `appeal`."""


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
        """Return how many log odds of a download one unit of log(1 + count) adds; NaN where `fit_counts` has none."""
        return self.fit_counts().count_effect

    def fit_counts(self) -> CountFit:
        """Fit a conditional logit with the effect of counts and an appeal for every song.

        Appeal is the same in all worlds, so that the effect of counts is what sets the same song in different worlds
        apart. In independent worlds, where nobody can see them, counts are 0. All numbers are NaN if there are fewer
        downloads than songs, or if counts do not vary.
        """
        social = np.array(self.is_social)[:, None]
        rows = [
            np.stack([np.log1p(counts * social), np.maximum(shown, taken), taken], axis=1)
            for counts, shown, taken in self.cohorts
        ]
        table = np.concatenate([np.empty((0, 3, self.num_songs)), *rows])
        choices = _Choices(*table[table[:, 2].sum(axis=1) > 0].transpose(1, 0, 2))
        if choices.taken.sum() < self.num_songs or not np.ptp(choices.logs, axis=1).max():
            return CountFit(math.nan, *np.full((2, self.num_songs), math.nan))
        return _fit_counts(choices)


def mean_gini(shares: Sequence[Floats]) -> float:
    """Return the mean over worlds of the Gini coefficient of the songs' shares (Salganik et al. 2006); NaN of none."""
    if not shares:
        return math.nan
    return float(np.mean([gini(songs) for songs in shares]))


def unpredictability(shares: Sequence[Floats]) -> float:
    """Return the mean over songs and pairs of worlds of the difference between a song's shares (Salganik et al. 2006).

    NaN if there are fewer than two worlds.
    """
    gaps = [float(np.abs(first - second).mean()) for first, second in combinations(shares, 2)]
    return float(np.mean(gaps)) if gaps else math.nan


def mean_correlation(pairs: Iterable[tuple[Floats, Floats]]) -> float:
    """Return the mean correlation of pairs of worlds; NaN if there are none, or if shares do not vary."""
    correlations = [
        float(np.corrcoef(first, second)[0, 1]) if first.std() and second.std() else math.nan for first, second in pairs
    ]
    return float(np.mean(correlations)) if correlations else math.nan


@dataclass(frozen=True)
class _Choices:
    """What could be chosen and what was: arrays of shape (choices, songs), a row for one world at one time."""

    logs: Floats
    """log(1 + count) of each song."""
    shown: Floats
    """How often each song could be chosen."""
    taken: Floats

    def probabilities(self, parameters: Floats) -> Floats:
        """Return the probability of each song; the last parameter is the effect of counts, the others are appeals."""
        utility = np.log(np.maximum(self.shown, NEVER)) + parameters[:-1] + parameters[-1] * self.logs
        odds = np.exp(utility - utility.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def loss(self, parameters: Floats) -> float:
        """Return the negative log likelihood, with the pull towards 0."""
        logs = np.log(np.maximum(self.probabilities(parameters), NEVER))
        return -float((self.taken * logs).sum()) + RIDGE / 2 * float(parameters @ parameters)

    def derivatives(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Return the first and second derivatives of the loss."""
        probs = self.probabilities(parameters)
        expected = probs * self.taken.sum(axis=1, keepdims=True)
        residual = expected - self.taken
        gradient = np.append(residual.sum(axis=0), (residual * self.logs).sum()) + RIDGE * parameters
        means = (probs * self.logs).sum(axis=1)
        matrix = RIDGE * np.eye(len(parameters))
        matrix[:-1, :-1] += np.diag(expected.sum(axis=0)) - expected.T @ probs
        matrix[:-1, -1] = matrix[-1, :-1] = (expected * self.logs).sum(axis=0) - expected.T @ means
        matrix[-1, -1] += (expected * self.logs**2).sum() - (expected.sum(axis=1) * means**2).sum()
        return gradient, matrix


def _fit_counts(choices: _Choices) -> CountFit:
    """Fit by Newton's method, with steps that are halved until the loss falls."""
    num_songs = choices.logs.shape[1]
    parameters, loss = np.zeros(num_songs + 1), choices.loss(np.zeros(num_songs + 1))
    matrix = np.eye(num_songs + 1)
    for _ in range(NEWTON_STEPS):
        gradient, matrix = choices.derivatives(parameters)
        change = np.linalg.solve(matrix, gradient)
        while choices.loss(parameters - change) > loss and np.abs(change).max() > TOLERANCE:
            change /= 2
        parameters = parameters - change
        loss = choices.loss(parameters)
        if np.abs(change).max() <= TOLERANCE:
            break
    centre = np.eye(num_songs) - 1 / num_songs
    covariance = centre @ np.linalg.inv(matrix)[:-1, :-1] @ centre
    return CountFit(float(parameters[-1]), centre @ parameters[:-1], np.sqrt(np.diag(covariance)))
