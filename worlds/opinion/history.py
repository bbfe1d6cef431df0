"""What happened in groups, in the same form for simulated and for real people, and what is measured on it.

Opinions are standardised: the distance from the median of first opinions on the topic, in standard deviations of these
(by their quartiles). Some people answer ten thousand times what others do, so that a standardised opinion is cut at
`LIMIT`: no result hangs on a few.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sandbox.descriptive import mean_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LIMIT = 5.0
"""Largest size of a standardised opinion."""
CLUSTER_GAP = 0.05
"""Distance between neighbouring opinions, standardised, that separates two clusters."""
MIN_CLUSTER = 0.05
"""Share of a group's people that a cluster needs."""


def standardise(opinions: Floats, middle: Floats, scale: Floats) -> Floats:
    """Return opinions as distances from the middle in scales, cut at `LIMIT`; NaN stays missing."""
    return np.clip((opinions - middle) / scale, -LIMIT, LIMIT)


@dataclass
class History:
    """All rounds of one or more groups, by person."""

    groups: Ints
    """Which group; groups do not affect each other, and each judges one topic."""
    truth: Floats
    """The standardised truth of the topic; NaN if there is none."""
    parties: Ints
    """0 or 1 for the two parties that are compared, -1 for all other people."""
    opinions: list[Floats] = field(default_factory=list)
    """Standardised opinions: the first ones, then those after each round; NaN is missing."""
    others: list[Floats] = field(default_factory=list)
    """By round: the mean of the opinions that one saw, standardised; NaN if one saw nobody."""
    right: list[Floats] = field(default_factory=list)
    """For each of `opinions`: 1 if the person is on the right side of the middle of a scale, 0 if not; NaN if that
    cannot be said."""

    def stay_share(self) -> float:
        """Return the share of people who kept their opinion in the latest round."""
        return mean_of(np.where(np.isnan(self._revisions(-1)), np.nan, self._revisions(-1) == 0))

    def update_size(self) -> float:
        """Return the mean size of the revisions in the latest round, standardised."""
        return mean_of(np.abs(self._revisions(-1)))

    def seen_distance(self) -> float:
        """Return the mean distance in the latest round from what one saw, standardised."""
        return mean_of(np.abs(self.others[-1] - self.opinions[-2]))

    def weight(self) -> float:
        """Return the share of the way to the mean of those seen that people went so far.

        The slope, through zero, of revisions on distances. NaN if nobody saw anybody else.
        """
        gaps = np.array([seen - own for seen, own in zip(self.others, self.opinions, strict=False)])
        revisions = np.array([self._revisions(number) for number in range(len(self.others))])
        is_pair = ~(np.isnan(gaps) | np.isnan(revisions))
        squares = float((gaps[is_pair] ** 2).sum())
        return float((gaps[is_pair] * revisions[is_pair]).sum()) / squares if squares > 0 else math.nan

    def party_update_gap(self) -> float:
        """Return how much larger the revisions of the one party were than those of the other so far, standardised."""
        sizes = np.abs([self._revisions(number) for number in range(len(self.others))])
        return mean_of(sizes[:, self.parties == 0]) - mean_of(sizes[:, self.parties == 1])

    def party_distance(self, number: int = -1) -> float:
        """Return the distance between the parties' mean opinions after some round, over groups, standardised."""
        opinions = self.opinions[number]
        by_party = [self._group_means(np.where(self.parties == party, opinions, np.nan)) for party in (0, 1)]
        return mean_of(np.abs(by_party[0] - by_party[1]))

    def spread(self) -> float:
        """Return the standard deviation within groups now, relative to that of the first opinions (means over groups).

        Only people who have both count. NaN if all first opinions of all groups were equal.
        """
        first, latest = self._paired()
        before = mean_of(self._group_deviations(first))
        return mean_of(self._group_deviations(latest)) / before if before > 0 else math.nan

    def individual_gain(self) -> float:
        """Return by how much people are nearer to the truth than at first, standardised."""
        first, latest = self._paired()
        return mean_of(np.abs(first - self.truth)) - mean_of(np.abs(latest - self.truth))

    def group_gain(self) -> float:
        """Return by how much the means of groups are nearer to the truth than at first, standardised."""
        errors = [np.abs(self._group_means(opinions) - self._group_means(self.truth)) for opinions in self._paired()]
        return mean_of(errors[0] - errors[1])

    def individual_error(self) -> float:
        """Return the mean distance of people from the truth, standardised."""
        return mean_of(np.abs(self.opinions[-1] - self.truth))

    def group_error(self) -> float:
        """Return the mean distance of the means of groups from the truth, standardised."""
        return mean_of(np.abs(self._group_means(self.opinions[-1]) - self._group_means(self.truth)))

    def right_share(self, number: int = -1) -> float:
        """Return the share of people on the right side after some round."""
        return mean_of(self.right[number])

    def clusters(self) -> float:
        """Return the mean number of clusters of opinions per group that hold at least 5 % of its people."""
        return mean_of(np.array([count_clusters(part) for part in self._parts(self.opinions[-1])], float))

    def _paired(self) -> tuple[Floats, Floats]:
        """Return the first and the latest opinions of people who have both."""
        first, latest = self.opinions[0], self.opinions[-1]
        return np.where(np.isnan(latest), np.nan, first), np.where(np.isnan(first), np.nan, latest)

    def _revisions(self, number: int) -> Floats:
        before = self.opinions[number - 1] if number < 0 else self.opinions[number]
        return self.opinions[number if number < 0 else number + 1] - before

    def _group_means(self, values: Floats) -> Floats:
        return self._reduce(values)[0]

    def _group_deviations(self, values: Floats) -> Floats:
        """Return standard deviations by group, with one degree of freedom less than people."""
        means, counts = self._reduce(values)
        squares = self._reduce((values - means[self.groups]) ** 2)[0] * counts
        return np.sqrt(np.where(counts > 1, squares, np.nan) / np.maximum(counts - 1, 1))

    def _reduce(self, values: Floats) -> tuple[Floats, Floats]:
        """Return means and numbers of the values that are not missing, by group."""
        is_present = ~np.isnan(values)
        size = int(self.groups.max()) + 1
        totals = np.bincount(self.groups, np.where(is_present, values, 0.0), size)
        counts = np.bincount(self.groups, is_present, size).astype(float)
        return np.where(counts > 0, totals, np.nan) / np.maximum(counts, 1), counts

    def _parts(self, values: Floats) -> list[Floats]:
        """Return the values of each group, without missing ones."""
        order = np.argsort(self.groups, kind="stable")
        parts = np.split(values[order], np.flatnonzero(np.diff(self.groups[order])) + 1)
        return [part[~np.isnan(part)] for part in parts]


def count_clusters(opinions: Floats) -> int:
    """Return the number of clusters of opinions, standardised, that hold at least `MIN_CLUSTER` of the people."""
    ordered = np.sort(opinions)
    ends = np.flatnonzero(np.diff(ordered) > CLUSTER_GAP) + 1
    sizes = np.diff(np.concatenate([[0], ends, [len(ordered)]]))
    return int((sizes >= max(MIN_CLUSTER * len(ordered), 1)).sum())
