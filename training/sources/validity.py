"""What no record or item can say, whatever its source: a time before its platform began, stars outside of their scale.

Such a row is not mended but rejected with a reason, since nobody knows what its writer meant: 20150224 read as seconds
is a day in 1970, and 0 stars may mean that nothing was rated.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import polars as pl
import polars.selectors as cs

from training.sources.record import LAST_SECOND, LINE

STARS = (1.0, 2.0, 3.0, 4.0, 5.0)
"""What a rating may be."""
FIRST_DAY = date(1971, 1, 1)
"""Earlier days are no unix seconds that were read as such: a year, a day such as 20150224 and a spreadsheet's date are
all seconds of 1970."""
BLANKS = "\ufeff\u200b\u2060 \t\r\n\x0b\x0c\xa0\u3000"
"""Characters of which a name cannot consist."""
SHARED = ("source", "platform")
"""Columns that are the same in all rows of a file, which a sample need not show."""


class Period(NamedTuple):
    """When the records of a source can have been written, in unix seconds."""

    first: int
    last: int

    @classmethod
    def since(cls, day: date) -> "Period":
        """Return the time from a day to now; a day more, since many logs have local times without a zone."""
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return cls(int(begin.timestamp()), int((datetime.now(UTC) + timedelta(days=1)).timestamp()))


class Invalid(NamedTuple):
    """A row that cannot be true."""

    line: int | None
    """1-based number of its line; None if the source does not say."""
    reason: str
    sample: str


def split_invalid(rows: pl.DataFrame, period: Period, needs_time: bool) -> tuple[pl.DataFrame, list[Invalid]]:
    """Separate rows that can be true from those that cannot.

    Args:
        rows: Of the schema of records or of items, and maybe `LINE`.
        period: When they can have been written.
        needs_time: Whether every record has a time; an item need not have one.

    Returns:
        The rows without `LINE`, and what is wrong with the others.
    """
    is_record = "stars" in rows.columns
    reasons = _list_reasons(period, is_record, needs_time and is_record)
    is_invalid = rows.select(pl.any_horizontal(*reasons.values()).fill_null(value=False).alias("invalid")).to_series()
    if not is_invalid.any():
        return rows.drop(LINE, strict=False), []
    reason = pl.coalesce(pl.when(is_wrong).then(_word_reason(name, period)) for name, is_wrong in reasons.items())
    return rows.remove(is_invalid).drop(LINE, strict=False), list(_describe(rows.filter(is_invalid), reason))


def _list_reasons(period: Period, is_record: bool, needs_time: bool) -> dict[str, pl.Expr]:
    """Return conditions that are true for what cannot be, by name; null for what is not known."""
    time = pl.col("time")
    reasons = {
        "nul": pl.any_horizontal(cs.string().str.contains("\0", literal=True)),
        "no date": ~time.is_between(-LAST_SECOND, LAST_SECOND),
        "early": time < period.first,
        "late": time > period.last,
        "price": pl.col("price") < 0,
    }
    if is_record:
        reasons["user"] = pl.col("user").str.strip_chars(BLANKS) == ""
        reasons["stars"] = ~pl.col("stars").is_in(STARS)
    if needs_time:
        reasons["no time"] = time.is_null()
    return reasons


def _word_reason(name: str, period: Period) -> pl.Expr:
    """Return the sentence for a reason of `_list_reasons`."""
    time = pl.from_epoch(pl.col("time").clip(-LAST_SECOND, LAST_SECOND)).dt.strftime("%Y-%m-%d")
    first = datetime.fromtimestamp(period.first, UTC).date()
    sentences = {
        "nul": pl.lit("a text holds the character NUL"),
        "no date": pl.format("time is {} s, no date", "time"),
        "early": pl.format("time is {} ({} s), before the earliest possible day, {}", time, "time", pl.lit(str(first))),
        "late": pl.format("time is {} ({} s), in the future", time, "time"),
        "price": pl.format("price is {}, less than 0", "price"),
        "user": pl.lit("no user"),
        "stars": pl.format("stars is {}, not 1, 2, 3, 4 or 5", "stars"),
        "no time": pl.lit("no time, or none that can be read"),
    }
    return sentences[name]


def _describe(rows: pl.DataFrame, reason: pl.Expr) -> Iterator[Invalid]:
    for row in rows.with_columns(reason.alias("reason")).iter_rows(named=True):
        line, text = row.pop(LINE, None), row.pop("reason")
        cells = {name: cell for name, cell in row.items() if name not in SHARED and cell not in ("", None)}
        yield Invalid(line, text, str(cells))
