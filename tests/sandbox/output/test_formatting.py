from pathlib import Path

import pytest

from sandbox.counting import count_of
from sandbox.intervals import Mean
from sandbox.output.formatting import (
    format_count,
    format_duration,
    format_mean,
    format_path,
    format_percent,
    format_rate,
    format_time_left,
)


@pytest.mark.parametrize(
    ("mean", "text"),
    [
        (Mean(12.0, float("nan"), 1), "12"),
        (Mean(0.12345, float("nan"), 1), "0.123"),
        (Mean(12345.678, float("nan"), 1), "12,346"),
        (Mean(0.5, 0.0123, 3), "0.500 ± 0.012"),
        (Mean(12.0, 0.0, 3), "12 ± 0"),
        (Mean(0.5, 12.5, 3), "0.50 ± 12.50"),
        (Mean(float("nan"), float("nan"), 0), "–"),
        (Mean(float("inf"), float("nan"), 1), "inf"),
        (Mean(-0.0002, float("nan"), 1), "-0.0002"),
        (Mean(-0.001, 2.3, 3), "0.00 ± 2.30"),
        (Mean(19437.0, 19312.4, 2), "19,437 ± 19,312"),
    ],
)
def test_numbers_read_well(mean: Mean, text: str) -> None:
    assert format_mean(mean) == text


def test_a_share_is_0_or_100_percent_only_if_it_is_exactly_that() -> None:
    shares = [(0, 5000), (1, 5000), (2500, 5000), (4999, 5000), (5000, 5000), (0, 0)]
    texts = ["0 %", "< 0.1 %", "50.0 %", "> 99.9 %", "100 %", "–"]
    assert [format_percent(*share) for share in shares] == texts
    assert format_percent(float("nan"), 1) == "–"
    assert [format_count(3, 12, "texts"), format_count(0, 12, "texts")] == ["3 (25.0 % of texts)", "0"]


def test_durations_have_the_unit_that_a_reader_would_choose() -> None:
    durations = [format_duration(seconds) for seconds in (0.01, 2.34, 59.97, 150, 7500)]
    assert durations == ["< 0.1 s", "2.3 s", "1 min", "2 min", "2 h 5 min"]
    assert [format_time_left(seconds) for seconds in (0.2, 59, 61, 7500)] == [
        "1 s left",
        "59 s left",
        "2 min left",
        "2 h 5 min left",
    ]


def test_a_rate_has_the_unit_and_the_plural_that_a_reader_expects() -> None:
    rates = [format_rate(number, 60, "decision") for number in (600_000, 60, 132, 30, 1, 0.5, 0.01)]
    assert rates == [
        "10,000 decisions/s",
        "1 decision/s",
        "2.2 decisions/s",
        "30 decisions/min",
        "1 decision/min",
        "30 decisions/h",
        "0.6 decisions/h",
    ]


def test_one_is_singular() -> None:
    assert [count_of(1, "seed"), count_of(0, "seed"), count_of(1200, "batch", "batches")] == [
        "1 seed",
        "0 seeds",
        "1,200 batches",
    ]


def test_a_path_is_relative_if_it_is_inside_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert format_path(tmp_path / "here" / "run") == "run"
    assert format_path(tmp_path / "run") == str(tmp_path / "run")
