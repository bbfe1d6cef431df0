"""Measure the people of MusicLab as an arm of the song market, and write `songs.csv` beside this file.

    python -m experiments.people.measure_songs ../shared/data

As in `conf/experiment/songs.yaml`, worlds are compared at their first 200 downloads. The people of the independent
world do not affect each other, so they are dealt at random into independent worlds of 200 downloads; a value is the
mean over many deals. Intervals are 95 % percentile intervals of bootstrap samples of worlds, with another deal in each.
The test part of the data is left out.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from experiments.people.effects import HumanEffect, write_effects
from training.panels.musiclab import NUM_SONGS, MarketLog, read_history, read_markets, split_people
from worlds.songs.history import Floats, mean_correlation, mean_gini, unpredictability

TREATMENT, CONTROL = "social", "independent"
"""Names in `conf/experiment/songs.yaml`."""
NUM_COMPARED, NUM_SOCIAL = 200, 3


class Effort(NamedTuple):
    """How many random draws to make."""

    draws: int = 300
    """Deals of worlds, of which a value is the mean."""
    draws_per_sample: int = 5
    """The same, for the effect of counts in one bootstrap sample."""
    resamples: int = 1000
    """Bootstrap samples."""


EFFORT = Effort()
OUTCOMES = ("gini@last", "unpredictability@last", "quality_success@last")
COUNT_EFFECT = "count_effect@last"
FILE = Path(__file__).with_name("songs.csv")
Rng: TypeAlias = np.random.Generator
Outcome: TypeAlias = tuple[str, str, str]
"""Treatment, control and outcome."""


class WorldSample(NamedTuple):
    """Worlds that were drawn; a world that was drawn twice has the same number both times."""

    social: list[tuple[int, Floats]]
    """Number of each social world, and its songs' shares."""
    independent: list[tuple[int, Floats]]


class Measured(NamedTuple):
    """A value of people, and how many worlds it is of."""

    value: float
    low: float
    high: float
    num_worlds: int


def measure_all(
    markets: Sequence[MarketLog], number: int = NUM_COMPARED, effort: Effort = EFFORT
) -> dict[Outcome, Measured]:
    """Measure every outcome of people, by treatment, control (empty: the outcome itself) and outcome.

    Args:
        markets: All worlds.
        number: Downloads at which they are compared.
        effort: How many random draws to make.
    """
    social = [song_shares(market, number) for market in markets if market.is_social]
    [crowd] = [market for market in markets if not market.is_social]
    rng = np.random.default_rng(0)

    def deal() -> list[Floats]:
        return [song_shares(market, number) for market in split_people(crowd, number, rng)]

    draws = [_outcomes(WorldSample(list(enumerate(social)), list(enumerate(deal())))) for _ in range(effort.draws)]
    samples = [_outcomes(WorldSample(_resample(social, rng), _resample(deal(), rng))) for _ in range(effort.resamples)]
    num_dealt = len(deal())
    sizes = {(TREATMENT, ""): len(social), (CONTROL, ""): num_dealt, (TREATMENT, CONTROL): len(social) + num_dealt}
    measured = {
        (*arms, outcome): _summarize(_contrast(draws, arms, outcome), _contrast(samples, arms, outcome), size)
        for arms, size in sizes.items()
        for outcome in OUTCOMES
    }
    return {**measured, (TREATMENT, "", COUNT_EFFECT): measure_count_effect(markets, number, effort)}


def _contrast(samples: Sequence[dict[tuple[str, str], float]], arms: tuple[str, str], outcome: str) -> list[float]:
    """Return an outcome of a treatment, or what it is more than that of the control, by sample."""
    treatment, control = arms
    return [sample[treatment, outcome] - (sample[control, outcome] if control else 0.0) for sample in samples]


def _summarize(draws: Sequence[float], samples: Sequence[float], num_worlds: int) -> Measured:
    """Return the mean of random draws, with the interval of bootstrap samples."""
    low, high = np.nanquantile(samples, (0.025, 0.975))
    value, low, high = (round(float(number), 4) for number in (np.nanmean(draws), low, high))
    return Measured(value, low, high, num_worlds)


def song_shares(market: MarketLog, number: int) -> Floats:
    """Return each song's share of the first downloads of a world."""
    songs = [download.song for download in market.downloads[:number]]
    return np.bincount(songs, minlength=NUM_SONGS) / len(songs)


def measure_count_effect(markets: Sequence[MarketLog], number: int, effort: Effort = EFFORT) -> Measured:
    """Measure the effect of counts in three social worlds and an independent one.

    The estimate of few worlds is lower than that of all, since songs' appeal is estimated from the same downloads; so
    people are measured in as many worlds as the experiment has.
    """
    social = [market.first(number) for market in markets if market.is_social]
    [crowd] = [market for market in markets if not market.is_social]
    rng = np.random.default_rng(1)

    def estimate(weights: Floats) -> float:
        picks = rng.choice(len(social), NUM_SOCIAL, replace=False, p=weights / weights.sum())
        worlds = [social[pick] for pick in picks]
        return read_history([*worlds, split_people(crowd, number, rng)[0]]).count_effect()

    draws = [estimate(np.ones(len(social))) for _ in range(effort.draws)]
    samples = [
        float(np.mean([estimate(weights) for _ in range(effort.draws_per_sample)]))
        for weights in _resampled_weights(len(social), effort.resamples, rng)
    ]
    return _summarize(draws, samples, len(social) + 1)


def _resampled_weights(size: int, number: int, rng: Rng) -> list[Floats]:
    """Return how often each world is in bootstrap samples, of those with as many different worlds as are drawn."""
    weights = [np.bincount(rng.integers(size, size=size), minlength=size).astype(float) for _ in range(number)]
    return [each for each in weights if (each > 0).sum() >= NUM_SOCIAL]


def _resample(worlds: Sequence[Floats], rng: Rng) -> list[tuple[int, Floats]]:
    return [(int(pick), worlds[pick]) for pick in rng.integers(len(worlds), size=len(worlds))]


def _outcomes(sample: WorldSample) -> dict[tuple[str, str], float]:
    """Return all outcomes by treatment; a world is never compared with itself."""
    crossed = [(first, second) for _, first in sample.independent for _, second in sample.social]
    values = {
        (TREATMENT, "quality_success@last"): mean_correlation(crossed),
        (CONTROL, "quality_success@last"): mean_correlation(_list_pairs(sample.independent)),
    }
    for name, worlds in ((TREATMENT, sample.social), (CONTROL, sample.independent)):
        gaps = [unpredictability(pair) for pair in _list_pairs(worlds)]
        values[name, "gini@last"] = mean_gini([shares for _, shares in worlds])
        values[name, "unpredictability@last"] = float(np.mean(gaps)) if gaps else math.nan
    return values


def _list_pairs(worlds: Sequence[tuple[int, Floats]]) -> list[tuple[Floats, Floats]]:
    """Return the shares of all pairs of different worlds."""
    return [(first[1], second[1]) for first, second in combinations(worlds, 2) if first[0] != second[0]]


def list_effects(measured: Mapping[Outcome, Measured]) -> list[HumanEffect]:
    """Return what was measured as effects and means of people."""
    return [HumanEffect(*outcome, *value, "world") for outcome, value in measured.items()]


def main(data: str) -> None:
    """Measure everything, print it, and write the file."""
    measured = measure_all([market.train_part() for market in read_markets(Path(data))])
    for outcome, value in measured.items():
        print(*outcome, value)
    write_effects(FILE, list_effects(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
