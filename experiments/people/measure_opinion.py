"""Measure the people of the experiments on opinions, and write what they do and how treatments differ.

    python -m experiments.people.measure_opinion ../shared/data

Groups of the test split are left out. Intervals are 95 % percentile intervals from 1,000 bootstrap samples of groups,
each with all of its people. The table `experiments/people/opinion.csv` has a row for every outcome of
`conf/experiment/opinion.yaml` and `conf/experiment/opinion_news.yaml` under every treatment, and for every difference
between two treatments. The printed lines belong in the files of the facts in `experiments/facts/opinion/`.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.facts.reference import Reference
from experiments.people.fit_revisers import MIN_DISTANCE
from sandbox.runtime.config import LAST, load_run_config
from training.panels.judgements import NEWS_TREATMENT, ROUNDS, Group, load_topics, pool, read_groups, read_news
from worlds.opinion.history import Floats, History
from worlds.opinion.metrics import MEASURES

RESAMPLES = 1000
TABLE = Path(__file__).parent / "opinion.csv"
COLUMNS = ("treatment", "control", "outcome", "value", "low", "high", "num_units", "unit")
"""`control` is empty for the outcome under a treatment; otherwise the row is a difference, treatment minus control."""
EXPERIMENTS = ("opinion", "opinion_news")


class MeasuredArm(NamedTuple):
    """All groups of a treatment."""

    name: str
    groups: Sequence[Group]
    histories: Sequence[History]

    @property
    def unit(self) -> str:
        """What was randomised."""
        return "network" if self.name == NEWS_TREATMENT else "group"


def measure_outcomes(histories: Sequence[History], outcomes: Sequence[str]) -> Floats:
    """Return outcomes of groups that are beside each other, as of a world: the mean over rounds, or the last round."""
    rounds = [pool(histories, number) for number in range(2, ROUNDS + 1)]

    def measure(outcome: str) -> float:
        values = [MEASURES[outcome.removesuffix(LAST)](history) for history in rounds]
        return values[-1] if outcome.endswith(LAST) else float(np.mean(values))

    return np.array([measure(outcome) for outcome in outcomes])


def resample(arm: MeasuredArm, outcomes: Sequence[str], seed: int) -> Floats:
    """Return outcomes of bootstrap samples of groups, shape (samples, outcomes)."""
    rng = np.random.default_rng(seed)
    size = len(arm.histories)
    picks = rng.integers(size, size=(RESAMPLES, size))
    return np.array([measure_outcomes([arm.histories[pick] for pick in row], outcomes) for row in picks])


def measure_table(
    arms: Mapping[str, MeasuredArm], samples: Mapping[str, Floats], outcomes: Sequence[str]
) -> pd.DataFrame:
    """Return the table of some arms whose outcomes are the same.

    Args:
        arms: By treatment.
        samples: By treatment, as `resample` returns them.
        outcomes: Their names.
    """
    values = {name: measure_outcomes(arm.histories, outcomes) for name, arm in arms.items()}
    rows = [
        _row(name, "", outcomes, values[name], samples[name], len(arm.groups), arm.unit) for name, arm in arms.items()
    ]
    for control, name in combinations(arms, 2):
        difference, sampled = values[name] - values[control], samples[name] - samples[control]
        num_units = len(arms[name].groups) + len(arms[control].groups)
        rows.append(_row(name, control, outcomes, difference, sampled, num_units, arms[name].unit))
    return pd.DataFrame([line for lines in rows for line in lines], columns=list(COLUMNS)).dropna()


def _row(
    name: str, control: str, outcomes: Sequence[str], values: Floats, samples: Floats, num_units: int, unit: str
) -> list[tuple[str | float, ...]]:
    lows, highs = np.quantile(samples, (0.025, 0.975), axis=0)
    return [
        (name, control, outcome, *(round(float(number), 4) for number in numbers), num_units, unit)
        for outcome, *numbers in zip(outcomes, values, lows, highs, strict=True)
    ]


def read_arms(data: Path) -> dict[str, MeasuredArm]:
    """Return the groups that are not of the test split, by treatment in the order of the experiments."""
    topics = load_topics()
    groups = [group for group in (*read_groups(data), *read_news(data)) if group.split != "test"]
    names = [name for experiment in EXPERIMENTS for name in load_run_config([f"experiment={experiment}"]).treatments]
    treated = {name: [group for group in groups if group.treatment == name] for name in names}
    return {name: MeasuredArm(name, part, [group.history(topics) for group in part]) for name, part in treated.items()}


def measure_all(data: Path) -> pd.DataFrame:
    """Return the table of `COLUMNS` for both experiments."""
    arms = read_arms(data)
    tables: list[pd.DataFrame] = []
    for experiment in EXPERIMENTS:
        config = load_run_config([f"experiment={experiment}"])
        part = {name: arms[name] for name in config.treatments}
        samples = {name: resample(arm, config.outcomes, seed) for seed, (name, arm) in enumerate(part.items())}
        tables.append(measure_table(part, samples, config.outcomes))
    return pd.concat(tables, ignore_index=True)


def weight_by_direction(histories: Sequence[History], *, is_towards: bool) -> tuple[float, int]:
    """Return the share of the way that people go to others who are towards the truth, or away from it, and its number.

    Args:
        histories: Groups whose topics have a truth.
        is_towards: Which others. Those less than `MIN_DISTANCE` away do not count.
    """
    pooled = pool(histories)
    own = np.concatenate(pooled.opinions[:-1])
    gaps, revisions = np.concatenate(pooled.others) - own, np.concatenate(pooled.opinions[1:]) - own
    directions = np.sign(np.tile(pooled.truth, len(pooled.others)) - own)
    counts = ~np.isnan(gaps + revisions) & (np.abs(gaps) > MIN_DISTANCE) & ((np.sign(gaps) == directions) == is_towards)
    gaps, revisions = gaps[counts], revisions[counts]
    return float((gaps * revisions).sum() / (gaps**2).sum()), len(gaps)


def read_table() -> pd.DataFrame:
    """Return the stored table; `control` is an empty text where there is none."""
    return pd.read_csv(TABLE, keep_default_na=False)


def find_reference(
    table: pd.DataFrame, arms: Mapping[str, MeasuredArm], treatment: str, control: str, outcome: str
) -> Reference:
    """Return a row of the table as a fact's reference, with the number of people behind it."""
    is_row = (table["treatment"] == treatment) & (table["control"] == control) & (table["outcome"] == outcome)
    row = table[is_row].iloc[0]
    people = sum(group.num_people for name in (treatment, control) if name for group in arms[name].groups)
    value, low, high = (round(float(row[name]), 3) for name in ("value", "low", "high"))
    return Reference(value, low, high, num_people=people)


def main(data: str) -> None:
    """Write the table, and print it with the number of people of every arm, and whom they follow."""
    table = measure_all(Path(data))
    table.to_csv(TABLE, index=False)
    print(table.to_string())
    for arm in read_arms(Path(data)).values():
        print(f"{arm.name}: {sum(group.num_people for group in arm.groups)} people, {len(arm.groups)} {arm.unit}s")
        if arm.name != "alone":
            for is_towards, direction in ((True, "towards"), (False, "away from")):
                weight, num_revisions = weight_by_direction(arm.histories, is_towards=is_towards)
                print(f"  of the way to others {direction} the truth: {weight:.3f} ({num_revisions} revisions)")


if __name__ == "__main__":
    main(*sys.argv[1:])
