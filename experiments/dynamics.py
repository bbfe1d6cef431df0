"""How a run unfolds on its social graph: maps of chosen steps with communities, and an animation over all steps.

Every world that declares a `NetworkMap` can be drawn. The run is replayed from its log, which costs no model.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import pandas as pd

from experiments.charts import colour_scale
from experiments.facts.measures import Frame
from sandbox.assembly import world_class
from sandbox.errors import ConfigError
from sandbox.figures import NetworkMap
from sandbox.maps import NO_VALUE, positions, sample
from sandbox.panels import COLORS, FAINT
from sandbox.plot import save, sheet_of, styled
from sandbox.run import Run
from sandbox.world import World

PANEL = 2.9
"""Inches of a map."""
FRAMES_PER_S = 3
MIN_COMMUNITY = 4
"""People that a community needs to be shaded."""


class Frames(NamedTuple):
    """The first seed of every arm, step by step."""

    figure: NetworkMap
    graph: nx.Graph
    values: Mapping[str, Mapping[int, Frame]]
    """What colours the nodes, by arm and number of steps done; the index is the node."""

    @property
    def steps(self) -> list[int]:
        """Numbers of steps done, ascending."""
        return sorted(next(iter(self.values.values())))

    def words(self) -> list[str]:
        """All that a map can call a node, in order; none where values are numbers."""
        every = self._every()
        if pd.api.types.is_numeric_dtype(every) and not pd.api.types.is_bool_dtype(every):
            return []
        return sorted(every.map(_word).unique())

    def scale(self) -> dict[str, Any]:
        """Colours of numbers, the same on all maps: dark is much; where some lie below 0, two hues part there."""
        every = self._every().to_numpy(float)
        known = every[np.isfinite(every)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        return {**colour_scale(low, high), "edgecolors": "#777777" if low < 0 < high else "white"}

    def _every(self) -> Frame:
        """All values of all maps that are known, in one column."""
        columns = [column for arm in self.values.values() for column in arm.values()]
        return pd.Series([value for column in columns for value in column.dropna()])


def frames_of(run: Run, steps: Sequence[int] | None = None) -> Frames:
    """Replay a run and note what its first network map shows.

    Args:
        run: With at least one step.
        steps: Numbers of steps done to look at; None: all.

    Raises:
        ConfigError: The world declares no network map, or a step lies outside the log.
    """
    config = run.manifest.segments[-1].config
    kind, _ = world_class(config)
    figure = next((one for one in kind.figures if isinstance(one, NetworkMap)), None)
    if figure is None:
        raise ConfigError(f"{kind.__name__} declares no NetworkMap among its figures, so there is no map to draw")
    values: dict[str, dict[int, Frame]] = {}

    def look(done: int, worlds: Sequence[World]) -> None:
        if steps is None or done in steps:
            for world in worlds:
                arm, seed = world.replicate.rsplit("/", 1)
                if int(seed) == config.seeds[0]:
                    values.setdefault(arm, {})[done] = _column(world, figure)

    worlds = run.replay(look=look)
    if steps is not None and (strange := [one for one in steps if one > worlds[0].now]):
        raise ConfigError(f"--at {strange[0]} must lie in the run's log, from 0 to {worlds[0].now} steps")
    return Frames(figure, sample(worlds[0].network.G), values)


def communities(graph: nx.Graph) -> list[set[Any]]:
    """Communities of the graph, largest first, always the same (Louvain; Blondel et al. 2008, arXiv:0803.0476)."""
    return sorted(nx.community.louvain_communities(graph, seed=0), key=len, reverse=True)


def draw_steps(frames: Frames, path: Path) -> list[Path]:
    """Draw one row of maps per arm, one column per step, communities shaded; PNG and SVG."""
    arms, steps = list(frames.values), frames.steps
    with styled():
        sheet = sheet_of(PANEL * len(steps) + 0.8, PANEL * len(arms) + 0.5)
        place, groups = positions(frames.graph), communities(frames.graph)
        axes = sheet.subplots(len(arms), len(steps), squeeze=False)
        for row, arm in enumerate(arms):
            for column, step in enumerate(steps):
                ax = axes[row][column]
                _shade(ax, groups, place)
                _map(ax, frames, place, arm, step)
                name = f"{arm}, " if len(arms) > 1 else ""
                ax.set_title(f"{name}after {step} steps")
        _key(sheet, frames, axes.ravel().tolist())
        sheet.suptitle(frames.figure.title, x=0.012, ha="left")
        note = "Shaded: communities of the graph (Louvain). One seed."
        sheet.supxlabel(note, x=0.012, ha="left", fontsize=7.5, color=FAINT)
        return save(sheet, path)


def animate(frames: Frames, path: Path) -> list[Path]:
    """Write the maps of all steps as a GIF, and as MP4 where ffmpeg is at hand."""
    from matplotlib.animation import FFMpegWriter, PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    writers: dict[str, Any] = {".gif": PillowWriter}
    if shutil.which("ffmpeg"):
        writers[".mp4"] = FFMpegWriter
    files: list[Path] = []
    arms = list(frames.values)
    for suffix, kind in writers.items():
        with styled():
            sheet = sheet_of(PANEL * len(arms) + 0.8, PANEL + 0.5)
            FigureCanvasAgg(sheet)
            writer = kind(fps=FRAMES_PER_S)
            with writer.saving(sheet, str(path.with_suffix(suffix)), dpi=110):
                for _ in _drawn(sheet, frames):
                    writer.grab_frame()
        files.append(path.with_suffix(suffix))
    return files


def _drawn(sheet: Any, frames: Frames) -> Iterator[int]:
    """Draw step after step on one sheet."""
    place = positions(frames.graph)
    arms = list(frames.values)
    for step in frames.steps:
        sheet.clear()
        axes = sheet.subplots(1, len(arms), squeeze=False)[0]
        for ax, arm in zip(axes, arms, strict=True):
            _map(ax, frames, place, arm, step)
            ax.set_title(arm if len(arms) > 1 else "")
        _key(sheet, frames, list(axes))
        sheet.suptitle(f"{frames.figure.title}, after {step} steps", x=0.012, ha="left")
        yield step


def _column(world: World, figure: NetworkMap) -> Frame:
    table = pd.DataFrame(world.tables()[figure.table])
    return table.drop_duplicates(figure.node).set_index(figure.node)[figure.color]


def _word(value: object) -> str:
    """A value as `sandbox.maps` calls it."""
    return ("yes" if value else "no") if isinstance(value, bool | np.bool_) else str(value)


def _map(ax: Any, frames: Frames, place: Mapping[Any, Any], arm: str, step: int) -> None:
    from matplotlib.collections import LineCollection

    ties = [(place[one], place[other]) for one, other in frames.graph.edges]
    ax.add_collection(LineCollection(ties, colors="#888888", linewidths=0.4, alpha=0.35))
    nodes = list(frames.graph)
    values = frames.values[arm][step].reindex(nodes)
    dots = np.array([place[node] for node in nodes]).reshape(-1, 2)
    ax.set(aspect="equal")
    ax.axis("off")
    ax.margins(0.04)
    size = float(np.clip(2200 / max(len(nodes), 1), 8, 45))
    known = values.notna().to_numpy()
    style: dict[str, Any] = {"s": size, "zorder": 2, "linewidths": 0.3}
    ax.scatter(*dots[~known].T, color=NO_VALUE, **style)
    if names := frames.words():
        colors = _colors(names)
        ax.scatter(*dots[known].T, color=values[known].map(_word).map(colors).to_list(), edgecolors="white", **style)
    else:
        ax.scatter(*dots[known].T, c=values[known].to_numpy(float), **style, **frames.scale())


def _colors(names: Sequence[str]) -> dict[str, str]:
    return {name: COLORS[number % len(COLORS)] for number, name in enumerate(names)}


def _key(sheet: Any, frames: Frames, axes: Sequence[Any]) -> None:
    """What the colours of all maps mean: a legend of words, or a bar of numbers."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.lines import Line2D

    label = frames.figure.label
    if names := frames.words():
        style: dict[str, Any] = {"marker": "o", "linestyle": ""}
        dots = [Line2D([], [], color=color, label=name, **style) for name, color in _colors(names).items()]
        sheet.legend(handles=dots, title=label, loc="outside right upper")
        return
    look = frames.scale()
    colors = ScalarMappable(Normalize(look["vmin"], look["vmax"]), look["cmap"])
    sheet.colorbar(colors, ax=axes, label=label, shrink=0.7, pad=0.02, aspect=24)


def _shade(ax: Any, groups: Sequence[set[Any]], place: Mapping[Any, Any]) -> None:
    from matplotlib.patches import Polygon
    from scipy.spatial import ConvexHull

    for number, group in enumerate(group for group in groups if len(group) >= MIN_COMMUNITY):
        points = np.array([place[node] for node in sorted(group)])
        if np.linalg.matrix_rank(points - points[0]) == 2:  # all in a row have no area
            corners = points[ConvexHull(points).vertices]
            ax.add_patch(Polygon(corners, color=COLORS[number % len(COLORS)], alpha=0.09, linewidth=0, zorder=0))
