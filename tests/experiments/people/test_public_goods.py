"""Transcripts of public-goods games are read as they were played; fitted types are those of the people."""

import math
from pathlib import Path

import numpy as np
import pytest

from experiments.people.commons_slopes import measure_slopes
from experiments.people.effects import read_effects
from experiments.people.fit_cooperators import collect_decisions, fit, log_likelihood
from experiments.people.fit_punishers import fit_logit, fit_punishers
from experiments.people.measure_commons import FILE as EFFECTS
from experiments.people.measure_commons import TREATMENTS, measure_all, measure_all_effects, outcomes_of
from experiments.people.public_goods import pool
from sandbox.runtime.config import load_run_config
from tests.training.panels.transcripts import transcript, write_transcripts
from training.panels.games import FILE, Game, Person, Round, read_games
from worlds.commons import Commons
from worlds.commons.reactions import REACTIONS

ROUNDS = """
## Round 1 of 2:
You contributed <<5 coins>>.
### Outcome Stage
DOG contributed 20 coins.
OWL contributed 1 coin.
### Deduction Stage: Decide which players, if any, to deduct coins — and how much.
You <<deducted 3 coins from OWL>>.
### Round Summary
You: 1 coin spent on deductions. Total round gains/losses are +29 coins.
DOG: Total round gains/losses are +15 coins.

## Round 2 of 2:
You contributed <<0 coins>>.
### Outcome Stage
DOG contributed 20 coins.
OWL is no longer in the game.
### Deduction Stage: Decide which players, if any, to deduct coins — and how much.
You <<did not deduct coins from any player>>.
### Round Summary
You: Total round gains/losses are -2 coins.
You <<exited the game>>.
"""


