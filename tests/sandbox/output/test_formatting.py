from pathlib import Path

import pytest

from sandbox.intervals import Mean
from sandbox.output.formatting import format_count, format_duration, format_mean, format_path, format_percent


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
    ],
)
def test_numbers_read_well(mean: Mean, text: str) -> None:
    assert format_mean(mean) == text


def test_a_share_is_0_or_100_percent_only_if_it_is_exactly_that() -> None:
    shares = [(0, 5000), (1, 5000), (2500, 5000), (4999, 5000), (5000, 5000), (0, 0)]
    texts = ["0 %", "< 0.1 %", "50.0 %", "> 99.9 %", "100 %", "–"]
    assert [format_percent(*share) for share in shares] == texts
    assert [format_count(3, 12, "texts"), format_count(0, 12, "texts")] == ["3 (25.0 % of texts)", "0"]


def test_durations_have_the_unit_that_a_reader_would_choose() -> None:
    assert [format_duration(seconds) for seconds in (0.01, 2.34, 150, 7500)] == [
        "< 0.1 s",
        "2.3 s",
        "2 min",
        "2 h 5 min",
    ]


def test_a_path_is_relative_if_it_is_inside_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert format_path(tmp_path / "here" / "run") == "run"
    assert format_path(tmp_path / "run") == str(tmp_path / "run")
