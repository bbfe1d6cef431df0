"""Maps of a social graph: agents as dots that a table colours, ties as lines.

Positions depend on the graph alone, so maps of one graph can be compared side by side. A map shows at most
`MAX_NODES` agents; of a larger graph, a snowball sample that begins with the best-connected agent.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, cast

import networkx as nx
import numpy as np

from sandbox.counting import count_of
from sandbox.figures.figure import Figure, FigureData
from sandbox.figures.style import COLORS, SQUARE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MAX_NODES = 400
"""More would be unreadable; and from 500 nodes on NetworkX lays graphs out with SciPy, which we do not need."""
MAX_FOLLOWED = 8
"""Friends of one agent that the sample of a large graph follows; all friends of a hub would only show a star."""
MAX_VECTOR_TIES = 3000
"""More ties than this are pixels even in an SVG file, which would otherwise be huge."""
NO_VALUE = "#D9D9D9"


@dataclass(frozen=True)
class NetworkMap(Figure):
    """The social graph of the first seed, its nodes coloured by a column of a table; one panel for each arm."""

    table: str
    node: str
    """Column with the node on the graph."""
    color: str
    """Column with what colours the nodes: numbers, truth values or words."""
    label: str
    """What the colour bar says, unit included."""
    arm: str = ""
    """The arm that is shown; empty: the first. `panels` sets it."""

    size: ClassVar[tuple[float, float]] = SQUARE
    has_arms: ClassVar[bool] = False

    def is_empty(self, data: FigureData) -> bool:
        """Return whether the table has no rows or lacks the column that colours nodes."""
        rows = data.tables.get(self.table)
        if rows is None or rows.empty or self.color not in rows:
            return True
        return bool(self.arm) and self.arm not in set(rows["arm"])

    def panels(self, data: FigureData) -> Sequence["NetworkMap"]:
        """Return one map for each arm, which differ in the colours of nodes: arms share the graph of a seed."""
        if len(data.pens) < 2:
            return [self]
        return [replace(self, title=arm, arm=arm) for arm in data.pens]

    def draw(self, ax: "Axes", data: FigureData) -> None:
        """Draw agents as dots and ties as lines; agents that the table does not know are grey."""
        from matplotlib.collections import LineCollection

        graph = sample_graph(data.graph)
        positions = node_positions(graph)
        rows = data.first_seed_rows(self.table)
        part = cast("pd.DataFrame", rows[rows["arm"] == (self.arm or rows["arm"].iloc[0])])
        all_values = cast("pd.Series", rows[self.color].dropna())
        values = cast("pd.Series", part.drop_duplicates(self.node).set_index(self.node)[self.color])
        ties = [(positions[node], positions[neighbour]) for node, neighbour in graph.edges]
        is_large = len(ties) > MAX_VECTOR_TIES
        ax.add_collection(LineCollection(ties, colors="#888888", linewidths=0.5, alpha=0.45, rasterized=is_large))
        dots = np.array([positions[node] for node in graph]).reshape(-1, 2)
        _draw_agents(ax, dots, values.reindex(list(graph)), self.label, all_values)
        ax.set_aspect("equal")
        ax.margins(0.03)
        ax.axis("off")

    def note(self, data: FigureData) -> str:
        """Say which replicate the map shows, how many people and ties, and how much of the graph that is."""
        graph = sample_graph(data.graph)
        numbers = f"n = {count_of(len(graph), 'person', 'people')}, {count_of(graph.number_of_edges(), 'tie')}"
        return f"{self._name_replicates(data)}: {numbers}{_sample_note(data.graph)}."

    def _name_replicates(self, data: FigureData) -> str:
        if data.num_replicates < 2:
            return "Map"
        seed = data.metrics["seed"].iloc[0]
        if len(data.pens) == 1:
            return f"Map of seed {seed}"
        return f"Map of arm {self.arm}, seed {seed}" if self.arm else f"Maps of seed {seed} in each arm"


def sample_graph(graph: "nx.Graph[Any]") -> "nx.Graph[Any]":
    """Return the complete graph if it can be drawn, else a snowball sample from the best-connected agent."""
    nodes = list(graph) if len(graph) <= MAX_NODES else list(islice(_snowball(graph), MAX_NODES))
    index = {node: number for number, node in enumerate(nodes)}
    sample: nx.Graph[Any] = nx.Graph()
    sample.add_nodes_from(nodes)
    # each tie once, from its node that comes first: the order of ties decides how they cover each other
    ties = [(node, neighbour) for node in nodes for neighbour in graph[node] if index.get(neighbour, -1) > index[node]]
    sample.add_edges_from(ties)
    return sample


def node_positions(graph: "nx.Graph[Any]") -> dict[Any, np.ndarray]:
    """Return (x, y) of every node: springs between friends (Fruchterman & Reingold 1991), the same in every run."""
    return nx.spring_layout(graph, k=1.6 / np.sqrt(max(len(graph), 1)), iterations=200, seed=0)


def _sample_note(graph: "nx.Graph[Any]") -> str:
    """Say how much of a graph a map shows; empty if it shows all."""
    if len(graph) <= MAX_NODES:
        return ""
    return f"; a snowball sample from the best-connected of {len(graph):,} people"


def _snowball(graph: "nx.Graph[Any]") -> Iterator[Any]:
    """Yield nodes of a large graph breadth first from the best-connected one, following its best-connected friends."""
    hubs = sorted(graph, key=lambda node: -graph.degree[node])
    rank = {node: number for number, node in enumerate(hubs)}
    visited: set[Any] = set()
    for hub in hubs:
        queue = deque([hub])
        while queue:
            node = queue.popleft()
            if node not in visited:
                visited.add(node)
                yield node
                queue.extend(sorted(graph[node], key=rank.__getitem__)[:MAX_FOLLOWED])


def _draw_agents(ax: "Axes", dots: np.ndarray, values: "pd.Series", label: str, all_values: "pd.Series") -> None:
    """Draw dots, shape (agents, 2), coloured by one value each.

    Args:
        ax: Where to draw.
        dots: Positions.
        values: One for each dot; missing: grey.
        label: What the values are.
        all_values: Those of all maps that share the colours.
    """
    import pandas as pd

    size = float(np.clip(3200 / max(len(dots), 1), 12, 60))
    style: dict[str, Any] = {"s": size, "linewidths": 0.4, "edgecolors": "white", "zorder": 2}
    has_value = values.notna().to_numpy()
    ax.scatter(*dots[~has_value].T, color=NO_VALUE, **style)
    if not has_value.any():
        return
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        _draw_numbers(ax, dots[has_value], values.dropna().to_numpy(float), label, style, all_values.to_numpy(float))
    else:
        colors = {
            name: COLORS[number % len(COLORS)] for number, name in enumerate(sorted({*map(_group_name, all_values)}))
        }
        _draw_groups(ax, dots[has_value], [_group_name(value) for value in values.dropna()], label, style, colors)


def _draw_numbers(
    ax: "Axes", dots: np.ndarray, values: np.ndarray, label: str, style: Mapping[str, Any], all_values: np.ndarray
) -> None:
    """Colour by size, alike in all maps: dark means much; values on both sides of 0 get two hues that meet at 0."""
    from matplotlib.ticker import MaxNLocator

    low, high = float(all_values.min()), float(all_values.max())
    limit = max(-low, high)
    scale: dict[str, Any] = {"cmap": "viridis_r", "vmin": low, "vmax": high}
    if low < 0 < high:
        scale = {"cmap": "PuOr", "vmin": -limit, "vmax": limit, "edgecolors": "#777777"}
    marks = ax.scatter(*dots.T, c=values, **{**style, **scale})
    ticks = MaxNLocator(5, integer=bool((all_values == all_values.round()).all()))
    ax.figure.colorbar(marks, ax=ax, label=label, shrink=0.75, pad=0.02, aspect=24, ticks=ticks)


def _draw_groups(
    ax: "Axes",
    dots: np.ndarray,
    names: Sequence[str],
    label: str,
    style: Mapping[str, Any],
    colors: Mapping[str, str],
) -> None:
    """Give every group its colour and an entry in the legend, where it has members or not."""
    for name, color in colors.items():
        is_member = np.array([group == name for group in names], bool)
        ax.scatter(*dots[is_member].T, color=color, label=name, **style)
    ax.legend(title=label, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _group_name(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool | np.bool_) else str(value)
