"""Units in which logs count time, and the choice of one for a column that does not say which.

A number alone does not say what it counts: 760,000,000 is a second of 1994 counted from 1970, and one of 2025 counted
from 2001, as apps of macOS and iOS count. So a unit is chosen for a whole column, from all of its values, and named.
If several units fit equally well, nothing is chosen.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple, TypeAlias

import polars as pl

from training.sources.validity import Period

TimeUnit: TypeAlias = Literal[
    "s",
    "ms",
    "us",
    "ns",
    "iso",
    "cocoa_s",
    "cocoa_ms",
    "cocoa_us",
    "cocoa_ns",
    "webkit",
    "filetime",
    "excel",
    "excel1904",
    "day",
]
"""How times are written: ISO 8601 or a date with a named month (iso), or a number of one of `SCALES`."""


class Scale(NamedTuple):
    """What a number of a column of times counts."""

    per_second: float
    """How much the number grows in one second."""
    start: float
    """What 0 stands for, in unix seconds."""
    meaning: str
    """What is counted, in words."""


DAY = 1 / 86_400
INEXACT = 0.001
"""Seconds that are added to parts of a day, which are rarely exact, before the rest is cut off."""
COCOA = int(datetime(2001, 1, 1, tzinfo=UTC).timestamp())
WINDOWS = int(datetime(1601, 1, 1, tzinfo=UTC).timestamp())
EXCEL = int(datetime(1899, 12, 30, tzinfo=UTC).timestamp())
EXCEL_1904 = int(datetime(1904, 1, 1, tzinfo=UTC).timestamp())
SCALES: dict[TimeUnit, Scale] = {
    "s": Scale(1, 0, "seconds since 1970"),
    "ms": Scale(10**3, 0, "milliseconds since 1970"),
    "us": Scale(10**6, 0, "microseconds since 1970"),
    "ns": Scale(10**9, 0, "nanoseconds since 1970"),
    "cocoa_s": Scale(1, COCOA, "seconds since 2001"),
    "cocoa_ms": Scale(10**3, COCOA, "milliseconds since 2001"),
    "cocoa_us": Scale(10**6, COCOA, "microseconds since 2001"),
    "cocoa_ns": Scale(10**9, COCOA, "nanoseconds since 2001"),
    "webkit": Scale(10**6, WINDOWS, "microseconds since 1601"),
    "filetime": Scale(10**7, WINDOWS, "tenths of microseconds since 1601"),
    "excel": Scale(DAY, EXCEL + INEXACT, "days since 1899-12-30"),
    "excel1904": Scale(DAY, EXCEL_1904 + INEXACT, "days since 1904"),
    "day": Scale(DAY, INEXACT, "days since 1970"),
}
"""Units of numbers."""
CALENDAR = r"^(?:\d{8}|\d{14})$"
"""A day such as 20150224, or a second of it such as 20150224113552. As seconds or thousandths, neither is a time of any
log: the first would be in 1970, the second after 2600."""
_FIRST_COCOA = date(2007, 1, 1)
"""Earlier times counted from 2001 are hardly of a log: small numbers of any other unit look like them."""
_NEVER_CHOSEN = frozenset({"day"})
"""Units that must be named: a year such as 2015 would be a day of 1975."""


_USUAL: dict[TimeUnit, TimeUnit] = {"excel1904": "excel"}
"""Units that are chosen only if the usual one fits fewer times. Workbooks that Excel for Mac began before 2011 count
from 1904, and a table made of one does not say so; the difference is 1,462 days."""


class UnitCounts:
    """How many of a column's times each unit can read as a time that is possible, added up piece by piece."""

    def __init__(self, period: Period) -> None:
        """Count times that lie in a period."""
        self._period = period
        self.num_times = 0
        self.fits: dict[TimeUnit, int] = {}

    def add(self, texts: pl.Series) -> None:
        """Count the times of a piece; null for no time."""
        times = texts.drop_nulls()
        self.num_times += len(times)
        if not len(times):
            return
        conditions = dict(self._list_conditions())
        counts = times.to_frame("time").select(
            is_possible.sum().alias(unit) for unit, is_possible in conditions.items()
        )
        for unit in conditions:
            self.fits[unit] = self.fits.get(unit, 0) + counts[unit].item()

    def best_units(self) -> list[TimeUnit]:
        """Return the units by which most times are possible: one, several if nothing decides, or none."""
        most = max(self.fits.values(), default=0)
        best: list[TimeUnit] = [unit for unit, number in self.fits.items() if number == most] if most else []
        return [unit for unit in best if _USUAL.get(unit) not in best]

    def explain_choice(self, unit: TimeUnit) -> str:
        """Return what a unit's times are, and the name of a less usual unit that fits as many."""
        others: list[TimeUnit] = [
            rare for rare, usual in _USUAL.items() if usual == unit and self.fits.get(rare) == self.fits[unit]
        ]
        doubt = f"; but {' or '.join(map(explain_unit, others))} are as possible" if others else ""
        return f"{explain_unit(unit)}{doubt}"

    def _list_conditions(self) -> Iterator[tuple[TimeUnit, pl.Expr]]:
        """Yield every unit that may be chosen, and whether a text is a possible time in it."""
        text = pl.col("time")
        number = text.cast(pl.Float64, strict=False)
        day = text.str.head(8).str.to_datetime("%Y%m%d", strict=False).dt.epoch("s")
        is_possible_day = text.str.contains(CALENDAR) & day.is_between(*self._period)
        yield "iso", (number.is_null() | is_possible_day).fill_null(value=False)
        for unit, scale in SCALES.items():
            if unit not in _NEVER_CHOSEN:
                first = max(self._period.first, Period.since(_FIRST_COCOA).first if scale.start == COCOA else 0)
                seconds = number / scale.per_second + scale.start
                yield unit, (seconds.is_between(first, self._period.last)).fill_null(value=False)


def explain_unit(unit: TimeUnit) -> str:
    """Return what a unit's times are, in words, with its name."""
    meaning = SCALES[unit].meaning if unit in SCALES else "dates"
    return f"{meaning} ({unit})"


def count_as_cocoa(times: pl.Series, unit: TimeUnit | None) -> dict[str, int]:
    """Return how many records there are whose times may count from 2001, and the reason to doubt them; {} for none.

    Args:
        times: Unix seconds of some records of one file.
        unit: How the file counts them, as its user says.
    """
    first, last = Period.since(_FIRST_COCOA)
    known = times.drop_nulls()
    if unit not in ("s", "ms", "us", "ns") or not len(known) or not (known + COCOA).is_between(first, last).all():
        return {}
    year = datetime.fromtimestamp(last - COCOA, UTC).year
    reason = f"all times are of {year} or earlier as {explain_unit(unit)}; if they count from 2001, name cocoa_{unit}"
    return {reason: len(known)}
