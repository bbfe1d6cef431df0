"""Fit the rule agents of the commons to real people, and print their parameters.

    python -m experiments.people.fit_cooperators ../shared/data

A mixture of three latent types (free riders, full cooperators, conditional cooperators), by maximum likelihood over
people of the train split. Shares of types depend on whether people could talk and punish, on what a coin in the fund
pays back, on whether the end was known, on the framing, and on whether earnings were shown; all else is common. How
much the log likelihood falls without each of the latter four is printed too. Each parameter belongs in
`worlds/commons/rules.py`.
"""

import math
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logsumexp
from scipy.stats import norm

from training.panels.games import ENDOWMENT, Game, read_games
from worlds.commons.history import Floats, Ints

TYPES = ("FREE_RIDER", "CONDITIONAL_COOPERATOR", "FULL_COOPERATOR")
CONDITIONS = ((False, False), (False, True), (True, False), (True, True))
"""Whether people could talk, and punish."""
NUM_AMOUNTS = ENDOWMENT + 1
SETTINGS = ("marginal_return", "is_end_known", "opt_out", "show_earnings")
"""Settings that tilt the shares of types."""
USUAL_RETURN = 0.4
"""Coins paid back per coin in the fund at which shares are given: near the games' mean, and the world's default."""


class Decisions(NamedTuple):
    """All contributions of all people, one entry each; money as a share of the endowment."""

    person: Ints
    condition: Ints
    """Place among `CONDITIONS`."""
    gift: Floats
    own: Floats
    """What the person gave in the round before; NaN in the first."""
    others: Floats
    """What the others gave on average in the round before; what the person gave, if there were none."""
    all_or_nothing: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    settings: Floats
    """(decision, setting): those of `SETTINGS`, the first minus `USUAL_RETURN`, the others 0 or 1."""


class Parameters(NamedTuple):
    """Parameters of the mixture; the first axis of a field is the type, as in `TYPES`, or what is said."""

    shares: Floats
    """(condition, type), where all settings are 0."""
    tilts: Floats
    """(setting, type): log odds of the type rather than a full cooperator, per unit of the setting."""
    keep: Floats
    aims: Floats
    """Of conditional cooperators who do not repeat: nothing, everything, about what the others gave."""
    shift: float
    spread: float
    tremble: float
    first: Floats
    """(type, amount): nothing, half, everything, other."""

    @classmethod
    def unpack(cls, values: Floats) -> "Parameters":
        """Return the parameters behind unbounded numbers."""
        shares, tilts, keep, aims, shift, spread, tremble, first = np.split(values, np.cumsum([8, 8, 3, 2, 1, 1, 1]))
        return cls(
            _to_shares(shares.reshape(4, 2)),
            np.concatenate([tilts.reshape(4, 2), np.zeros((4, 1))], axis=1),
            expit(keep),
            _to_shares(aims),
            float(shift[0]),
            float(np.exp(spread[0])),
            float(expit(tremble[0])),
            _to_shares(first.reshape(3, 3)),
        )


START = np.r_[np.zeros(8), np.zeros(8), np.zeros(3), np.zeros(2), 0.0, -1.0, -2.0, 1, 0, -1, -1, 1, 0, -2, -1, 2]


def _to_shares(values: Floats) -> Floats:
    """Return shares that sum to 1 along the last axis, from one number less."""
    return np.exp(log_softmax(np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1), axis=-1))


def collect_decisions(games: list[Game]) -> Decisions:
    """Return the contributions of all people of the games who decided in the round before, or in the first."""
    rows: list[tuple[float, ...]] = []
    number = 0
    for game in games:
        condition = CONDITIONS.index((game.talk, game.punishment))
        for person in game.people:
            for step, played in person.rounds.items():
                before = person.rounds.get(step - 1)
                if step and before is None:
                    continue
                own = float(before.contribution) if before else math.nan
                others = sum(before.others) / len(before.others) if before and before.others else own
                gift = played.contribution
                shares = (gift / ENDOWMENT, own / ENDOWMENT, others / ENDOWMENT)
                rows.append((number, condition, *shares, game.all_or_nothing, *_read_settings(game)))
            number += 1
    person, condition, gift, own, others, binary, *settings = np.array(rows).T
    return Decisions(
        person.astype(np.int64),
        condition.astype(np.int64),
        gift,
        own,
        others,
        binary.astype(bool),
        np.stack(settings, axis=1),
    )


