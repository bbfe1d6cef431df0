"""Effects on people: what a treatment of a human experiment did to an outcome, with its interval, and its file.

A world's human experiment is one file, `experiments/people/WORLD.csv`, which `experiments.people.measure_WORLD` writes.
Treatments and outcomes have the names of `conf/experiment/WORLD.yaml`, so that an effect on people stands beside the
same effect on simulated agents.
"""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from experiments.frames import Array
from sandbox.errors import DataError, quote_value
from sandbox.files import replace_file
from sandbox.text_tables import TableRow, finite_number, read_text_table

RESAMPLES = 1000
"""Bootstrap samples behind an interval."""
UnitT = TypeVar("UnitT")
Statistic: TypeAlias = Callable[[Sequence[UnitT]], float]
"""From some units of randomisation, such as the games of one treatment, to a number; NaN if they do not have one."""


class HumanEffect(NamedTuple):
    """The mean of an outcome under one treatment, or how it differs between two."""

    treatment: str
    """As the experiment names it."""
    control: str
    """The treatment that is subtracted; empty: none is."""
    outcome: str
    """As the experiment declares it: a metric (its mean over steps), or `metric@last`."""
    value: float
    """In the unit of the metric."""
    low: float
    """Lower end of the 95 % interval; NaN if the source reports none."""
    high: float
    """Upper end of the 95 % interval; NaN if the source reports none."""
    num_units: int
    """Units of randomisation; of a difference, those of both treatments together."""
    unit: str
    """What was randomised, in the singular, such as `game`."""


def average(outcome: str) -> Statistic[Mapping[str, float]]:
    """Return the statistic that is the mean of an outcome over units, each given as its numbers by outcome.

    Units without the outcome (NaN) do not count.
    """

    def statistic(units: Sequence[Mapping[str, float]]) -> float:
        values = [unit[outcome] for unit in units if not math.isnan(unit[outcome])]
        return sum(values) / len(values) if values else math.nan

    return statistic


def measure_effects(
    arms: Mapping[str, Sequence[UnitT]],
    outcomes: Mapping[str, Statistic[UnitT]],
    unit: str,
    resamples: int = RESAMPLES,
) -> list[HumanEffect]:
    """Measure every outcome under every treatment, and its difference from the first treatment.

    Intervals are 95 % percentile intervals of bootstrap samples of units, drawn within each treatment. All
    outcomes share the samples. An outcome that a treatment does not have has no row there.

    Args:
        arms: By treatment, the control first: its units of randomisation, each with all of its people.
        outcomes: The statistic behind each outcome, by name.
        unit: What was randomised, in the singular.
        resamples: Bootstrap samples behind an interval.
    """
    samples = {
        name: np.random.default_rng((0, number)).integers(len(units), size=(resamples, len(units)))
        for number, (name, units) in enumerate(arms.items())
    }
    return [
        effect
        for outcome, statistic in outcomes.items()
        for effect in _measure_outcome(arms, samples, outcome, statistic, unit)
    ]


def _measure_outcome(
    arms: Mapping[str, Sequence[UnitT]],
    samples: Mapping[str, Array],
    outcome: str,
    statistic: Statistic[UnitT],
    unit: str,
) -> list[HumanEffect]:
    values = {name: statistic(units) for name, units in arms.items()}
    resampled = {
        name: np.array([statistic([units[pick] for pick in picks]) for picks in samples[name]])
        for name, units in arms.items()
    }
    control, *treatments = arms
    effects = [
        HumanEffect(name, "", outcome, values[name], *_interval(resampled[name]), len(units), unit)
        for name, units in arms.items()
    ]
    effects += [
        HumanEffect(
            name,
            control,
            outcome,
            values[name] - values[control],
            *_interval(resampled[name] - resampled[control]),
            len(arms[name]) + len(arms[control]),
            unit,
        )
        for name in treatments
    ]
    return [effect for effect in effects if not math.isnan(effect.value)]


def _interval(resampled: Array) -> tuple[float, float]:
    """Return the 95 % percentile interval; samples without the outcome do not count."""
    present = resampled[~np.isnan(resampled)]
    low, high = np.quantile(present, (0.025, 0.975)) if len(present) else (math.nan, math.nan)
    return float(low), float(high)


def write_effects(path: Path, effects: Sequence[HumanEffect]) -> None:
    """Write effects as CSV, whole or not at all, with four significant digits; what is missing is empty."""
    with replace_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HumanEffect._fields)
        writer.writerows([_format(cell) for cell in effect] for effect in effects)


def _format(cell: str | float) -> str | float:
    if not isinstance(cell, float):
        return cell
    return "" if math.isnan(cell) else float(f"{cell:.4g}")


def read_effects(path: Path) -> list[HumanEffect]:
    """Return the effects of a file that `write_effects` wrote.

    Raises:
        DataError: The file is missing or damaged, a column is missing or unknown, a value is impossible, or an effect
            is there twice; the message names the line.
    """
    table = read_text_table(path, separators=",")
    if sorted(table.columns) != sorted(HumanEffect._fields):
        raise DataError(
            f"{path}: line 1 must name the columns {', '.join(HumanEffect._fields)}, in any order, found "
            f"{', '.join(table.columns)}; {_repair(path)}"
        )
    effects: dict[tuple[str, str, str], HumanEffect] = {}
    for row in table.rows:
        effect = _read_effect(path, row)
        if effect[:3] in effects:
            raise _error(path, row, f"says a second time what {effect.treatment!r} does to {effect.outcome!r}")
        effects[effect[:3]] = effect
    return list(effects.values())


def _read_effect(path: Path, row: TableRow) -> HumanEffect:
    names = {name: row.cells[name].strip() for name in ("treatment", "control", "outcome", "unit")}
    for name in ("treatment", "outcome", "unit"):
        if not names[name]:
            raise _error(path, row, f"has no {name}")
    if names["treatment"] == names["control"]:
        raise _error(path, row, f"compares the treatment {names['treatment']!r} with itself")
    is_known = bool(row.cells["low"].strip() or row.cells["high"].strip())
    ends = [_read_number(path, row, name) if is_known else math.nan for name in ("low", "high")]
    value, (low, high) = _read_number(path, row, "value"), ends
    if low > high:
        raise _error(path, row, f"has an interval from {low:g} to {high:g}, which ends before it begins")
    return HumanEffect(**names, value=value, low=low, high=high, num_units=_read_count(path, row))


def _read_number(path: Path, row: TableRow, name: str) -> float:
    text = row.cells[name].strip()
    if math.isnan(number := finite_number(text)):
        raise _error(path, row, f"has {quote_value(text)} as its {name}, which is no finite number")
    return number


def _read_count(path: Path, row: TableRow) -> int:
    text = row.cells["num_units"].strip()
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise _error(path, row, f"has {quote_value(text)} as its num_units, which is no whole number of at least 1")
    return int(text)


def _error(path: Path, row: TableRow, what: str) -> DataError:
    return DataError(f"{path}: line {row.line} {what}; {_repair(path)}")


def _repair(path: Path) -> str:
    """Say how to get a file right: one of the project is written again."""
    if path.parent == Path(__file__).parent:
        return f"write it again with `python -m experiments.people.measure_{path.stem} DATA`"
    return f"mend it there, or compare it with {Path(__file__).with_name('commons.csv')}"
