"""Times as logs write them, turned into unix seconds, or refused with a reason.

A number may be seconds or a fraction of them, a day such as 20150224, a year or a spreadsheet's count of days. What a
column holds is said by its unit (`time_units.py`); without one, only what can be told from the number itself is read.
Whether a time can be true, since its platform began, is checked with all else that a record says (`validity.py`).
"""

import re
from calendar import timegm
from datetime import UTC, datetime
from email.utils import parsedate_tz

import polars as pl

from training.sources.columns import Problems, parse_column
from training.sources.record import LAST_SECOND
from training.sources.time_units import CALENDAR, SCALES, Scale, TimeUnit

MAX_SECONDS = 10**11
"""Greater times without a unit are not in seconds but in a thousandth, greater than 1,000 times this in a millionth."""
FORMATS = (
    "%Y-%m-%dT%H:%M:%S.%3fZ",  # which Polars reads far faster than the next
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%a %b %d %H:%M:%S %z %Y",
)
"""Formats of times that Polars reads a column at a time; times in any other are read one by one."""
UNIX = r"^\d+(?:\.\d+)?$"
UNIVERSAL = frozenset({"UT", "UTC", "GMT", "Z"})
"""Names of the zone without an offset. A reader of e-mail's dates gives an unknown name no offset either."""

_NAMED_MONTH = re.compile(
    r"(?:[A-Z][a-z]{2},? )?(?:[A-Z][a-z]{2} \d{1,2}|\d{1,2} [A-Z][a-z]{2} \d{4}) \d{1,2}:\d\d(?::\d\d)?"
    r"(?: (?P<zone>[A-Za-z]+|[+-]\d{4}))?(?: \d{4})?"
)
"""The two orders in which times with the name of a month are written: `Wed Aug 27 13:08:45 +0000 2008` and `Wed, 27 Aug
2008 13:08:45 +0000`. The reader of e-mail's dates also takes others, of which it leaves out what it does not know."""


def to_times(texts: pl.Series, problems: Problems, unit: TimeUnit | None = None) -> pl.Series:
    """Return unix seconds from text.

    Args:
        texts: Times as a file has them.
        problems: Receives what is no date.
        unit: How they are written; None: each cell is read by its looks.
    """
    number = pl.first().cast(pl.Float64, strict=False)
    if unit in SCALES:
        scale = SCALES[unit]
        seconds = number / scale.per_second + scale.start
        return parse_column(
            texts, _null_unless_date(seconds), lambda text: _parse_number(text, scale), pl.Int64, problems
        )
    first = texts.drop_nulls().first()
    if unit is None and isinstance(first, str) and re.match(UNIX, first):
        is_number = pl.first().str.contains(UNIX) & ~pl.first().str.contains(CALENDAR)
        seconds = pl.when(is_number).then(number / _divisor(number))
    else:
        seconds = pl.first().str.to_datetime(_guess_format(texts), strict=False, ambiguous="null").dt.epoch("s")
    parse_cell = _parse_date if unit == "iso" else parse_time
    return parse_column(texts, _null_unless_date(seconds), parse_cell, pl.Int64, problems)


def parse_time(text: str) -> int:
    """Return unix seconds from ISO 8601, a date with a named month, or a number whose unit its size tells."""
    if re.match(UNIX, text) and not re.match(CALENDAR, text):
        number = float(text)
        return to_unix_seconds(number / next((1000**n for n in range(3) if number <= MAX_SECONDS * 1000**n), 10**9))
    return _parse_date(text)


def parse_iso_time(text: str) -> int:
    """Return unix seconds from ISO 8601; a time without a zone is UTC.

    Raises:
        ValueError: It is none. Of times that are all digits only 20150224 and 20150224113552 are read.
    """
    moment = text.removesuffix(" UTC")
    if moment.isdigit() and not re.match(CALENDAR, moment):
        raise ValueError(f"time is {text!r}, a number that is no day such as 20150224")
    try:
        when = datetime.fromisoformat(re.sub(r"^(\d{8})(\d{6})$", r"\1T\2", moment))
        return to_unix_seconds((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except ValueError:
        raise ValueError(f"time is {text!r}, no date such as 2015-02-24 or 2015-02-24T11:35:52+01:00") from None


def to_unix_seconds(seconds: float) -> int:
    """Return whole unix seconds; raise `ValueError` if they are no date."""
    if not 0 <= seconds <= LAST_SECOND:
        raise ValueError(f"time {seconds:.12g} s is no date")
    return int(seconds)


def _parse_date(text: str) -> int:
    """Return unix seconds from ISO 8601 or a date with a named month."""
    if match := _NAMED_MONTH.fullmatch(text):
        return _parse_named_month(text, match["zone"])
    return parse_iso_time(text)


def _parse_number(text: str, scale: Scale) -> int:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"time is {text!r}, no number") from None
    return to_unix_seconds(number / scale.per_second + scale.start)


def _parse_named_month(text: str, zone: str | None) -> int:
    parts = parsedate_tz(text)
    if parts is None:
        raise ValueError(f"time is {text!r}")
    if parts[9] == 0 and zone is not None and zone.isalpha() and zone.upper() not in UNIVERSAL:
        raise ValueError(f"time is {text!r}, whose time zone {zone!r} is unknown; write it as an offset such as +0200")
    seconds = timegm(parts[:9])
    if datetime.fromtimestamp(seconds, UTC).day != parts[2]:  # `timegm` takes February 30 for March 2
        raise ValueError(f"time is {text!r}, a day that there is not")
    return to_unix_seconds(seconds - (parts[9] or 0))


def _divisor(number: pl.Expr) -> pl.Expr:
    """Return what a number is divided by to give seconds, by its size."""
    largest = [MAX_SECONDS * 1000**power for power in range(3)]
    small = pl.when(number <= largest[0]).then(1).when(number <= largest[1]).then(1_000)
    return small.when(number <= largest[2]).then(1_000_000).otherwise(1_000_000_000)


def _null_unless_date(seconds: pl.Expr) -> pl.Expr:
    return pl.when(seconds.is_between(0, LAST_SECOND)).then(seconds)


def _guess_format(texts: pl.Series) -> str:
    """Return the format of the first time, if it is one of `FORMATS`."""
    first = texts.drop_nulls().head(1)
    matches = (name for name in FORMATS if first.str.to_datetime(name, strict=False).null_count() < first.len())
    return next(matches, FORMATS[0])
