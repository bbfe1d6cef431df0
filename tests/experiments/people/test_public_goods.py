"""Transcripts of public-goods games are read as they were played; fitted types are those of the people."""

import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

from experiments.people.fit_cooperators import collect_decisions, fit, log_likelihood
from experiments.people.measure_commons import measure_all
from experiments.people.public_goods import FILE, Game, Person, Round, pool, read_games

INSTRUCTIONS = """In this multi-player online public goods game, you will be in a group of 3 players.
After everyone has contributed, the amount in the public fund will be multiplied by the money multiplier of 1.8.
You can choose to contribute any integer amount from 0 up to your entire endowment of 20 coins.
You cannot communicate with other players.
After seeing each player's contributions, players can impose deductions on each other.

# GAME STARTS

## Round 1 of 2:
You contributed <<5 coins>>.
### Outcome Stage
DOG contributed 20 coins.
OWL contributed 1 coin.
### Deduction Stage: Decide which players, if any, to deduct coins — and how much.
You <<deducted 3 coins from OWL>>.
### Round Summary
You: 1 coin spent on deductions. Total round gains/losses are +29 coins.

## Round 2 of 2:
You contributed <<0 coins>>.
### Outcome Stage
DOG contributed 20 coins.
OWL is no longer in the game.
### Deduction Stage: Decide which players, if any, to deduct coins — and how much.
You <<did not deduct coins from any player>>.
### Round Summary
You: Total round gains/losses are -2 coins.
"""


def test_a_transcript_is_read_as_it_was_played(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir()
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps({"game": "g", "person": "p", "split": "train", "text": INSTRUCTIONS}) + "\n")
    [game] = read_games(tmp_path)
    assert (game.punishment, game.talk, game.all_or_nothing, game.multiplier) == (True, False, False, 1.8)
    assert game.people[0].rounds == {0: Round(5, [20, 1], 29.0, [1]), 1: Round(0, [20], -2.0, [])}
    history = game.history()
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


@pytest.mark.skipif(not (DATA / FILE).exists(), reason="the games of Alsobay et al. (2025) are not on this machine")
def test_the_facts_hold_what_is_measured_on_the_real_games() -> None:
    from experiments.facts.registry import list_facts
    from worlds.commons import Commons

    measured = measure_all([game for game in read_games(DATA) if game.split != "test"])
    references = {fact.name: fact.reference for fact in list_facts(Commons)}
    assert references == measured
