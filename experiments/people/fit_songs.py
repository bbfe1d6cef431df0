"""Fit the rule agents of the song market to real people, and print their parameters.

    python -m experiments.people.fit_songs ../shared/data

By maximum likelihood, on the train part of experiment 1 of MusicLab. Each printed line belongs in the file of
`worlds/songs` or `conf/world/songs.yaml` that it names.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from math import comb
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from sandbox.intervals import t_quantile
from training.panels.musiclab import NUM_SONGS, MarketLog, read_history, read_markets
from worlds.songs.history import Floats, History

PAGE_SIZE = 6
"""Songs of a page, as in `conf/world/songs.yaml`."""
NUM_PAGES = NUM_SONGS // PAGE_SIZE


class VisitParameters(NamedTuple):
    """How people look through pages."""

    eager_share: float
    eager_downloading: float
    downloading: float


def fit_visits(markets: Sequence[MarketLog]) -> VisitParameters:
    """Fit how many songs people download in a visit, given that they download one.

    People who downloaded more songs than there are pages count as having downloaded from every page.
    """
    numbers = [
        min(number, NUM_PAGES)
        for market in markets
        for number in Counter(download.person for download in market.downloads).values()
    ]
    observed = np.bincount(numbers, minlength=NUM_PAGES + 1)[1:]

    def loss(values: Floats) -> float:
        probs = visit_probabilities(VisitParameters(*expit(values)))[1:]
        return -float((observed * np.log(probs / probs.sum() + 1e-12)).sum())

    best = minimize(loss, (-2.0, 3.0, 0.0), method="Nelder-Mead", options={"maxiter": 5000, "maxfev": 5000})
    return VisitParameters(*(float(value) for value in expit(best.x)))


def visit_probabilities(parameters: VisitParameters) -> Floats:
    """Return the probability of 0, 1, ... downloads in a visit.

    An eager person looks at all pages; anybody else leaves at the first page from which they download nothing.
    """
    eager, other = parameters.eager_downloading, parameters.downloading
    places = np.arange(NUM_PAGES + 1)
    combinations = np.array([comb(NUM_PAGES, place) for place in range(NUM_PAGES + 1)])
    binomial = combinations * eager**places * (1 - eager) ** places[::-1]
    geometric = other**places * np.where(places < NUM_PAGES, 1 - other, 1.0)
    return parameters.eager_share * binomial + (1 - parameters.eager_share) * geometric


def count_effect_interval(markets: Sequence[MarketLog]) -> tuple[float, float]:
    """Return the 95 % interval of the effect of counts over social worlds, by the jackknife (Efron 1982).

    A bootstrap would repeat worlds, and the estimate is the lower the fewer different worlds there are.
    """
    whole = read_history(markets).count_effect()
    social = [market for market in markets if market.is_social]
    parts = [read_history([market for market in markets if market != left_out]).count_effect() for left_out in social]
    number = len(parts)
    error = float(np.sqrt((number - 1) / number * ((np.array(parts) - np.mean(parts)) ** 2).sum()))
    half_width = t_quantile(number - 1) * error
    return whole - half_width, whole + half_width


def appeal_spread(history: History) -> float:
    """Return the standard deviation of the songs' appeal, without the sampling error of the estimates."""
    fit = history.fit_counts()
    return float(np.sqrt(max(fit.appeal.var() - (fit.appeal_error**2).mean(), 0.0)))


def main(data: str) -> None:
    """Print the parameters, their number of people, and the interval of the effect of counts."""
    markets = [market.train_part() for market in read_markets(Path(data))]
    people = {(market.number, download.person) for market in markets for download in market.downloads}
    print(f"{len(people)} people, {sum(len(market.downloads) for market in markets)} downloads")
    history = read_history(markets)
    visits = fit_visits(markets)
    print("rules.py:", {name: round(value, 3) for name, value in visits._asdict().items()})
    effect, (low, high) = history.count_effect(), count_effect_interval(markets)
    print(f"rules.py: count_effect {effect:.3f} [{low:.3f}, {high:.3f}] per unit of log(1 + count)")
    per_doubling = [value * np.log(2) for value in (effect, low, high)]
    print("reactions.py:", [round(float(value), 3) for value in per_doubling], "per doubling of 1 + count")
    print(f"conf/world/songs.yaml: appeal_spread {appeal_spread(history):.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
