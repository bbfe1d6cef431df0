"""What a world wants to have drawn, as declarations; `sandbox.plot` draws them all in one style.

Worlds stay free of matplotlib, and every world's figures look alike.
"""

from typing import TypeAlias

import msgspec


class TimeSeries(msgspec.Struct, frozen=True, tag="time_series"):
    """Metrics over steps, one line each, with a band over seeds."""

    name: str
    title: str
    measures: tuple[str, ...]
    ylabel: str


class Bars(msgspec.Struct, frozen=True, tag="bars"):
    """Shares by category, beside human shares where there are some."""

    name: str
    title: str
    table: str
    """Which of the world's tables to read."""
    x: str
    """Column with the categories."""
    weight: str
    """Column with counts; shares are drawn."""
    xlabel: str
    human: dict[str, float] = {}
    """Human share by category."""
    human_label: str = ""
    """Where the human shares are from."""


class Lorenz(msgspec.Struct, frozen=True, tag="lorenz"):
    """Lorenz curve of a column: cumulative share against share of units, poorest first (Lorenz 1905)."""

    name: str
    title: str
    table: str
    value: str
    unit: str
    """What one unit is, such as `seller`."""


class NetworkMap(msgspec.Struct, frozen=True, tag="network"):
    """The social graph of the first replicate, its nodes coloured by a column of a table."""

    name: str
    title: str
    table: str
    node: str
    """Column with the node on the graph."""
    color: str
    label: str
    """What the colour bar says, unit included."""


Figure: TypeAlias = TimeSeries | Bars | Lorenz | NetworkMap
