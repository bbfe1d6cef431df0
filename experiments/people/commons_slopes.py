"""What moved people's answers in the public-goods games: the slopes that the commons' reactions are held against.

As in a reaction, all else that a person knew is held equal, as far as the games allow: the person, and what they gave
themselves. Intervals are 95 % percentile intervals from bootstrap samples of games.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from experiments.frames import Array
from experiments.people.effects import RESAMPLES
from experiments.people.fit_punishers import fit_logit
from sandbox.core import PeopleSlope
from training.panels.games import ENDOWMENT, Game, Round

SOURCE = "Alsobay, Rand, Watts & Almaatouq 2025, arXiv:2508.17151: games without talk {and_what}"


def measure_slopes(games: Sequence[Game], resamples: int = RESAMPLES) -> dict[str, PeopleSlope]:
    """Measure the people's slope of each reaction of the commons, by its name.

    Args:
        games: Those to measure; with talk, they do not count.
        resamples: Bootstrap samples behind an interval.
    """
    silent = [game for game in games if not game.talk]
    plain, punishment = ([game for game in silent if game.punishment == is_allowed] for is_allowed in (False, True))
    return {
        "contribution_by_others": _measure(
            plain, _list_contributions, within_people_slope, resamples, "or punishment; least squares within people"
        ),
        "punishment_by_contribution": _measure(
            punishment,
            _list_chances,
            logit_slope,
            resamples,
            "and with punishment; logit of punishing each other player",
        ),
    }


def within_people_slope(rows: Array) -> float:
    """Return the slope of contributions on what the others gave before, at equal own contributions before.

    Least squares within people: each person's means are taken out.

    Args:
        rows: Person, contribution, the others' mean and the own contribution of the round before; shares.
    """
    _, person = np.unique(rows[:, 0], return_inverse=True)
    counts = np.bincount(person)[:, None]
    means = np.stack([np.bincount(person, values) for values in rows[:, 1:].T], axis=1) / counts
    contribution, *predictors = (rows[:, 1:] - means[person]).T
    return float(np.linalg.lstsq(np.stack(predictors, axis=1), contribution, rcond=None)[0][0])


def logit_slope(rows: Array) -> float:
    """Return the log odds of being punished per half of the endowment that one gave.

    At an equal own contribution of the person who may punish, and an equal mean of the others whom that person sees.

    Args:
        rows: Person, whether punished, contribution of the one who may be, own contribution, mean of the others.
    """
    return fit_logit(np.column_stack([np.ones(len(rows)), 2 * rows[:, 2], rows[:, 3:]]), rows[:, 1])[1]


def _list_contributions(game: Game) -> Iterator[tuple[float, ...]]:
    """Yield the rows of `within_people_slope`, people by their place in the game."""
    for number, person in enumerate(game.people):
        for step, played in person.rounds.items():
            before = person.rounds.get(step - 1)
            if before and before.others:
                mean = sum(before.others) / len(before.others)
                yield (number, played.contribution / ENDOWMENT, mean / ENDOWMENT, before.contribution / ENDOWMENT)


def _list_chances(game: Game) -> Iterator[tuple[float, ...]]:
    """Yield the rows of `logit_slope`, one for each other player in each round of each person."""
    for number, person in enumerate(game.people):
        for played in person.rounds.values():
            mean = sum(played.others) / len(played.others) / ENDOWMENT if played.others else 0
            for coins, is_punished in _list_others(played):
                yield (number, is_punished, coins / ENDOWMENT, played.contribution / ENDOWMENT, mean)


def _list_others(played: Round) -> Iterator[tuple[int, bool]]:
    """Yield what each other gave, and whether they were punished; equal gifts are alike."""
    targets = list(played.punished)
    for coins in played.others:
        is_punished = coins in targets
        if is_punished:
            targets.remove(coins)
        yield coins, is_punished


def _measure(
    games: Sequence[Game],
    list_rows: Callable[[Game], Iterator[tuple[float, ...]]],
    slope: Callable[[Array], float],
    resamples: int,
    and_what: str,
) -> PeopleSlope:
    """Measure a slope over games, in each of which people are numbered from 0."""
    tables = [np.array(rows) for game in games if (rows := list(list_rows(game)))]
    num_people = max(len(game.people) for game in games)

    def pool(picks: Sequence[int]) -> Array:
        """Return the rows of some games, with another number for each person, also of a game picked twice."""
        people = [
            tables[pick] + np.eye(1, tables[pick].shape[1]) * place * num_people for place, pick in enumerate(picks)
        ]
        return np.concatenate(people)

    rng = np.random.default_rng(0)
    samples = [slope(pool(list(rng.integers(len(tables), size=len(tables))))) for _ in range(resamples)]
    low, high = np.quantile(samples, (0.025, 0.975))
    value = slope(pool(range(len(tables))))
    people = sum(len(game.people) for game in games)
    return PeopleSlope(
        round(value, 3), round(float(low), 3), round(float(high), 3), people, SOURCE.format(and_what=and_what)
    )
