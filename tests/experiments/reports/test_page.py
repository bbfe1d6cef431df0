"""Numbers on pages."""

import math

import pytest

from experiments.reports.page import format_interval


@pytest.mark.parametrize(
    ("ends", "text"),
    [((-0.5, 1.25), "−0.5 to 1.25"), ((math.nan, math.nan), "–"), ((1234.4, 2000.0), "1,234 to 2,000"),
     ((0.2, 0.2), "0.2 to 0.2"), ((math.nan, 1.0), "– to 1")],
)  # fmt: skip
def test_an_interval_that_is_missing_is_one_dash(ends: tuple[float, float], text: str) -> None:
    assert format_interval(ends) == text
