"""Items of the scorecard: a distance from real people for every arm and seed.

A fact with a `level` is an item. Anything else that is compared with people, such as a distribution, is a `SampleItem`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from experiments.facts.evidence import Evidence, Tables, per_seed
from experiments.facts.fact import Fact, InconclusiveError
from experiments.facts.reference import Level, Reference

MIN_ROWS = 20
"""Reviews or purchases that a world needs to be scored by them."""


class ScoreItem(NamedTuple):
    """One item of the scorecard."""

    name: str
    title: str
    """What reports call it."""
    level: Level
    distance_measure: str
    """What the distance is, in words with its unit."""
    reference: Reference
    distances: Callable[[Evidence, str], pd.Series]
    """Distances of an arm, one per seed."""
    values: Callable[[Evidence, str], pd.Series] | None
    """Values of an arm, one per seed; None if distributions are compared."""


@dataclass(frozen=True)
class SampleItem:
    """An item that compares a sample of rows with a sample of real people, by the same statistic."""

    name: str
    level: Level
    distance_measure: str
    """What the distance is, in words with its unit."""
    statistic: Callable[[pd.DataFrame], Any]
    """Of rows with the columns person, stars and text."""
    distance: Callable[[Any, Any], float]
    reference: Reference
    label: str = ""
    """What reports call it; default: the name in words."""
    table: str = "reviews"
    """Which of the world's tables has the rows."""
    columns: Mapping[str, str] = field(default_factory=lambda: {"buyer": "person"})
    """Columns of the table that the statistic knows by another name."""

    def score_item(self) -> ScoreItem:
        """Return the item as the scorecard uses it."""
        human = self.reference.distribution or self.reference.value

        def distances(evidence: Evidence, arm: str) -> pd.Series:
            return self._per_world(evidence.arm_tables(arm), lambda rows: self.distance(self.statistic(rows), human))

        def values(evidence: Evidence, arm: str) -> pd.Series:
            return self._per_world(evidence.arm_tables(arm), self.statistic)

        return ScoreItem(
            self.name,
            self.label or self.name.replace("_", " "),
            self.level,
            self.distance_measure,
            self.reference,
            distances,
            None if self.reference.distribution else values,
        )

    def _per_world(self, tables: Tables, statistic: Callable[[pd.DataFrame], Any]) -> pd.Series:
        table = tables.get(self.table)
        if table is None or table.empty:
            return pd.Series(dtype=float)

        def value(rows: pd.DataFrame) -> float:
            return float(statistic(rows.rename(columns=self.columns))) if len(rows) >= MIN_ROWS else math.nan

        return per_seed(table, value)


def fact_item(fact: Fact) -> ScoreItem | None:
    """Return the item that a fact is on the scorecard; None if it is not scored."""
    level, reference = fact.level, fact.reference
    if level is None or reference is None:
        return None

    def values(evidence: Evidence, arm: str) -> pd.Series:
        try:
            return fact.values(evidence, arm)
        except InconclusiveError:
            return pd.Series(dtype=float)

    def distances(evidence: Evidence, arm: str) -> pd.Series:
        return (values(evidence, arm) - reference.value).abs()

    distance_measure = f"|{fact.measure} - {reference.value:g}|"
    return ScoreItem(fact.name, fact.title, level, distance_measure, reference, distances, values)
