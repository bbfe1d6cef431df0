"""Measure the people of the public-goods games that the commons are compared with.

    python -m experiments.people.measure_commons ../shared/data

It writes what the randomised treatments did to them to `experiments/people/commons.csv`, and prints the references of
the facts in `experiments/facts/commons/` and the slopes of people in `worlds/commons/reactions.py`. Games of the test
split are left out. Intervals are 95 % percentile intervals from 1,000 bootstrap samples of games, each with all of its
people.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from experiments.facts.reference import Reference
from experiments.people.commons_slopes import measure_slopes
from experiments.people.effects import RESAMPLES, HumanEffect, Statistic, average, measure_effects, write_effects
from experiments.people.public_goods import pool
from sandbox.descriptive import mean_of
from training.panels.games import Game, read_games
from worlds.commons.history import History
from worlds.commons.metrics import commons_metrics

FILE = Path(__file__).with_name("commons.csv")
TREATMENTS = {
    "plain": (False, False),
    "punishment": (False, True),
    "talk": (True, False),
    "both": (True, True),
}
"""Treatments of `conf/experiment/commons.yaml`, the control first, and a fourth one: whether people can talk, and
punish."""
MEANS = (
    "contribution",
    "contribution@last",
    "efficiency",
    "punisher_share",
    "left_share@last",
)
"""Outcomes that are a mean over games, each with a number of its own."""
MEANS_OF_ANY_AMOUNT = ("first_contribution", "drift@last", "full_share", "zero_share")
"""The same, but over the games in which people could give any amount, as in the experiment: where they could only give
all or nothing, they began with 0.1 more."""
POOLED: Mapping[str, Statistic[History]] = {
    "conditional_cooperation@last": lambda games: pool(games).conditional_cooperation(),
    "person_variance@last": lambda games: pool(games).person_variance_share(),
    "punished_below@last": lambda games: pool(games).punished_below_share(),
}
"""Outcomes that are measured over the groups of a world together."""
MIN_ROUNDS = 4
"""Rounds that a game needs for its last third to be later than its beginning."""
HistoryStatistic: TypeAlias = Callable[[Sequence[History]], float]
"""From the histories of some games to a number."""


def select_treatment(games: Sequence[Game], treatment: str) -> list[Game]:
    """Return the games of one treatment."""
    return [game for game in games if (game.talk, game.punishment) == TREATMENTS[treatment]]


def outcomes_of(game: Game) -> dict[str, float]:
    """Return the outcomes of a game, from the metrics that the world computes after every round."""
    history = game.history()
    rounds = [
        commons_metrics(History(history.groups, history.rounds[: number + 1]), None, game.left_share())
        for number in range(len(history.rounds))
    ]
    means = {name: mean_of(np.array([metrics[name] for metrics in rounds])) for name in rounds[-1]}
    return means | {f"{name}@last": value for name, value in rounds[-1].items()}


def measure_all_effects(games: Sequence[Game], resamples: int = RESAMPLES) -> list[HumanEffect]:
    """Measure all outcomes under all treatments, and their differences from games without punishment and talk.

    Args:
        games: Those to measure.
        resamples: Bootstrap samples behind an interval.
    """
    arms = {name: select_treatment(games, name) for name in TREATMENTS}
    outcomes = {name: [outcomes_of(game) for game in arm] for name, arm in arms.items()}
    with_any_amount = {
        name: [outcomes_of(game) for game in arm if not game.all_or_nothing] for name, arm in arms.items()
    }
    histories = {name: [game.history() for game in arm] for name, arm in arms.items()}
    return [
        *measure_effects(outcomes, {name: average(name) for name in MEANS}, "game", resamples),
        *measure_effects(with_any_amount, {name: average(name) for name in MEANS_OF_ANY_AMOUNT}, "game", resamples),
        *measure_effects(histories, POOLED, "game", resamples),
    ]


def final_contribution(games: Sequence[History]) -> float:
    """Return the mean over games of the mean contribution in the last third of the rounds.

    Games of fewer than `MIN_ROUNDS` rounds do not count.
    """
    gifts = [game.stack("gifts") for game in games if len(game.rounds) >= MIN_ROUNDS]
    return float(np.mean([mean_of(gift[-round(len(gift) / 3) :]) for gift in gifts]))


def first_contribution(games: Sequence[History]) -> float:
    """Return the mean over games of the mean contribution in the first round."""
    return float(np.mean([mean_of(game.rounds[0].gifts) for game in games]))


def drift(games: Sequence[History]) -> float:
    """Return the mean over games of the mean contribution in the last round minus that in the first."""
    return float(np.mean([mean_of(game.rounds[-1].gifts) for game in games])) - first_contribution(games)


def share_who_gave(amount: float) -> HistoryStatistic:
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
    plain, punishment, talk = (select_treatment(games, name) for name in ("plain", "punishment", "talk"))
    any_amount = [game for game in plain if not game.all_or_nothing]

    def difference(treated: Sequence[History], control: Sequence[History]) -> float:
        return final_contribution(treated) - final_contribution(control)

    return {
        "first_round": measure([any_amount], first_contribution),
        "contributions_fall": measure([any_amount], drift),
        "conditional_cooperation": measure([plain], lambda group: pool(group).conditional_cooperation()),
        "full_contributions": measure([any_amount], share_who_gave(1.0)),
        "no_contributions": measure([any_amount], share_who_gave(0.0)),
        "people_differ": measure([plain], lambda group: pool(group).person_variance_share()),
        "low_givers_are_punished": measure([punishment], lambda group: pool(group).punished_below_share()),
        "punishment_raises_giving": measure([punishment, plain], difference),
        "talk_raises_giving": measure([talk, plain], difference),
    }


def main(data: str) -> None:
    """Write the effects, and print the reference of every fact and the people's slope of every reaction."""
    games = [game for game in read_games(Path(data)) if game.split != "test"]
    for name, reference in measure_all(games).items():
        print(f"{name}: {reference!r}")
    for name, slope in measure_slopes(games).items():
        print(f"{name}: {slope!r}")
    write_effects(FILE, measure_all_effects(games))
    print(f"wrote {FILE}")


if __name__ == "__main__":
    main(*sys.argv[1:])
