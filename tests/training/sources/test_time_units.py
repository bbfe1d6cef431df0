"""A column of times that does not say what it counts: one unit for all of it, named, or an error if several fit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import DataError
from sandbox.settings import validate
from tests.training.sources.source_files import json_lines, write_file
from training.corpus.config import find_earliest_day
from training.pipeline.funnel import Tally
from training.sources.source import DOUBTFUL, FILES
from training.sources.table import Table

YEARS = [2009, 2015, 2019, 2023]
SECONDS = [int(datetime(year, 7, 4, 12, 30, tzinfo=UTC).timestamp()) for year in YEARS]
COCOA = 978_307_200
NOW = int(datetime.now(UTC).timestamp())
RECENT = [NOW - int(timedelta(days=days).total_seconds()) for days in (20, 100, 300)]


def read_times(
    folder: Path, times: list[Any], platform: str = "reviews", **settings: Any
) -> tuple[list[int], dict[tuple[str, str, str], int]]:
    """Return the times that are read from a table, and what was counted."""
    rows = [{"user": f"ann{number}", "time": time} for number, time in enumerate(times)]
    path = write_file(folder / "rows.jsonl", json_lines(rows))
    columns = {"user": "user", "time": "time", "kind": "=review"}
    values = {"name": "shop", "platform": platform, "paths": [str(path)], "columns": columns, "kinds": {}, "extra": []}
    table, tally = validate(Table, {**values, **settings}), Tally("read")
    pieces = table.read_tables(path, tally, find_earliest_day(table))
    return [time for name, rows in pieces if name == "record" for time in rows["time"]], tally.counts


@pytest.mark.parametrize(
    ("unit", "times"),
    [
        ("s", SECONDS),
        ("s", [str(second) for second in SECONDS]),
        ("s", [second + 0.5 for second in SECONDS]),
        ("ms", [second * 10**3 for second in SECONDS]),
        ("us", [second * 10**6 for second in SECONDS]),
        ("ns", [second * 10**9 for second in SECONDS]),
        ("cocoa_s", [second - COCOA for second in SECONDS]),
        ("cocoa_s", [second - COCOA + 0.25 for second in SECONDS]),
        ("cocoa_ms", [(second - COCOA) * 10**3 for second in SECONDS]),
        ("cocoa_us", [(second - COCOA) * 10**6 for second in SECONDS]),
        ("cocoa_ns", [(second - COCOA) * 10**9 for second in SECONDS]),
        ("webkit", [(second + 11_644_473_600) * 10**6 for second in SECONDS]),
        ("filetime", [(second + 11_644_473_600) * 10**7 for second in SECONDS]),
        ("excel", [second / 86_400 + 25_569 for second in SECONDS]),
        ("iso", [datetime.fromtimestamp(second, UTC).strftime("%Y%m%d%H%M%S") for second in SECONDS]),
        ("iso", [datetime.fromtimestamp(second, UTC).isoformat() for second in SECONDS]),
        ("iso", [datetime.fromtimestamp(second, UTC).strftime("%a %b %d %H:%M:%S +0000 %Y") for second in SECONDS]),
    ],
)
def test_one_unit_is_chosen_by_all_times_and_named(tmp_path: Path, unit: str, times: list[Any]) -> None:
    read, counts = read_times(tmp_path, times)
    assert [time - time % 2 for time in read] == SECONDS
    [reason] = [reason for _, entity, reason in counts if entity == FILES]
    assert reason.startswith("times read as ")
    assert reason.endswith(f"({unit})")


@pytest.mark.parametrize(
    ("power", "units"), [(0, "s=cocoa_s"), (3, "ms=cocoa_ms"), (6, "us=cocoa_us"), (9, "ns=cocoa_ns")]
)
@pytest.mark.parametrize("platform", ["reviews", "blog", "forum"])
def test_times_that_two_units_read_equally_well_are_refused(
    tmp_path: Path, power: int, units: str, platform: str
) -> None:
    times = [(second - COCOA) * 10**power for second in RECENT]
    unit, other = units.split("=")
    with pytest.raises(
        DataError, match=rf"column 'time' may be .*\({unit}\) or .*\({other}\).*time_unit={unit} or {other}"
    ):
        read_times(tmp_path, times, platform)
    assert read_times(tmp_path, times, platform, time_unit=other)[0] == RECENT


def test_a_platform_that_is_too_young_for_one_unit_decides(tmp_path: Path) -> None:
    assert read_times(tmp_path, [second - COCOA for second in RECENT], "microblog")[0] == RECENT


def test_one_old_time_decides_for_the_whole_column(tmp_path: Path) -> None:
    times = [*SECONDS[2:], *RECENT * 200]
    assert read_times(tmp_path, [second - COCOA for second in times])[0] == times


def test_a_named_unit_that_makes_new_times_old_is_doubted(tmp_path: Path) -> None:
    read, counts = read_times(tmp_path, [second - COCOA for second in RECENT], time_unit="s")
    assert read == [second - COCOA for second in RECENT]
    assert [(entity, number) for (_, entity, reason), number in counts.items() if "cocoa_s" in reason] == [
        (DOUBTFUL, 3)
    ]
    assert not any(entity == DOUBTFUL for _, entity, _ in read_times(tmp_path, SECONDS, time_unit="s")[1])


@pytest.mark.parametrize("time", [2024, 0, 5, 44_000_000_000_000_000_000])
def test_numbers_that_no_unit_reads_are_refused(tmp_path: Path, time: int) -> None:
    with pytest.raises(DataError, match="time"):
        read_times(tmp_path, [time] * 3)


def test_a_day_since_1970_must_be_named(tmp_path: Path) -> None:
    assert read_times(tmp_path, [16_490], time_unit="day")[0] == [16_490 * 86_400]


def test_days_of_a_workbook_that_counts_from_1904_are_read_if_they_must_be_and_doubted_if_they_may_be(
    tmp_path: Path,
) -> None:
    of_1904, of_1900 = ([second / 86_400 + start for second in SECONDS] for start in (24_107, 25_569))
    early = [days - 3000 for days in of_1904]  # of 2000 or later by either count, so on a forum of 2005 only by one
    assert read_times(tmp_path, of_1904, time_unit="excel1904")[0] == pytest.approx(SECONDS, abs=1)
    for times, sentence in (
        (of_1904, "times read as days since 1899-12-30 (excel); but days since 1904 (excel1904) are as possible"),
        (of_1900, "times read as days since 1899-12-30 (excel)"),
    ):
        _, counts = read_times(tmp_path, times)
        assert [reason for _, entity, reason in counts if entity == FILES] == [sentence]
    read, counts = read_times(tmp_path, early, earliest="2001-01-01")
    assert [reason for _, entity, reason in counts if entity == FILES] == ["times read as days since 1904 (excel1904)"]
    assert read == pytest.approx([second - 3000 * 86_400 for second in SECONDS], abs=1)
