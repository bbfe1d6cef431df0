"""Measure the people of the public-goods games that the facts of the commons are compared with, and print them.

    python -m experiments.people.measure_commons ../shared/data

Games of the test split are left out. Intervals are 95 % percentile intervals from 1,000 bootstrap samples of games,
each with all of its people. Each printed line belongs in the file of the fact in `experiments/facts/commons/`.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from experiments.facts.reference import Reference
from experiments.people.public_goods import Game, pool, read_games
from worlds.commons.history import History, mean_of

RESAMPLES = 1000
MIN_ROUNDS = 4
"""Rounds that a game needs for its last third to be later than its beginning."""
Statistic: TypeAlias = Callable[[Sequence[History]], float]
"""From the histories of some games to a number."""


def final_contribution(games: Sequence[History]) -> float:
    """Return the mean over games of the mean contribution in the last third of the rounds.

    Games of fewer than `MIN_ROUNDS` rounds do not count.
    """
    gifts = [game.stack("gifts") for game in games if len(game.rounds) >= MIN_ROUNDS]
    return float(np.mean([mean_of(gift[-round(len(gift) / 3) :]) for gift in gifts]))


def share_who_gave(amount: float) -> Statistic:
    """Return the mean over games of the share of contributions that are `amount`, a share of the endowment."""

    def statistic(games: Sequence[History]) -> float:
        gifts = [game.stack("gifts") for game in games]
        return float(np.mean([(gift[~np.isnan(gift)] == amount).mean() for gift in gifts]))

    return statistic


def measure(games: Sequence[Sequence[Game]], statistic: Callable[..., float]) -> Reference:
    """Measure a statistic of one or more groups of games, with its interval over games."""
    histories = [[game.history() for game in group] for group in games]
    rng = np.random.default_rng(0)
    values = [statistic(*(_resample(group, rng) for group in histories)) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(values, (0.025, 0.975))
    people = sum(len(game.people) for group in games for game in group)
    return Reference(*(round(float(value), 3) for value in (statistic(*histories), low, high)), num_people=people)


def _resample(group: Sequence[History], rng: np.random.Generator) -> list[History]:
    return [group[pick] for pick in rng.integers(len(group), size=len(group))]


def measure_all(games: Sequence[Game]) -> dict[str, Reference]:
    """Measure all facts of the commons, by name."""

    def select(*, talk: bool, punishment: bool) -> list[Game]:
        return [game for game in games if (game.talk, game.punishment) == (talk, punishment)]

    plain, talk = select(talk=False, punishment=False), select(talk=True, punishment=False)
    punishment = select(talk=False, punishment=True)

    def difference(treated: Sequence[History], control: Sequence[History]) -> float:
        return final_contribution(treated) - final_contribution(control)

    return {
        "conditional_cooperation": measure([plain], lambda group: pool(group).conditional_cooperation()),
        "full_contributions": measure([plain], share_who_gave(1.0)),
        "no_contributions": measure([plain], share_who_gave(0.0)),
        "people_differ": measure([plain], lambda group: pool(group).person_variance_share()),
        "low_givers_are_punished": measure([punishment], lambda group: pool(group).punished_below_share()),
        "punishment_raises_giving": measure([punishment, plain], difference),
        "talk_raises_giving": measure([talk, plain], difference),
    }


def main(data: str) -> None:
    """Print the reference of every fact."""
    for name, reference in measure_all([game for game in read_games(Path(data)) if game.split != "test"]).items():
        print(f"{name}: {reference!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
