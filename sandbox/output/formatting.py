"""Numbers, durations and paths as the summary prints them."""

from collections.abc import Mapping
from math import ceil, floor, isfinite, isnan, log10
from pathlib import Path

from sandbox.intervals import Mean

MAX_DECIMALS = 6
"""Decimals of the smallest numbers."""


def format_mean(mean: Mean) -> str:
    """Format a number and its interval with as many decimals as a reader can use; a dash if there is no value."""
    if not isfinite(mean.value):
        return "–" if isnan(mean.value) else f"{mean.value}"
    decimals = _count_decimals(mean)
    value = _format_fixed(mean.value, decimals)
    return value if isnan(mean.half_width) else f"{value} ± {_format_fixed(mean.half_width, decimals)}"


def _count_decimals(mean: Mean) -> int:
    """Return the decimals of a number and its interval; nothing above a millionth reads as 0."""
    size = max(abs(mean.value), 0 if isnan(mean.half_width) else mean.half_width)
    if mean.value == round(mean.value) and not mean.half_width > 0:
        return 0
    if 0 < size < 0.001:
        return min(-floor(log10(size)), MAX_DECIMALS)
    return 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3


def _format_fixed(value: float, decimals: int) -> str:
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"  # adding 0 removes the sign of a negative zero


def format_percent(part: float, total: float) -> str:
    """Format a share in %; never `0 %` or `100 %` unless it is exactly that; a dash if there is nothing to share."""
    if not total or isnan(part):
        return "–"
    share = 100 * part / total
    if share in (0.0, 100.0):
        return f"{share:.0f} %"
    return "< 0.1 %" if share < 0.1 else "> 99.9 %" if share > 99.9 else f"{share:.1f} %"


def format_count(count: float, total: float, unit: str) -> str:
    """Format a count and its share of a total, such as `3 (25.0 % of texts)`; `0` alone if it is 0."""
    return f"{count:,.0f} ({format_percent(count, total)} of {unit})" if count else "0"


def format_shares(counts: Mapping[str, int]) -> str:
    """Format the share of every name, largest first."""
    total = sum(counts.values())
    items = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name or 'unnamed'} {format_percent(count, total)}" for name, count in items)


def format_rate(number: float, seconds: float, unit: str) -> str:
    """Format how many of a unit there were in a time: per second, or per minute or hour where that is below 1."""
    rates = {name: number * length / seconds for name, length in (("s", 1), ("min", 60), ("h", 3600))}
    name = next((name for name, rate in rates.items() if rate >= 1), "h")
    text = f"{rates[name]:,.0f}" if rates[name] >= 9.95 else f"{rates[name]:.2g}"
    return f"{text} {unit}{'s' * (text != '1')}/{name}"


def format_duration(seconds: float) -> str:
    """Format seconds in the unit that a reader would choose."""
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds >= 0.1 else "< 0.1 s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def format_time_left(seconds: float) -> str:
    """Format an estimate of the time left, no more exact than it is."""
    if seconds < 60:
        return f"{max(1, ceil(seconds))} s left"
    minutes = ceil(seconds / 60)
    return f"{minutes} min left" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min left"


def format_path(path: Path) -> str:
    """Format a path relative to the working directory if it is inside it."""
    directory = Path.cwd()
    is_inside = path.is_absolute() and path.is_relative_to(directory)
    return str(path.relative_to(directory)) if is_inside else str(path)
