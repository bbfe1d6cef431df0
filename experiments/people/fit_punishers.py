"""Fit how the rule agents of the commons punish to real people, and print the parameters.

    python -m experiments.people.fit_punishers ../shared/data

Whether somebody punishes is a logit of how far the lowest contribution is below the mean, and of price and impact;
whom, a conditional logit of contributions. Both are fitted by maximum likelihood to the train split. Each parameter
belongs in `worlds/commons/rules.py`.
"""

import sys
from collections.abc import Iterable, Sequence
from math import log2
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

from training.panels.games import ENDOWMENT, Game, Round, read_games
from worlds.commons.history import Floats

USUAL_PRICE, USUAL_IMPACT = 1, 3
"""Coins at which the intercept is given: the world's defaults."""


class Punishers(NamedTuple):
    """Parameters of who punishes, and whom."""

    nobody_low: float
    """Probability of punishing somebody where all gave the same."""
    intercept: float
    """Log odds of punishing at no gap, and the usual price and impact."""
    gap: float
    """Log odds per endowment that the lowest contribution is below the mean."""
    price: float
    """Log odds per doubling of the price."""
    impact: float
    """Log odds per doubling of the impact."""
    target: float
    """Log odds of punishing one rather than another, per endowment that the one gave less."""


class Opportunity(NamedTuple):
    """One person's round in a game with punishment."""

    gap: float
    """Mean of all minus the lowest of the others, as a share of the endowment."""
    price: float
    """Doublings of the usual price."""
    impact: float
    """Doublings of the usual impact."""
    has_punished: bool


def fit_punishers(games: Sequence[Game]) -> Punishers:
    """Fit all parameters to the games in which people could punish."""
    games = [game for game in games if game.punishment]
    opportunities = np.array([_read_opportunity(game, played) for game, played in _list_rounds(games)])
    gap, price, impact, has_punished = opportunities.T
    is_low = gap > 0
    predictors = np.stack([np.ones(is_low.sum()), gap[is_low], price[is_low], impact[is_low]], axis=1)
    intercept, by_gap, by_price, by_impact = fit_logit(predictors, has_punished[is_low])
    nobody_low = float(has_punished[~is_low].mean())
    return Punishers(nobody_low, intercept, by_gap, by_price, by_impact, _fit_target(games))


def fit_logit(predictors: Floats, outcome: Floats) -> list[float]:
    """Return the coefficients of a binary logit, by maximum likelihood.

    Args:
        predictors: Shape (cases, coefficients).
        outcome: 0 or 1 for each case.
    """
    signed = (2 * outcome - 1)[:, None] * predictors

    def loss(values: Floats) -> tuple[float, Floats]:
        margins = signed @ values
        return float(np.logaddexp(0, -margins).sum()), -signed.T @ expit(-margins)

    result = minimize(loss, np.zeros(predictors.shape[1]), jac=True)
    return [float(value) for value in np.asarray(result.x)]


def _list_rounds(games: Iterable[Game]) -> Iterable[tuple[Game, Round]]:
    """Yield every round of every person who saw others."""
    for game in games:
        for person in game.people:
            yield from ((game, played) for played in person.rounds.values() if played.others)


def _read_opportunity(game: Game, played: Round) -> Opportunity:
    mean = (sum(played.others) + played.contribution) / (len(played.others) + 1)
    return Opportunity(
        (mean - min(played.others)) / ENDOWMENT,
        log2(game.price / USUAL_PRICE),
        log2(game.impact / USUAL_IMPACT),
        bool(played.punished),
    )


def _fit_target(games: Iterable[Game]) -> float:
    """Fit whom people punish: each target is one choice among all others."""
    choices = [
        (target / ENDOWMENT, np.array(played.others) / ENDOWMENT)
        for _, played in _list_rounds(games)
        for target in played.punished
    ]

    def loss(values: Floats) -> float:
        slope = values[0]
        return sum(slope * target + float(logsumexp(-slope * others)) for target, others in choices)

    return float(np.asarray(minimize(loss, np.zeros(1)).x)[0])


def main(data: str) -> None:
    """Print the parameters, and the number of games."""
    games = [game for game in read_games(Path(data)) if game.split == "train"]
    print(f"{sum(game.punishment for game in games)} games")
    for name, value in fit_punishers(games)._asdict().items():
        print(name, round(value, 3))


if __name__ == "__main__":
    main(*sys.argv[1:])
