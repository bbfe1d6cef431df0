"""How a run unfolds on its social graph: maps of selected steps with communities, and an animation over all steps.

Every world that declares a `NetworkMap` can be drawn. The run is replayed from its log, which needs no model.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import networkx as nx
import numpy as np
import pandas as pd

from experiments.reports.charts import colour_scale
from sandbox.core.world import World
from sandbox.errors import ConfigError
from sandbox.figures import NetworkMap
from sandbox.figures.network_map import NO_VALUE, node_positions, sample_graph
from sandbox.figures.style import COLORS, project_style
from sandbox.output.plot import add_note, make_sheet, save_sheet
from sandbox.output.progress import track
from sandbox.output.provenance import describe_origin
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

PANEL = 2.9
"""Width and height of a map in inches."""
FRAMES_PER_S = 3
MIN_COMMUNITY = 4
"""Agents that a community needs to be shaded."""


class Frames(NamedTuple):
    """The first seed of every arm, step by step."""

    figure: NetworkMap
    graph: "nx.Graph[Any]"
    values: Mapping[str, Mapping[int, pd.Series]]
    """What colours the nodes, by arm and number of finished steps; the index is the node."""
    origin: str = ""
    """What the maps are of: world, minds, seeds and settings."""

    @property
    def steps(self) -> list[int]:
        """Numbers of finished steps, ascending."""
        return sorted(next(iter(self.values.values())))

    def words(self) -> list[str]:
        """Return all words that a map can colour nodes by, in order; none if the values are numbers."""
        values = self._defined_values()
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            return []
        return sorted(values.map(_name_value).unique())

    def color_style(self) -> dict[str, Any]:
        """Return the colours of numbers, the same on all maps; values on both sides of 0 get two hues."""
        values = self._defined_values().to_numpy(float)
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        return {**colour_scale(low, high), "edgecolors": "#777777" if low < 0 < high else "white"}

    def _defined_values(self) -> pd.Series:
        """Return the values of all maps, without missing ones, as one column."""
        series = [values for arm in self.values.values() for values in arm.values()]
        return pd.Series([value for values in series for value in values.dropna()])


def frames_of(run: Run, steps: Sequence[int] | None = None) -> Frames:
    """Replay a run and record what its first network map shows.

    Args:
        run: A run with at least one step.
        steps: Numbers of finished steps to record; None: all.

    Raises:
        ConfigError: The world declares no network map, or a step is outside the log.
    """
    config = run.manifest.segments[-1].config
    kind, _ = resolve_world(config)
    figure = next((figure for figure in kind.figures if isinstance(figure, NetworkMap)), None)
    if figure is None:
        raise ConfigError(f"world {kind.name} declares no NetworkMap among its figures, so there is no map to draw")
    values: dict[str, dict[int, pd.Series]] = {}

    def observe(done: int, worlds: Sequence[World[Any]]) -> None:
        if steps is None or done in steps:
            for world in worlds:
                if world.replicate.seed == config.seeds[0]:
                    values.setdefault(world.replicate.arm, {})[done] = _node_values(world, figure)

    worlds = run.replay(observer=observe)
    if steps is not None and (outside := [step for step in steps if not 0 <= step <= worlds[0].now]):
        raise ConfigError(f"--at {outside[0]} is outside the run's log, which goes from 0 to {worlds[0].now} steps")
    origin = f"Seed {config.seeds[0]} of this run: {describe_origin(run.manifest)}"
    return Frames(figure, sample_graph(worlds[0].network.G), values, origin)


def communities(graph: "nx.Graph[Any]") -> list[set[Any]]:
    """Return the graph's communities, largest first, the same in every run.

    The method is Louvain's (Blondel et al. 2008, arXiv:0803.0476).
    """
    return sorted(nx.community.louvain_communities(graph, seed=0), key=len, reverse=True)


def draw_steps(frames: Frames, path: Path) -> list[Path]:
    """Draw one row of maps per arm and one column per step, with shaded communities, as PNG and SVG."""
    arms, steps = list(frames.values), frames.steps
    with project_style():
        sheet = make_sheet(PANEL * len(steps) + 0.8, PANEL * len(arms) + 0.5)
        positions, groups = node_positions(frames.graph), communities(frames.graph)
        axes = sheet.subplots(len(arms), len(steps), squeeze=False)
        for row, arm in enumerate(arms):
            for column, step in enumerate(steps):
                ax = axes[row][column]
                _shade_communities(ax, groups, positions)
                _draw_map(ax, frames, positions, arm, step)
                name = f"{arm}, " if len(arms) > 1 else ""
                ax.set_title(f"{name}after {step} steps")
        _add_key(sheet, frames, axes.ravel().tolist())
        sheet.suptitle(frames.figure.title, x=0.012, ha="left")
        add_note(sheet, [f"Shaded: communities of the graph (Louvain). {frames.origin}"])
        return save_sheet(sheet, path)


def animate(frames: Frames, path: Path) -> list[Path]:
    """Write the maps of all steps as a GIF, and as MP4 if ffmpeg is installed."""
    from matplotlib.animation import FFMpegWriter, PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    writers: dict[str, Any] = {".gif": PillowWriter}
    if shutil.which("ffmpeg"):
        writers[".mp4"] = FFMpegWriter
    files: list[Path] = []
    arms = list(frames.values)
    for suffix, kind in writers.items():
        with project_style():
            sheet = make_sheet(PANEL * len(arms) + 0.8, PANEL + 0.5)
            FigureCanvasAgg(sheet)
            writer = kind(fps=FRAMES_PER_S)
            with writer.saving(sheet, str(path.with_suffix(suffix)), dpi=110):
                for _ in _draw_each_step(sheet, frames):
                    writer.grab_frame()
        files.append(path.with_suffix(suffix))
    return files


def _draw_each_step(sheet: "Sheet", frames: Frames) -> Iterator[int]:
    """Draw one step after the other on the same sheet; yield the step that the sheet shows."""
    positions = node_positions(frames.graph)
    arms = list(frames.values)
    for step in track(frames.steps, "frames"):
        sheet.clear()
        axes = sheet.subplots(1, len(arms), squeeze=False)[0]
        for ax, arm in zip(axes, arms, strict=True):
            _draw_map(ax, frames, positions, arm, step)
            ax.set_title(arm if len(arms) > 1 else "")
        _add_key(sheet, frames, list(axes))
        sheet.suptitle(f"{frames.figure.title}, after {step} steps", x=0.012, ha="left")
        add_note(sheet, [frames.origin])
        yield step


def _node_values(world: World[Any], figure: NetworkMap) -> pd.Series:
    table = pd.DataFrame(world.tables()[figure.table])
    return cast("pd.Series", table.drop_duplicates(figure.node).set_index(figure.node)[figure.color])


def _name_value(value: object) -> str:
    """Return a value as `sandbox.figures.network_map` names it."""
    return ("yes" if value else "no") if isinstance(value, bool | np.bool_) else str(value)


def _draw_map(ax: "Axes", frames: Frames, positions: Mapping[Any, Any], arm: str, step: int) -> None:
    from matplotlib.collections import LineCollection

    ties = [(positions[node], positions[neighbour]) for node, neighbour in frames.graph.edges]
    ax.add_collection(LineCollection(ties, colors="#888888", linewidths=0.4, alpha=0.35))
    nodes = list(frames.graph)
    values = frames.values[arm][step].reindex(nodes)
    dots = np.array([positions[node] for node in nodes]).reshape(-1, 2)
    ax.set(aspect="equal")
    ax.axis("off")
    ax.margins(0.04)
    size = float(np.clip(2200 / max(len(nodes), 1), 8, 45))
    is_defined = values.notna().to_numpy()
    style: dict[str, Any] = {"s": size, "zorder": 2, "linewidths": 0.3}
    ax.scatter(*dots[~is_defined].T, color=NO_VALUE, **style)
    defined = values.dropna()
    if words := frames.words():
        colors = defined.map(_name_value).map(_word_colors(words)).to_list()
        ax.scatter(*dots[is_defined].T, color=colors, edgecolors="white", **style)
    else:
        ax.scatter(*dots[is_defined].T, c=defined.to_numpy(float), **style, **frames.color_style())


def _word_colors(words: Sequence[str]) -> dict[str, str]:
    return {word: COLORS[index % len(COLORS)] for index, word in enumerate(words)}


def _add_key(sheet: "Sheet", frames: Frames, axes: "Sequence[Axes]") -> None:
    """Explain the colours of all maps: a legend of words, or a colour bar of numbers."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.lines import Line2D

    label = frames.figure.label
    if words := frames.words():
        style: dict[str, Any] = {"marker": "o", "linestyle": ""}
        dots = [Line2D([], [], color=color, label=word, **style) for word, color in _word_colors(words).items()]
        sheet.legend(handles=dots, title=label, loc="outside right upper")
        return
    scale = frames.color_style()
    colors = ScalarMappable(Normalize(scale["vmin"], scale["vmax"]), scale["cmap"])
    sheet.colorbar(colors, ax=axes, label=label, shrink=0.7, pad=0.02, aspect=24)


def _shade_communities(ax: "Axes", groups: Sequence[set[Any]], positions: Mapping[Any, Any]) -> None:
    from matplotlib.patches import Polygon
    from scipy.spatial import ConvexHull

    for number, group in enumerate(group for group in groups if len(group) >= MIN_COMMUNITY):
        points = np.array([positions[node] for node in sorted(group)])
        if np.linalg.matrix_rank(points - points[0]) == 2:  # points on one line have no area
            corners = points[ConvexHull(points).vertices]
            ax.add_patch(Polygon(corners, color=COLORS[number % len(COLORS)], alpha=0.09, linewidth=0, zorder=0))
