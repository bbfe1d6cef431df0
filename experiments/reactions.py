"""Reaction as a level of the scorecard, and what a report says about it before anything else.

A score is how near an arm's slope is to that of real people or, where no data give one, of rule agents. For the ratio r
of the two slopes it is exp(-|ln r|): r for a reaction that is too weak, 1/r for one that is too strong. It is 0 where r
is not positive. So 0 is no reaction or the wrong sign, and 1 the reaction of people.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, isnan, nan
from typing import Any

import pandas as pd

from experiments.frames import column, rows_where, to_records
from experiments.scorecard import FLOORS
from sandbox.core.world import World
from sandbox.output.reactions import describe_rows, headline
from sandbox.runtime.reaction_tables import FAILURES, SLOPE_COLUMNS
from sandbox.runtime.reactions import read_reactions
from sandbox.runtime.run import Run

LEVEL = "reaction"
NUM_PEOPLE = 60
"""People per arm and reaction in a comparison."""
CHANCE, RULE = FLOORS
"""Minds that cannot react, so that they are not scored, and that are the reference where data give none."""
_MEASURE = "slope of the answer on the fact, against that of {reference} ({unit})"


def read_slopes(run: Run) -> pd.DataFrame:
    """Return the slopes of a run's reactions; empty if none were measured."""
    slopes = read_reactions(run.folder, "slopes")
    return pd.DataFrame(columns=list(SLOPE_COLUMNS)) if slopes is None else slopes


def reaction_rows(slopes: pd.DataFrame, kind: type[World[Any]], minds: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """Yield rows of the scorecard, with its columns.

    The distance is the absolute difference between the slopes; its floor is that of no reaction at all. The interval of
    the score takes the ends of the arm's interval over the opposite ends of people's, so it is rather too wide.

    Args:
        slopes: Table of slopes, see `sandbox.runtime.reaction_tables.slope_table`.
        kind: The world.
        minds: The mind of each arm.
    """
    reactions = {reaction.name: reaction for reaction in kind.reactions}
    for row in to_records(slopes):
        reference = reference_interval(row)
        is_people, mind = isfinite(row["people"]), minds.get(row["arm"])
        is_own_reference = mind == RULE and not is_people
        if mind == CHANCE or is_own_reference or not reference[0] > 0:
            continue
        ratios = _slope_ratios(row, reference)
        value = reference[0] * row["direction"]
        measure = _MEASURE.format(
            reference="people" if is_people else "rule agents", unit=reactions[row["reaction"]].unit
        )
        names = (LEVEL, row["reaction"], "people" if is_people else "rule", row["arm"])
        numbers = (abs(row["slope"] - value), abs(value), 0.0, row["slope"], value, row["num_people"])
        yield (*names, ratio_score(ratios[0]), *score_interval(*ratios[1:]), *numbers, measure)


def reference_interval(row: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the reference slope and its interval, positive in the direction of theory."""
    if not isfinite(row["people"]):
        value = row["rule"] * row["direction"]
        return value, value, value
    ends = sorted(row[end] * row["direction"] for end in ("people_low", "people_high"))
    return row["people"] * row["direction"], ends[0], ends[1]


def ratio_score(ratio: float) -> float:
    """Return exp(-|ln r|) of the ratio of a slope to the reference; 0 where it is not positive."""
    return min(ratio, 1 / ratio) if ratio > 0 else nan if isnan(ratio) else 0.0


def score_interval(low: float, high: float) -> tuple[float, float]:
    """Return the lowest and the highest score of the ratios in an interval."""
    ends = (ratio_score(low), ratio_score(high))
    return min(ends), 1.0 if low <= 1 <= high else max(ends)


def summarize_reactions(slopes: pd.DataFrame, kind: type[World[Any]], arms: Sequence[str]) -> list[str]:
    """Return the sentences with which a report begins: by arm, how much it reacts, and every failure by name."""
    sentences: list[str] = []
    for arm in arms:
        rows = rows_where(slopes, column(slopes, "arm") == arm)
        if rows.empty:
            continue
        sentences.append(headline(slopes, arm))
        failing = rows_where(rows, column(rows, "verdict").isin(FAILURES))
        if not failing.empty:
            sentences.append(
                f"{arm} is not realistic in what follows from these, however near its averages are: "
                f"{' '.join(describe_rows(failing, kind.reactions))}"
            )
    return sentences


def _slope_ratios(row: Mapping[str, Any], reference: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return the ratio to the reference slope and the widest interval that both intervals allow."""
    value, smallest, largest = reference
    low, high = sorted(row[end] * row["direction"] for end in ("low", "high"))
    widest_low = low / (largest if low > 0 else max(smallest, 1e-9))
    widest_high = high / (max(smallest, 1e-9) if high > 0 else largest)
    return row["slope"] * row["direction"] / value, widest_low, widest_high
