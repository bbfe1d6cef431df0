"""Measure what happens to ratings if people must rate, and write it beside this file.

    python -m experiments.people.measure_marketplace ../shared/data

The people are those of Coat (Schnabel et al. 2016, arXiv:1602.05352): each rated 24 coats of their choice and 16 that
were drawn for them. The test split is left out. An effect is a difference within people; intervals are 95 % percentile
intervals of bootstrap samples of people. Levels are not compared with a market's, since nobody bought a coat.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.frames import Array, column, rows_where
from experiments.people.effects import RESAMPLES, HumanEffect, write_effects

DATA = "ratings_coat/ratings.csv.gz"
FILE = Path(__file__).parent / "marketplace.csv"
TREATMENT, CONTROL = "forced", "control"
"""Treatments of `conf/experiment/forced.yaml`: who must rate, and who chooses to."""
HOW = {TREATMENT: "random", CONTROL: "chosen"}
"""What the data call them."""
OUTCOMES: Mapping[str, Callable[[Array], Array]] = {
    "mean_stars@last": lambda stars: stars,
    "five_star_share@last": lambda stars: stars == 5,
}
"""What is averaged over a person's ratings, by outcome."""


def measure(ratings: pd.DataFrame) -> list[HumanEffect]:
    """Return the effects of having to rate.

    Args:
        ratings: Columns person, split, how (chosen or random) and stars.
    """
    ratings = rows_where(ratings, column(ratings, "split") != "test")
    return [_measure_outcome(ratings, outcome, rate) for outcome, rate in OUTCOMES.items()]


def _measure_outcome(ratings: pd.DataFrame, outcome: str, rate: Callable[[Array], Array]) -> HumanEffect:
    rated = ratings.assign(value=rate(column(ratings, "stars").to_numpy(float)))
    means: Any = rated.pivot_table(index="person", columns="how", values="value").dropna()
    differences = (means[HOW[TREATMENT]] - means[HOW[CONTROL]]).to_numpy(float)
    rng = np.random.default_rng(0)
    resampled = [differences[rng.integers(len(differences), size=len(differences))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(resampled, (0.025, 0.975))
    value = float(differences.mean())
    return HumanEffect(TREATMENT, CONTROL, outcome, value, float(low), float(high), len(differences), "person")


def main(data: str) -> None:
    """Write the effects."""
    write_effects(FILE, measure(pd.read_csv(Path(data) / DATA)))
    print(FILE)


if __name__ == "__main__":
    main(*sys.argv[1:])
