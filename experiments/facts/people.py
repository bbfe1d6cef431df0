"""Figures of real people, as `experiments.facts.measure` wrote them, and the bands that facts make of them."""

import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from experiments.facts.fact import Band
from sandbox.config import plain
from sandbox.errors import DataError, unknown

FILE = Path(__file__).with_name("people.yaml")


class Figure(NamedTuple):
    """One figure of real people with its 95 % interval."""

    value: float
    low: float
    high: float
    unit: str
    num_people: int
    apart: float = math.nan
    """Mean distance of a world's worth of it from other people's; NaN where no item is scored by it."""


class Reference(NamedTuple):
    """A figure of real reviewers, and how far two samples of them are apart in it."""

    value: float | list[float]
    apart: float
    """Mean distance of a world's worth of reviews from those of other people."""
    unit: str


@cache
def figures() -> dict[str, Figure]:
    """All figures by name."""
    return {name: Figure(**one) for group in ("reviewers", "customers") for name, one in _measured()[group].items()}


def reference(name: str) -> Reference:
    """One reference of the scorecard."""
    return Reference(**_measured()["references"][name])


def figure(name: str) -> Figure:
    """One figure of real people."""
    if name not in figures():
        raise DataError(unknown("figure", name, figures()))
    return figures()[name]


def around(name: str, margin: float) -> Band:
    """The interval of a figure, wider by `margin` at both ends: nearer than that counts as human."""
    one = figure(name)
    return Band(one.low - margin, one.high + margin, f"{_words(one)}, ± {margin:g}", one.value)


def within_ratio(name: str, low: float, high: float) -> Band:
    """The interval of a figure, its ends multiplied by `low` and `high`: a ratio nearer to 1 counts as human."""
    one = figure(name)
    return Band(one.low * low, one.high * high, f"{_words(one)}, times {low:g} to {high:g}", one.value)


def _measured() -> dict[str, Any]:
    from omegaconf import OmegaConf

    if not FILE.is_file():
        raise DataError(f"{FILE} is missing: write it with `python -m experiments.facts.measure REVIEWS`")
    return plain(OmegaConf.load(FILE))


def _words(one: Figure) -> str:
    return f"{one.num_people:,} people: {one.value:g} [{one.low:g}, {one.high:g}]"
