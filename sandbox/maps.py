"""Draw a social graph on given axes: where its nodes lie, and how a table colours them.

Positions depend on the graph alone, so maps of one graph can be laid side by side. A map shows at most
`MAX_NODES` people; of a larger graph, a snowball sample that begins with its best-connected person.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from sandbox.figures import NetworkMap
from sandbox.panels import COLORS, Frame

MAX_NODES = 400
"""More would be a ball of wool; and from 500 nodes on NetworkX lays graphs out with SciPy, which we do not need."""
MAX_FOLLOWED = 8
"""Friends of one person whom the sample of a large graph follows; all of a hub's would be nothing but a star."""
MANY_TIES = 3000
"""From here on ties are pixels in the SVG too, which would else be huge."""
NO_VALUE = "#D9D9D9"


def draw_map(ax: Any, figure: NetworkMap, table: Frame, graph: nx.Graph) -> None:
    """Draw people as dots, ties as lines; what the table does not know is grey.

    Args:
        ax: Where to draw.
        figure: What to draw.
        table: One row per person of this replicate.
        graph: The replicate's social graph.
    """
    from matplotlib.collections import LineCollection

    shown = sample(graph)
    place = positions(shown)
    values = table.drop_duplicates(figure.node).set_index(figure.node)[figure.color].reindex(list(shown))
    ties = [(place[one], place[other]) for one, other in shown.edges]
    ax.add_collection(
        LineCollection(ties, colors="#888888", linewidths=0.5, alpha=0.45, rasterized=len(ties) > MANY_TIES)
    )
    dots = np.array([place[node] for node in shown]).reshape(-1, 2)
    _draw_people(ax, dots, values, figure.label)
    ax.set_aspect("equal")
    ax.margins(0.03)
    ax.axis("off")


def sample(graph: nx.Graph) -> nx.Graph:
    """The whole graph if it can be drawn, else a snowball sample from the best-connected person."""
    nodes = list(graph) if len(graph) <= MAX_NODES else list(islice(_snowball(graph), MAX_NODES))
    index = {node: place for place, node in enumerate(nodes)}
    part = nx.Graph()
    part.add_nodes_from(nodes)
    ties = [(one, other) for one in nodes for other in graph[one] if index.get(other, -1) > index[one]]
    part.add_edges_from(ties)
    return part


def positions(graph: nx.Graph) -> dict[Any, np.ndarray]:
    """Where the nodes lie: springs between friends (Fruchterman & Reingold 1991), always the same for one graph."""
    return nx.spring_layout(graph, k=1.6 / np.sqrt(max(len(graph), 1)), iterations=200, seed=0)


def shown_people(graph: nx.Graph) -> str:
    """What a map must say about how much of the graph it shows; empty where it shows all."""
    if len(graph) <= MAX_NODES:
        return ""
    return f"Map shows {MAX_NODES} of {len(graph):,} people: a snowball sample from the best connected."


def _snowball(graph: nx.Graph) -> Iterator[Any]:
    """Nodes of a large graph, breadth first from the best-connected one, following its best-connected friends."""
    order = sorted(graph, key=lambda node: -graph.degree[node])
    rank = {node: place for place, node in enumerate(order)}
    met: set[Any] = set()
    for hub in order:
        queue = deque([hub])
        while queue:
            node = queue.popleft()
            if node not in met:
                met.add(node)
                yield node
                queue.extend(sorted(graph[node], key=rank.__getitem__)[:MAX_FOLLOWED])


def _draw_people(ax: Any, dots: np.ndarray, values: Frame, label: str) -> None:
    size = float(np.clip(3200 / max(len(dots), 1), 12, 60))
    style = {"s": size, "linewidths": 0.4, "edgecolors": "white", "zorder": 2}
    known = values.notna().to_numpy()
    ax.scatter(*dots[~known].T, color=NO_VALUE, **style)
    if not known.any():
        return
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        _draw_scale(ax, dots[known], values[known].to_numpy(float), label, style)
    else:
        _draw_groups(ax, dots[known], values[known].map(_word), label, style)


def _draw_scale(ax: Any, dots: np.ndarray, values: np.ndarray, label: str, style: dict[str, Any]) -> None:
    """Colour by size: dark is much; where values lie on both sides of 0, two hues part there."""
    from matplotlib.ticker import MaxNLocator

    low, high = float(values.min()), float(values.max())
    end = max(-low, high)
    look: dict[str, Any] = {**style, "cmap": "viridis_r"}
    if low < 0 < high:
        look |= {"cmap": "PuOr", "vmin": -end, "vmax": end, "edgecolors": "#777777"}
    marks = ax.scatter(*dots.T, c=values, **look)
    whole = bool((values == values.round()).all())
    ax.figure.colorbar(marks, ax=ax, label=label, shrink=0.75, pad=0.02, aspect=24, ticks=MaxNLocator(5, integer=whole))


def _draw_groups(ax: Any, dots: np.ndarray, values: Frame, label: str, style: dict[str, Any]) -> None:
    names = sorted(set(values))
    for place, name in enumerate(names):
        mine = (values == name).to_numpy()
        ax.scatter(*dots[mine].T, color=COLORS[place % len(COLORS)], label=name, **style)
    ax.legend(title=label, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _word(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool | np.bool_) else str(value)
