"""Downloads of MusicLab are read in order; what is measured on made-up people is what they do."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from experiments.people.effects import HumanEffect, write_effects
from experiments.people.fit_songs import VisitParameters, fit_visits, visit_probabilities
from experiments.people.measure_songs import CONTROL, TREATMENT, Effort, Measured, list_effects, measure_all
from experiments.people.measure_songs import FILE as RESULTS
from training.panels.musiclab import FILE, NUM_SONGS, Download, MarketLog, read_history, read_markets, split_people
from worlds.songs.history import History

HEADER = "experiment,world,condition,person,song,seconds\n"
ROWS = "1,2,independent,p3,5,0\n1,1,social,p1,2,30\n1,1,social,p2,1,10\n1,1,social,p1,48,40\n1,2,independent,p3,6,9\n"
DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def markets(tmp_path: Path) -> list[MarketLog]:
    """Return the worlds of a small file whose rows are in no order."""
    path = tmp_path / FILE
    path.parent.mkdir()
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(HEADER + ROWS)
    return read_markets(tmp_path)


def test_downloads_are_read_in_the_order_of_time(markets: list[MarketLog]) -> None:
    social, independent = markets
    assert (social.is_social, independent.is_social) == (True, False)
    assert list(social.downloads) == [Download("p2", 0), Download("p1", 1), Download("p1", 47)]
    assert len(social.train_part().downloads) == 2
    assert len(social.first(1).downloads) == 1


def test_counts_follow_from_the_downloads_before_and_nobody_is_offered_a_song_again(markets: list[MarketLog]) -> None:
    history = read_history(markets)
    assert history.downloads == [[0, 1, 47], [4, 5]]
    assert [cohort.counts[0].sum() for cohort in history.cohorts] == [0, 1, 2]
    assert history.cohorts[2].shown[0].tolist() == [1, 0, *[1] * (NUM_SONGS - 2)]
    assert [cohort.taken.sum() for cohort in history.cohorts] == [2, 2, 1]


def make_market(number: int, effect: float, size: int, rng: np.random.Generator) -> MarketLog:
    """Return a world in which everybody downloads two songs, the likelier the more others did."""
    appeal = np.random.default_rng(7).normal(0, 0.5, NUM_SONGS)
    counts, downloads = np.zeros(NUM_SONGS), list[Download]()
    for place in range(size):
        odds = np.exp(appeal) * (1 + counts) ** effect
        if place % 2:
            odds[downloads[-1].song] = 0
        song = int(rng.choice(NUM_SONGS, p=odds / odds.sum()))
        downloads.append(Download(f"{number}-{place // 2}", song))
        counts[song] += 1
    return MarketLog(number, effect > 0, downloads)


def test_independent_people_are_dealt_into_worlds_of_equal_size_without_anybody_in_two() -> None:
    crowd = make_market(9, 0.0, 500, np.random.default_rng(0))
    worlds = split_people(crowd, 100, np.random.default_rng(1))
    assert [len(world.downloads) for world in worlds] == [100] * 5
    people = [{download.person for download in world.downloads} for world in worlds]
    assert sum(map(len, people)) == len(set.union(*people))


@pytest.mark.parametrize(("effect", "is_moved"), [(0.9, True), (1e-9, False)])
def test_people_who_follow_counts_are_told_from_people_who_do_not(effect: float, is_moved: bool) -> None:
    rng = np.random.default_rng(5)
    markets = [*(make_market(number, effect, 150, rng) for number in range(8)), make_market(9, 0.0, 1200, rng)]
    measured = measure_all(markets, 150, Effort(draws=8, draws_per_sample=1, resamples=60))
    for outcome in ("gini@last", "unpredictability@last"):
        rise = measured[TREATMENT, CONTROL, outcome]
        assert (rise.low > 0) == is_moved
        assert rise.num_worlds == 8 + 8
    assert (measured[TREATMENT, "", "count_effect@last"].value > 0.4) == is_moved


def test_how_people_visit_is_found_again() -> None:
    truth = VisitParameters(0.2, 0.9, 0.4)
    rng = np.random.default_rng(2)
    numbers = rng.choice(9, 6000, p=visit_probabilities(truth))
    downloads = [Download(str(person), song) for person, number in enumerate(numbers) for song in range(number)]
    fitted = fit_visits([MarketLog(1, True, downloads)])
    assert fitted.downloading == pytest.approx(truth.downloading, abs=0.03)
    assert fitted.eager_downloading == pytest.approx(truth.eager_downloading, abs=0.03)
    assert fitted.eager_share == pytest.approx(truth.eager_share, abs=0.03)


def test_what_was_measured_becomes_an_effect() -> None:
    effects = list_effects({("social", "independent", "gini@last"): Measured(0.1, 0.0, 0.2, 13)})
    assert effects == [HumanEffect("social", "independent", "gini@last", 0.1, 0.0, 0.2, 13, "world")]


has_data = pytest.mark.skipif(not (DATA / FILE).exists(), reason="the downloads of MusicLab are not on this machine")


@has_data
def test_the_rules_hold_what_is_fitted_to_the_real_people() -> None:
    from worlds.songs import rules

    markets = [market.train_part() for market in read_markets(DATA)]
    visits = (rules.EAGER_SHARE, rules.EAGER_DOWNLOADING, rules.DOWNLOADING)
    assert fit_visits(markets) == pytest.approx(visits, abs=0.001)
    history: History = read_history(markets)
    assert history.count_effect() == pytest.approx(rules.COUNT_EFFECT, abs=0.001)


@has_data
@pytest.mark.slow
def test_the_file_and_the_facts_hold_what_is_measured_on_the_real_people(tmp_path: Path) -> None:
    from experiments.facts.registry import list_facts
    from worlds.songs import Songs

    measured = measure_all([market.train_part() for market in read_markets(DATA)])
    write_effects(tmp_path / "songs.csv", list_effects(measured))
    assert (tmp_path / "songs.csv").read_text(encoding="utf-8") == RESULTS.read_text(encoding="utf-8")
    values = {value[:3] for value in measured.values()}
    references = [fact.reference for fact in list_facts(Songs) if fact.reference]
    assert {(reference.value, reference.low, reference.high) for reference in references} <= values