def _read_settings(game: Game) -> tuple[float, ...]:
    return (game.marginal_return - USUAL_RETURN, game.is_end_known, game.opt_out, game.show_earnings)


def log_likelihood(parameters: Parameters, data: Decisions) -> float:
    """Return the log likelihood of all people, whose type is latent."""
    num_people = int(data.person.max()) + 1
    by_type = np.zeros((num_people, len(TYPES)))
    for number, probabilities in enumerate(_gift_probabilities(parameters, data)):
        np.add.at(by_type[:, number], data.person, np.log(probabilities + 1e-12))
    condition, settings = np.zeros(num_people, np.int64), np.zeros((num_people, len(SETTINGS)))
    condition[data.person], settings[data.person] = data.condition, data.settings
    log_shares = log_softmax(np.log(parameters.shares[condition]) + settings @ parameters.tilts, axis=1)
    return float(np.sum(logsumexp(by_type + log_shares, axis=1)))


def _gift_probabilities(parameters: Parameters, data: Decisions) -> list[Floats]:
    """Return the probability of every gift, for each type."""
    nothing, everything = (data.gift == 0).astype(float), (data.gift == 1).astype(float)
    to_nothing, to_everything, to_others = parameters.aims
    near = _nearest_probability(data, data.others + parameters.shift, parameters.spread)
    aims = (nothing, to_nothing * nothing + to_everything * everything + to_others * near, everything)
    any_amount = parameters.tremble / np.where(data.all_or_nothing, 2, NUM_AMOUNTS)
    is_first = np.isnan(data.own)
    return [
        np.where(
            is_first,
            _first_probability(parameters.first[number], data),
            parameters.keep[number] * (data.gift == data.own)
            + (1 - parameters.keep[number]) * ((1 - parameters.tremble) * aim + any_amount),
        )
        for number, aim in enumerate(aims)
    ]


def _nearest_probability(data: Decisions, mean: Floats, spread: float) -> Floats:
    """Return the probability that the gift is the legal amount nearest to a normal draw."""
    half = np.where(data.all_or_nothing, 0.5, 0.5 / ENDOWMENT)
    low = np.where(data.gift == 0, -np.inf, data.gift - half)
    high = np.where(data.gift == 1, np.inf, data.gift + half)
    is_later = ~np.isnan(mean)
    centre = np.where(is_later, mean, 0)
    return norm.cdf((high - centre) / spread) - norm.cdf((low - centre) / spread)


def _first_probability(first: Floats, data: Decisions) -> Floats:
    """Return the probability of the gift in a first round; of two amounts, in proportion to nothing and everything."""
    nothing, half, everything, rest = first
    free = np.select(
        [data.gift == 0, data.gift == 1, data.gift == 0.5], [nothing, everything, half], rest / (NUM_AMOUNTS - 3)
    )
    binary = np.where(data.gift == 0, nothing, everything) / (nothing + everything)
    return np.where(data.all_or_nothing, binary, free)


def fit(data: Decisions) -> Parameters:
    """Return the parameters of the highest likelihood."""
    result = minimize(
        lambda values: -log_likelihood(Parameters.unpack(values), data),
        START,
        method="L-BFGS-B",
        options={"maxiter": 600, "maxfun": 80_000},
    )
    return Parameters.unpack(result.x)


def main(data: str) -> None:
    """Print the parameters, and the number of people and games."""
    games = [game for game in read_games(Path(data)) if game.split == "train"]
    decisions = collect_decisions(games)
    parameters = fit(decisions)
    people = int(decisions.person.max()) + 1
    likelihood = log_likelihood(parameters, decisions)
    print(f"{people} people, {len(games)} games, log likelihood {likelihood:.1f}")
    for place, name in enumerate(SETTINGS):
        settings = decisions.settings.copy()
        settings[:, place] = 0
        without = decisions._replace(settings=settings)
        print(f"without {name}: {log_likelihood(fit(without), without) - likelihood:.1f}")
    for name, value in parameters._asdict().items():
        print(name, np.round(value, 3).tolist())


if __name__ == "__main__":
    main(*sys.argv[1:])