def test_a_transcript_is_read_as_it_was_played(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir()
    write_transcripts(path, [transcript("g", "p", "train", ROUNDS)])
    [game] = read_games(tmp_path)
    assert (game.punishment, game.talk, game.all_or_nothing, game.multiplier) == (True, False, False, 1.8)
    assert game.people[0].rounds == {
        0: Round(5, [20, 1], 29.0, [1], ["DOG", "OWL"], [("OWL", 3)], could_punish=True, others_earned=15.0),
        1: Round(0, [20], -2.0, [], ["DOG"], [], could_punish=True),
    }
    assert (game.opt_out, game.is_end_known, game.show_earnings) == (True, True, True)
    assert (game.group_size, game.price, game.impact) == (3, 1, 3)
    assert game.marginal_return == pytest.approx(0.6)
    history = game.history()
    assert history.stack("efficiency").ravel() == pytest.approx([9 / 16, -22 / 16])
    outcomes = outcomes_of(game)
    assert (outcomes["contribution"], outcomes["first_contribution"]) == (0.125, 0.25)
    assert (outcomes["drift@last"], outcomes["left_share@last"]) == (-0.25, 1.0)
    assert history.stack("gifts").tolist() == [[0.25], [0.0]]
    assert history.stack("others").tolist() == [[0.525], [1.0]]
    assert history.stack("earned").tolist() == [[29.0], [-2.0]]
    assert history.punished_below_share() == 1.0


def make_game(number: int, rng: np.random.Generator, keep: float) -> Game:
    """Return a game of free riders, full cooperators and people who match the others."""
    people = [Person(f"{number}-{member}", {}) for member in range(6)]
    kinds = rng.choice(3, 6, p=(0.2, 0.5, 0.3))
    gifts = np.select([kinds == 0, kinds == 2], [0, 20], rng.integers(0, 21, 6))
    for step in range(15):
        for member, person in enumerate(people):
            others = [int(gift) for gift in np.delete(gifts, member)]
            person.rounds[step] = Round(int(gifts[member]), others, math.nan, [])
        means = np.array([np.delete(gifts, member).mean() for member in range(6)])
        matched = np.clip(np.rint(means + rng.normal(0, 2, 6)), 0, 20)
        aims = np.select([kinds == 0, kinds == 2], [0, 20], matched)
        gifts = np.where(rng.random(6) < keep, gifts, aims).astype(int)
    return Game(str(number), "train", False, False, False, 2.0, people, group_size=5)


def test_the_types_of_made_up_people_are_found_again() -> None:
    rng = np.random.default_rng(3)
    decisions = collect_decisions([make_game(number, rng, 0.4) for number in range(40)])
    parameters = fit(decisions)
    assert parameters.shares[0] == pytest.approx((0.2, 0.5, 0.3), abs=0.07)
    assert parameters.keep[1] == pytest.approx(0.4, abs=0.07)
    assert parameters.spread == pytest.approx(0.1, abs=0.03)
    assert abs(parameters.shift) < 0.03
    flat = parameters._replace(spread=5.0)
    assert log_likelihood(parameters, decisions) > log_likelihood(flat, decisions)


def test_pooled_games_keep_their_groups_and_lengths() -> None:
    rng = np.random.default_rng(4)
    games = [make_game(number, rng, 0.4) for number in range(2)]
    for person in games[0].people:
        del person.rounds[14]
    pooled = pool([game.history() for game in games])
    assert pooled.groups.tolist() == [0] * 6 + [1] * 6
    assert np.isnan(pooled.stack("gifts")[14]).tolist() == [True] * 6 + [False] * 6


DATA = Path(__file__).parents[4] / "shared" / "data"


def make_punishing_game(rng: np.random.Generator, price: int, impact: int) -> Game:
    """Return a game whose people take from one who gave less, the likelier, the cheaper it is and the more it takes."""
    people = [Person(str(member), {}) for member in range(6)]
    for step in range(15):
        gifts = rng.integers(0, 21, 6)
        for member, person in enumerate(people):
            others = [int(gift) for gift in np.delete(gifts, member)]
            gap = (gifts.mean() - min(others)) / 20
            log_odds = -1.0 + 1.5 * gap - 0.8 * math.log2(price) + 0.5 * math.log2(impact / 3)
            is_angry = rng.random() < (1 / (1 + math.exp(-log_odds)) if gap > 0 else 0.1)
            pulls = np.exp(-2.0 * np.array(others) / 20)
            punished = [int(rng.choice(others, p=pulls / pulls.sum()))] if is_angry else []
            person.rounds[step] = Round(int(gifts[member]), others, math.nan, punished)
    return Game("g", "train", True, False, False, 2.0, people, group_size=6, price=price, impact=impact)


def test_how_made_up_people_punish_is_found_again() -> None:
    rng = np.random.default_rng(5)
    games = [make_punishing_game(rng, int(rng.integers(1, 5)), int(rng.integers(1, 10))) for _ in range(60)]
    punishers = fit_punishers(games)
    assert punishers.gap == pytest.approx(1.5, abs=0.5)
    assert punishers.price == pytest.approx(-0.8, abs=0.15)
    assert punishers.impact == pytest.approx(0.5, abs=0.15)
    assert punishers.target == pytest.approx(2.0, abs=0.3)


def test_a_logit_has_the_coefficients_that_were_put_in() -> None:
    rng = np.random.default_rng(6)
    predictors = np.column_stack([np.ones(8000), rng.normal(0, 1, 8000)])
    outcome = (rng.random(8000) < 1 / (1 + np.exp(-(0.5 - 1.2 * predictors[:, 1])))).astype(float)
    assert fit_logit(predictors, outcome) == pytest.approx([0.5, -1.2], abs=0.1)


def test_the_slopes_of_made_up_people_are_found_again() -> None:
    """Half of the people match the others, and who gives less is punished more."""
    rng = np.random.default_rng(7)
    plain = [make_game(number, rng, 0.0) for number in range(30)]
    slopes = measure_slopes([*plain, *(make_punishing_game(rng, 1, 3) for _ in range(10))], resamples=30)
    assert slopes["contribution_by_others"].value == pytest.approx(0.5, abs=0.12)
    assert slopes["contribution_by_others"].num_people == 180
    punishing = slopes["punishment_by_contribution"]
    assert punishing.low <= punishing.value <= punishing.high < -0.5


def test_the_treatments_are_those_of_the_experiment() -> None:
    config = load_run_config(["experiment=commons"])
    settings = {
        name: (bool(changes.get("talk")), bool(changes.get("punishment")))
        for name, changes in config.treatments.items()
    }
    assert settings.items() <= TREATMENTS.items()
    assert next(iter(settings)) == next(iter(TREATMENTS))
    effects = read_effects(EFFECTS)
    assert {effect.outcome for effect in effects} >= set(config.outcomes)
    assert {effect.outcome.removesuffix("@last") for effect in effects} <= set(Commons.metric_labels)


needs_games = pytest.mark.skipif(
    not (DATA / FILE).exists(), reason="the games of Alsobay et al. (2025) are not on this machine"
)


@needs_games
def test_the_facts_hold_what_is_measured_on_the_real_games() -> None:
    from experiments.facts.registry import list_facts

    measured = measure_all([game for game in read_games(DATA) if game.split != "test"])
    references = {fact.name: fact.reference for fact in list_facts(Commons)}
    assert references == measured


@needs_games
def test_the_effects_are_those_of_the_real_games() -> None:
    games = [game for game in read_games(DATA) if game.split != "test"]
    shipped = read_effects(EFFECTS)
    for effect, measured in zip(shipped, measure_all_effects(games, resamples=50), strict=True):
        assert effect._replace(value=0, low=0, high=0) == measured._replace(value=0, low=0, high=0)
        assert effect.value == pytest.approx(measured.value, rel=1e-3, abs=1e-3)
        width = effect.high - effect.low
        assert measured.low == pytest.approx(effect.low, abs=0.35 * width)
        assert measured.high == pytest.approx(effect.high, abs=0.35 * width)


@needs_games
@pytest.mark.slow
def test_effects_and_slopes_are_measured_to_the_last_digit() -> None:
    games = [game for game in read_games(DATA) if game.split != "test"]
    for effect, measured in zip(read_effects(EFFECTS), measure_all_effects(games), strict=True):
        assert effect[3:6] == pytest.approx(measured[3:6], rel=1e-3, abs=1e-4)
    assert {reaction.name: reaction.people for reaction in REACTIONS} == measure_slopes(games)
