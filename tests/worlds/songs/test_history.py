"""What is measured on downloads is what was put into them, for any numbers of worlds and songs."""

import math

import numpy as np
import pytest

from worlds.songs.history import Cohort, History, mean_correlation, mean_gini, unpredictability

NUM_SONGS = 12


def record(markets: list[list[int]], num_social: int) -> History:
    """Return worlds with given downloads, one at a time, in which everybody could choose any song."""
    history = History(NUM_SONGS, [number < num_social for number in range(len(markets))], markets)
    counts = np.zeros((len(markets), NUM_SONGS), np.int64)
    for place in range(max(map(len, markets))):
        taken = np.zeros_like(counts)
        for number, songs in enumerate(markets):
            if place < len(songs):
                taken[number, songs[place]] = 1
        history.cohorts.append(Cohort(counts.copy(), taken.max(axis=1, keepdims=True) * np.ones_like(counts), taken))
        counts += taken
    return history


def play_market(count_effect: float, size: int, rng: np.random.Generator, appeal: "np.ndarray") -> list[int]:
    """Return downloads of people who follow a conditional logit."""
    counts, songs = np.zeros(NUM_SONGS), list[int]()
    for _ in range(size):
        odds = np.exp(appeal) * (1 + counts) ** count_effect
        songs.append(int(rng.choice(NUM_SONGS, p=odds / odds.sum())))
        counts[songs[-1]] += 1
    return songs


@pytest.mark.parametrize("effect", [0.0, 0.5, 0.9])
def test_the_effect_of_counts_is_the_one_that_was_put_in(effect: float) -> None:
    rng = np.random.default_rng(3)
    appeal = rng.normal(0, 0.5, NUM_SONGS)
    markets = [play_market(effect if number < 30 else 0.0, 300, rng, appeal) for number in range(34)]
    fit = record(markets, num_social=30).fit_counts()
    assert fit.count_effect == pytest.approx(effect, abs=0.06)
    assert np.corrcoef(fit.appeal, appeal)[0, 1] > 0.95
    assert ((fit.appeal - appeal + appeal.mean()) / fit.appeal_error).std() < 2.5


def test_counts_that_nobody_can_see_have_no_effect_to_measure() -> None:
    assert math.isnan(record([[0, 1, 2], [1, 1, 2]], num_social=0).count_effect())
    assert math.isnan(History(NUM_SONGS, [True]).count_effect())


def test_worlds_are_compared_at_their_first_downloads() -> None:
    history = record([[0, 0, 1, 1, 1], [2, 2, 2]], num_social=1)
    assert history.num_common == 3
    [social], [independent] = history.shares(2, social=True), history.shares(2, social=False)
    assert social[0] == 1
    assert independent[2] == 1
    assert history.shares(4, social=True) == []
    assert history.shares(0, social=True) == []


def test_gini_and_unpredictability_of_known_shares() -> None:
    even, one = np.full(4, 0.25), np.array([1.0, 0, 0, 0])
    assert mean_gini([even]) == pytest.approx(0)
    assert mean_gini([one]) == pytest.approx(0.75)
    assert mean_gini([even, one]) == pytest.approx(0.375)
    assert unpredictability([even, even]) == 0
    assert unpredictability([even, one]) == pytest.approx(1.5 / 4)
    assert unpredictability([even, even, one]) == pytest.approx(2 / 3 * 1.5 / 4)
    assert math.isnan(unpredictability([even]))
    assert math.isnan(mean_gini([]))


def test_correlation_needs_shares_that_vary() -> None:
    shares = np.array([0.1, 0.2, 0.7])
    assert mean_correlation([(shares, 2 * shares)]) == pytest.approx(1)
    assert math.isnan(mean_correlation([(shares, np.full(3, 1 / 3))]))
    assert math.isnan(mean_correlation([]))
