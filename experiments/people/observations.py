"""A human experiment as a row for each observation: treatment, unit, outcome, value and perhaps time.

What is randomised is the unit, such as a group, so a unit has one number for each outcome, and intervals are over
units: Student's t for a mean, Welch's for a difference. Several observations of a unit at one time, such as those of
its people, are averaged. With times, every outcome has two forms, as in a simulation: the mean over times, and the
value at the last time of the unit, `OUTCOME@last`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.people.effects import HumanEffect, read_effects
from sandbox.errors import DataError, quote_value
from sandbox.intervals import Mean, t_quantile
from sandbox.runtime.config import LAST
from sandbox.text_tables import TableRow, finite_number, read_text_table

COLUMNS = ("treatment", "unit", "outcome", "value")
ALIASES = {"arm": "treatment", "condition": "treatment", "group": "unit", "step": "time", "round": "time"}
"""Other names of columns."""


class Observation(NamedTuple):
    """One row."""

    treatment: str
    unit: str
    outcome: str
    time: float
    """0 where the file has no times."""
    value: float


def read_people(path: Path) -> list[HumanEffect]:
    """Return people's means and effects from a file: of effects, or of observations.

    Raises:
        DataError: It is neither, or is damaged; the message names the line.
    """
    if path.suffix.lower() == ".parquet":
        return measure_observations(_read_parquet(path), path)
    table = read_text_table(path)
    if "num_units" in table.columns or not {"unit", "value"} <= {_name_column(name) for name in table.columns}:
        return read_effects(path)
    return measure_observations(table.rows, path)


def measure_observations(rows: Sequence[TableRow], path: Path) -> list[HumanEffect]:
    """Return the mean of every outcome under every treatment, and its difference from the first treatment.

    Args:
        rows: One for each observation; those without a value are left out.
        path: The file, for messages.

    Raises:
        DataError: A column is missing, a cell is empty or no number, or a unit has two treatments.
    """
    observations = list(_read_observations(rows, path))
    if not observations:
        raise DataError(f"{path} has no value; its column `value` is empty in every row")
    _check_units(observations, path)
    has_times = any("time" in _rename(row.cells) for row in rows[:1])
    outcomes = list(dict.fromkeys(one.outcome for one in observations))
    control, *treatments = dict.fromkeys(one.treatment for one in observations)
    effects: list[HumanEffect] = []
    for outcome in outcomes:
        by_time = _average_by_time([one for one in observations if one.outcome == outcome])
        for name, pick in ((outcome, np.mean), *([(outcome + LAST, lambda values: values[-1])] if has_times else [])):
            units = {
                treatment: [float(pick(list(times.values()))) for times in own.values()]
                for treatment, own in by_time.items()
            }
            effects += [_mean(treatment, name, values) for treatment, values in units.items()]
            if control in units:
                effects += [_difference(t, control, name, units[t], units[control]) for t in treatments if t in units]
    return effects


def _average_by_time(observations: Sequence[Observation]) -> dict[str, dict[str, dict[float, float]]]:
    """Return the mean observation by treatment, unit and time, times ascending."""
    values: dict[str, dict[str, dict[float, list[float]]]] = {}
    for one in sorted(observations, key=lambda one: one.time):
        values.setdefault(one.treatment, {}).setdefault(one.unit, {}).setdefault(one.time, []).append(one.value)
    return {
        treatment: {
            unit: {time: float(np.mean(own)) for time, own in times.items()} for unit, times in sorted(units.items())
        }
        for treatment, units in values.items()
    }


def _mean(treatment: str, outcome: str, values: Sequence[float]) -> HumanEffect:
    mean = Mean.of(values)
    return HumanEffect(treatment, "", outcome, mean.value, mean.low, mean.high, mean.num, "unit")


def _difference(
    treatment: str, control: str, outcome: str, treated: Sequence[float], untreated: Sequence[float]
) -> HumanEffect:
    """Return the difference of two means with Welch's interval (1947)."""
    value, number = float(np.mean(treated) - np.mean(untreated)), len(treated) + len(untreated)
    half_width = math.nan
    if min(len(treated), len(untreated)) > 1:
        shares = [float(np.var(values, ddof=1)) / len(values) for values in (treated, untreated)]
        parts = [share**2 / (len(values) - 1) for share, values in zip(shares, (treated, untreated), strict=True)]
        freedom = sum(shares) ** 2 / sum(parts) if sum(parts) else number - 2
        half_width = t_quantile(freedom) * math.sqrt(sum(shares))
    return HumanEffect(treatment, control, outcome, value, value - half_width, value + half_width, number, "unit")


def _read_observations(rows: Sequence[TableRow], path: Path) -> Iterator[Observation]:
    if rows:
        _check_columns(rows[0].cells, path)
    for row in rows:
        cells = _rename(row.cells)
        if not cells["value"].strip():
            continue
        treatment, unit, outcome = names = [cells[name].strip() for name in COLUMNS[:3]]
        if "" in names:
            raise DataError(f"{path}: line {row.line} has no {COLUMNS[names.index('')]}; fill it in")
        time = _number(path, row, "time", cells["time"]) if "time" in cells else 0.0
        yield Observation(treatment, unit, outcome, time, _number(path, row, "value", cells["value"]))


def _check_units(observations: Sequence[Observation], path: Path) -> None:
    """Raise `DataError` if a unit has two treatments."""
    treatments: dict[str, str] = {}
    for one in observations:
        if treatments.setdefault(one.unit, one.treatment) != one.treatment:
            raise DataError(
                f"{path}: the unit {quote_value(one.unit)} has the treatments {treatments[one.unit]} and "
                f"{one.treatment}; effects are differences between units, so give it another name under each treatment"
            )


def _rename(cells: Mapping[str, str]) -> dict[str, str]:
    return {_name_column(name): cell for name, cell in cells.items()}


def _name_column(name: str) -> str:
    return ALIASES.get(name.lower(), name.lower())


def _check_columns(cells: Mapping[str, str], path: Path) -> None:
    """Raise `DataError` if a column is missing, or two mean the same."""
    meanings = [_name_column(name) for name in cells]
    if missing := [name for name in COLUMNS if name not in meanings]:
        raise DataError(f"{path}: line 1 names no column {missing[0]!r}, found {', '.join(cells)}; add it")
    for meaning in meanings:
        if len(same := [name for name in cells if _name_column(name) == meaning]) > 1:
            raise DataError(f"{path}: the columns {' and '.join(same)} both mean {meaning}; rename or drop one")


def _number(path: Path, row: TableRow, name: str, text: str) -> float:
    if math.isnan(number := finite_number(text)):
        raise DataError(f"{path}: line {row.line} has {quote_value(text)} as its {name}, which is no finite number")
    return number


def _read_parquet(path: Path) -> list[TableRow]:
    """Return the rows of a Parquet file as text; a missing cell is empty."""
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as parquet: {str(error).splitlines()[0]}") from error
    records = table.astype(object).where(table.notna(), "").to_dict("records")
    return [
        TableRow(number, {str(name): str(cell) for name, cell in row.items()}) for number, row in enumerate(records, 2)
    ]
