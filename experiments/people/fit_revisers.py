"""Fit the rule agents of the opinion world to real people, and print their parameters.

    python -m experiments.people.fit_revisers ../shared/data

By maximum likelihood over people of the train split, for three situations: estimates after seeing others, estimates
alone, and judgements of news. A person is stubborn or not, which is latent; a revision is the nearest of the world's
steps. Revisions of people who are less than `MIN_DISTANCE` from the others are left out: a small move is many times
such a distance. The other lines say how much of the variance of revisions the steps keep, and how common each step is.
Parameters belong in `worlds/opinion/rules.py`, the shares of steps of estimates in `worlds/opinion/metrics.py`.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

from training.panels.judgements import Group, load_topics, read_groups, read_news
from worlds.opinion.history import LIMIT, Floats, Ints
from worlds.opinion.member import STEPS, STEPS_ALONE
from worlds.opinion.rules import Reviser
from worlds.opinion.settings import Topic

MIN_DISTANCE = 0.2
"""Standardised distance from the others from which on revisions are counted in shares of it."""
START = np.array([-1.0, -2.0, 1.0, 0.1, 0.4, 0.1, -0.7])
"""Log odds of the stubborn share, both log odds of staying, the pull, the weight, the root of the anchor, and the
logarithm of the spread."""


class Revisions(NamedTuple):
    """Revisions of all people in one situation, one entry each."""

    person: Ints
    size: Floats
    """Share of the way to the others; alone, in scales of the topic."""
    anchor: Floats
    """The same for the way back to the first opinion."""
    unit: Floats
    """What sizes are multiples of, in scales of the topic."""


def collect_revisions(groups: Sequence[Group], topics: Mapping[str, Topic], *, alone: bool = False) -> Revisions:
    """Return the revisions of all people of the groups, without those cut at `LIMIT`."""
    rows: list[Floats] = []
    numbers: dict[tuple[str, str], int] = {}
    for group in groups:
        for judgement in group.judgements:
            scale = topics[judgement.topic].scale
            people = np.array([numbers.setdefault((group.id, person), len(numbers)) for person in judgement.people])
            for number, others in enumerate(judgement.others):
                own, new, first = judgement.opinions[number], judgement.opinions[number + 1], judgement.opinions[0]
                unit = np.full(len(own), scale) if alone else others - own
                is_clear = (np.abs(unit / scale) >= MIN_DISTANCE) & (np.abs(unit / scale) <= LIMIT)
                is_clear &= np.maximum(np.abs(new - own), np.abs(first - own)) / scale <= LIMIT
                columns = np.array([people, new - own, first - own, unit])[:, is_clear]
                rows.append(
                    np.array([columns[0], columns[1] / columns[3], columns[2] / columns[3], columns[3] / scale])
                )
    person, size, anchor, unit = np.concatenate(rows, axis=1)
    return Revisions(person.astype(np.int64), size, anchor, unit)


def log_likelihood(reviser: Reviser, revisions: Revisions, steps: Sequence[float]) -> float:
    """Return the log likelihood of all people, whose stubbornness is latent."""
    moves = np.array([step for step in steps if step])
    places = np.abs(revisions.size[:, None] - moves).argmin(axis=1)
    edges = np.concatenate([[-np.inf], (moves[1:] + moves[:-1]) / 2, [np.inf]])
    aims = reviser.weight + reviser.anchor * revisions.anchor
    moved = norm.cdf((edges[places + 1] - aims) / reviser.spread) - norm.cdf((edges[places] - aims) / reviser.spread)
    logs = []
    for log_odds, share in (
        (reviser.stay, 1 - reviser.stubborn_share),
        (reviser.stubborn_stay, reviser.stubborn_share),
    ):
        stay = expit(log_odds - reviser.pull * np.abs(revisions.unit))
        by_person = np.bincount(
            revisions.person, np.log(np.where(revisions.size == 0, stay, (1 - stay) * moved) + 1e-12)
        )
        logs.append(by_person + np.log(share + 1e-12))
    return float(np.logaddexp(*logs)[np.unique(revisions.person)].sum())


def nearest_steps(sizes: Floats, steps: Sequence[float]) -> Floats:
    """Return the step nearest to each size, as the world does."""
    moves = np.array([step for step in steps if step])
    return np.where(sizes == 0, 0.0, moves[np.abs(sizes[:, None] - moves).argmin(axis=1)])


def fit(revisions: Revisions, steps: Sequence[float], *, alone: bool = False) -> Reviser:
    """Return the parameters of the highest likelihood; alone, people aim at nothing."""

    def unpack(values: Floats) -> Reviser:
        share, stay, stubborn, pull, weight, anchor, spread = map(float, values)
        aims = (0.0, 0.0, 0.0) if alone else (pull, weight, anchor**2)
        return Reviser(float(expit(share)), stay, stubborn, *aims, float(np.exp(spread)))

    values = START
    for _ in range(2):  # begun again, the method leaves a simplex that has collapsed too early
        values = minimize(
            lambda point: -log_likelihood(unpack(point), revisions, steps), values, method="Nelder-Mead",
            options={"maxiter": 6000, "maxfev": 6000, "xatol": 1e-4, "fatol": 1e-3},
        ).x  # fmt: skip
    return unpack(values)


def kept_variance(revisions: Revisions, steps: Sequence[float]) -> float:
    """Return the share of the variance of revisions, in scales of the topic, that the nearest steps keep."""
    exact = revisions.size * revisions.unit
    nearest = nearest_steps(revisions.size, steps) * revisions.unit
    return float(1 - ((exact - nearest) ** 2).sum() / ((exact - exact.mean()) ** 2).sum())


def main(data: str) -> None:
    """Print parameters, numbers of people, and kept variance."""
    topics = load_topics()
    groups = [group for group in read_groups(Path(data)) if group.split == "train"]
    news = [group for group in read_news(Path(data)) if group.split == "train"]
    situations = {
        "ESTIMATES": ([group for group in groups if group.treatment != "alone"], STEPS, False),
        "NEWS": (news, STEPS, False),
        "ALONE": ([group for group in groups if group.treatment == "alone"], STEPS_ALONE, True),
    }
    for name, (people, steps, alone) in situations.items():
        revisions = collect_revisions(people, topics, alone=alone)
        reviser = fit(revisions, steps, alone=alone)
        print(f"{name} = Reviser({', '.join(f'{value:.3f}' for value in reviser)})")
        print(
            f"  {len(np.unique(revisions.person))} people, {len(revisions.person)} revisions, log likelihood "
            f"{log_likelihood(reviser, revisions, steps):.1f}, kept variance {kept_variance(revisions, steps):.3f}"
        )
        nearest = nearest_steps(revisions.size, steps)
        print(f"  shares of steps: { {f'{step:g}': round(float((nearest == step).mean()), 4) for step in steps} }")


if __name__ == "__main__":
    main(*sys.argv[1:])
