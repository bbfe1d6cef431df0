"""How often the interval of a score contains the true score, for artificial people of known behaviour.

    python -m benchmarks.score_coverage --experiments 300

A person's ratings are drawn from shares of their own, which are Dirichlet-distributed around those of all. In each
experiment there is a new sample of reference people, and new worlds of the size of a market. The arms: other people of
the same kind, clones (every rating drawn from everybody's), and people who answer at random half of the time; the floor
answers at random. The true score is that of arms and reference people of unlimited number.
"""

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from experiments.facts.distance import distance_from_people, score_of
from experiments.facts.item import SampleItem
from experiments.facts.marketplace import star_distribution, star_habits, star_variance
from experiments.facts.measure_people import measure_item

SHARES = (0.08, 0.03, 0.07, 0.14, 0.68)
BETWEEN = 0.17
"""Share of the ratings' variance between people; the Dirichlet's weights sum to 1 / BETWEEN - 1."""
REFERENCE_PEOPLE, REFERENCE_REVIEWS = 83, 10
WORLD_PEOPLE, WORLD_REVIEWS = 22, 3
TRUTH_WORLDS, TRUTH_PEOPLE = 60, 400
"""Worlds by whose mean the truth is computed, and people in each."""
ITEMS = {module.ITEM.name: module.ITEM for module in (star_distribution, star_habits, star_variance)}

Maker = Callable[[np.random.Generator, int, int], pd.DataFrame]


def draw_reviews(rng: np.random.Generator, people: int, reviews: int, between: float, noise: float) -> pd.DataFrame:
    """Draw ratings: a share `between` of their variance is between people, and a share `noise` of them is random."""
    weights = np.array(SHARES) * (1 / between - 1)
    shares = rng.dirichlet(weights, people) if between > 0 else np.tile(SHARES, (people, 1))
    shares = (1 - noise) * shares + noise / len(SHARES)
    stars = (rng.random((people, reviews, 1)) > shares.cumsum(axis=1)[:, None, :-1]).sum(axis=2) + 1
    return pd.DataFrame({"person": np.repeat(np.arange(people), reviews), "stars": stars.ravel()})


ARMS: dict[str, tuple[float, float]] = {
    "people": (BETWEEN, 0.0),
    "clones": (1e-9, 0.0),
    "half random": (BETWEEN, 0.5),
}
FLOOR = (1e-9, 1.0)


def statistics_of(item: SampleItem, rng: np.random.Generator, arm: tuple[float, float], seeds: int) -> pd.DataFrame:
    """Return the statistic of one world per seed, (seeds, d)."""
    worlds = (draw_reviews(rng, WORLD_PEOPLE, WORLD_REVIEWS, *arm) for _ in range(seeds))
    return pd.DataFrame([np.atleast_1d(item.statistic(world)) for world in worlds])


def true_score(item: SampleItem, arm: tuple[float, float]) -> float:
    """Return the score of an arm with unlimited data."""
    rng = np.random.default_rng(0)
    people, own, floor = (
        np.mean(
            [
                np.atleast_1d(item.statistic(draw_reviews(rng, TRUTH_PEOPLE, WORLD_REVIEWS, *settings)))
                for _ in range(TRUTH_WORLDS)
            ],
            axis=0,
        )
        for settings in (ARMS["people"], arm, FLOOR)
    )
    return 1 - float(((own - people) ** 2).sum() / ((floor - people) ** 2).sum()) if arm != ARMS["people"] else 1.0


def measure_coverage(item: SampleItem, seeds: int, experiments: int) -> list[dict[str, Any]]:
    """Return, by arm, how often there is a score, and how often its interval contains the true one."""
    rng = np.random.default_rng(seeds)
    truth = {name: true_score(item, arm) for name, arm in ARMS.items()}
    scores: dict[str, list[Any]] = {name: [] for name in ARMS}
    for _ in range(experiments):
        people = draw_reviews(rng, REFERENCE_PEOPLE, REFERENCE_REVIEWS, *ARMS["people"])
        reference = measure_item(item, people)
        floor = distance_from_people(statistics_of(item, rng, FLOOR, seeds), reference)
        for name, arm in ARMS.items():
            own = distance_from_people(statistics_of(item, rng, arm, seeds), reference)
            if own is not None and floor is not None:
                scores[name].append(score_of(own, floor))
    return [_summarize(item.name, seeds, name, truth[name], scores[name]) for name in ARMS]


def _summarize(item: str, seeds: int, arm: str, truth: float, scores: list[Any]) -> dict[str, Any]:
    known = [score for score in scores if not np.isnan(score.low)]
    covered = [score.low <= truth <= score.high for score in known]
    return {
        "item": item,
        "seeds": seeds,
        "arm": arm,
        "true_score": round(truth, 3),
        "median_score": round(float(np.median([score.value for score in known])), 3),
        "coverage": round(float(np.mean(covered)), 3),
        "scored_share": round(len(known) / len(scores), 3),
    }


def main() -> None:
    """Print a line of JSON for each item, number of seeds and arm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=300)
    settings = parser.parse_args()
    for item in ITEMS.values():
        for seeds in (8, 20):
            for row in measure_coverage(item, seeds, settings.experiments):
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
