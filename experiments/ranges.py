"""Settings that vary within ranges: `world.rent=0..10`, `graph.rewire=0.0..1.0`, `world.ranking=price,rating`.

A range whose ends are whole numbers has whole numbers only; write a decimal point for a range of real numbers.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from experiments.frames import Array
from sandbox.composition import split_sweeps
from sandbox.errors import ConfigError, quote_value

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"(?P<name>[\w.@/+-]+)=(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})")
DIGITS = 6
"""Significant digits of a value that a study chooses."""


class Range(NamedTuple):
    """The values that one setting may have."""

    name: str
    """As on the command line, such as `world.rent`."""
    low: float
    high: float
    values: tuple[str, ...] = ()
    """Named values, in place of numbers."""
    is_whole: bool = False

    def at(self, share: float) -> str:
        """Return the value at a share of the range, from 0 to 1, as it is typed; named values share it evenly."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        (number,) = self.numbers_at(np.array([share]))
        return str(int(number)) if self.is_whole else f"{number:.{DIGITS}g}"

    def numbers_at(self, shares: Array) -> Array:
        """Return the numbers at shares of a range of numbers."""
        if self.is_whole:
            number = int(self.high - self.low) + 1
            return self.low + np.minimum(np.floor(shares * number), number - 1)
        return self.low + shares * (self.high - self.low)

    @property
    def is_ordered(self) -> bool:
        """Whether its values are numbers."""
        return not self.values


def split_ranges(overrides: Sequence[str]) -> tuple[list[str], list[Range]]:
    """Separate settings with one value from those that vary, in the order typed.

    Raises:
        ConfigError: A range is empty, or a setting varies twice.
    """
    matches = [_RANGE.fullmatch(override) for override in overrides]
    plain = [override for override, match in zip(overrides, matches, strict=True) if not match]
    fixed, sweeps = split_sweeps(plain)
    numbers = [_read_range(match) for match in matches if match]
    ranges = [*numbers, *(Range(name, 0.0, 1.0, tuple(values)) for name, values in sweeps.items())]
    names = [one.name for one in ranges]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"{repeated[0]} varies twice; give it one range")
    typed = [override.partition("=")[0].lstrip("+") for override in overrides]
    return fixed, sorted(ranges, key=lambda one: typed.index(one.name))


def as_overrides(values: Mapping[str, str]) -> list[str]:
    """Return values of settings as overrides."""
    return [f"{name}={value}" for name, value in values.items()]


def _read_range(match: re.Match[str]) -> Range:
    low, high = match["low"], match["high"]
    if not float(low) < float(high):
        raise ConfigError(f"{quote_value(match[0])} is no range; its first number must be the smaller one")
    is_whole = all(re.fullmatch(r"[+-]?\d+", end) for end in (low, high))
    return Range(match["name"].lstrip("+"), float(low), float(high), is_whole=is_whole)
