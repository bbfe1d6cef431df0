"""Items of the scorecard: a statistic in which every arm and seed is compared with real people.

A fact with a `level` is an item. Anything else that is compared with people, such as a distribution, is a `SampleItem`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.facts.distance import Distance, distance_from_people
from experiments.facts.evidence import Evidence
from experiments.facts.fact import Fact, InconclusiveError
from experiments.facts.reference import Level, Reference
from experiments.frames import column

MIN_ROWS = 20
"""Reviews or purchases that a world needs to be scored by them."""
MIN_PEOPLE = 5
"""People who wrote them that a world needs, since people are compared."""
MEASURED_PEOPLE = "people.json"
"""File in the folder of a world's facts with what `experiments.facts.measure_people` measured."""


class ScoreItem(NamedTuple):
    """One item of the scorecard."""

    name: str
    title: str
    """What reports call it."""
    level: Level
    measure: str
    """What the statistic is, in words with its unit."""
    reference: Reference
    values: Callable[[Evidence, str], pd.DataFrame]
    """The statistic of an arm, (seeds, d), indexed by seed."""

    @property
    def distance_measure(self) -> str:
        """What the distance is, in words."""
        return f"squared difference from people, without sampling error, in: {self.measure}"

    def distance(self, evidence: Evidence, arm: str) -> Distance | None:
        """Return how far an arm is from people; None if fewer than two seeds have a value."""
        return distance_from_people(self.values(evidence, arm), self.reference)

    def mean(self, evidence: Evidence, arm: str) -> float:
        """Return the mean over seeds if the statistic is a single number, else NaN."""
        values = self.values(evidence, arm)
        return float(column(values, 0).mean()) if values.shape[1] == 1 and not values.empty else float("nan")


@dataclass(frozen=True)
class SampleItem:
    """An item that compares a sample of rows with a sample of real people, by the same statistic.

    The statistic describes a distribution over people: its expectation must not depend on how many people there are,
    nor on how many rows each has. Averages over people of unbiased statistics of a person, and averages over pairs of
    people, are of that kind; a share of duplicates, which grows with the number of rows, is not.
    """

    name: str
    level: Level
    measure: str
    """What the statistic is, in words with its unit."""
    statistic: Callable[[pd.DataFrame], Any]
    """Of rows with the columns person, stars and text: a number or several."""
    reference: Reference
    label: str = ""
    """What reports call it; default: the name in words."""
    table: str = "reviews"
    """Which of the world's tables has the rows."""
    columns: Mapping[str, str] = field(default_factory=lambda: {"buyer": "person"})
    """Columns of the table that the statistic knows by another name."""

    def score_item(self) -> ScoreItem:
        """Return the item as the scorecard uses it."""
        title = self.label or self.name.replace("_", " ")
        return ScoreItem(self.name, title, self.level, self.measure, self.reference, self.values)

    def values(self, evidence: Evidence, arm: str) -> pd.DataFrame:
        """Return the statistic of an arm, (seeds, d), indexed by seed, without seeds with too few rows or people."""
        table = evidence.arm_tables(arm).get(self.table)
        if table is None or table.empty:
            return pd.DataFrame()
        renamed = table.rename(columns=self.columns)
        return pd.DataFrame.from_dict(
            {
                int(str(seed)): np.atleast_1d(self.statistic(rows))
                for seed, rows in renamed.groupby("seed")
                if len(rows) >= MIN_ROWS and column(rows, "person").nunique() >= MIN_PEOPLE
            },
            orient="index",
            dtype=float,
        )


@cache
def read_measured(folder: Path) -> Mapping[str, Any]:
    """Return what was measured of real people for the facts in a folder."""
    return json.loads((folder / MEASURED_PEOPLE).read_text(encoding="utf-8"))


def measured_reference(fact_file: str, name: str) -> Reference:
    """Return the measured reference data of an item.

    Args:
        fact_file: The `__file__` of the item's module.
        name: Name of the item.
    """
    entry = read_measured(Path(fact_file).parent)["items"].get(name)
    return Reference(**{key: value for key, value in entry.items() if value is not None}) if entry else Reference()


def fact_item(fact: Fact) -> ScoreItem | None:
    """Return the item that a fact is on the scorecard; None if it is not scored."""
    level, reference = fact.level, fact.reference
    if level is None or reference is None:
        return None

    def values(evidence: Evidence, arm: str) -> pd.DataFrame:
        try:
            return fact.values(evidence, arm).to_frame(0)
        except InconclusiveError:
            return pd.DataFrame()

    return ScoreItem(fact.name, fact.title, level, fact.measure, reference, values)
