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

    def span(self) -> tuple[float, float]:
        """Smallest and largest value of all maps, so that they share one scale."""
        every = np.concatenate([column.to_numpy(float) for arm in self.values.values() for column in arm.values()])
        known = every[np.isfinite(every)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)


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
        dots = None
        for row, arm in enumerate(arms):
            for column, step in enumerate(steps):
                ax = axes[row][column]
                _shade(ax, groups, place)
                dots = _map(ax, frames, place, arm, step)
                name = f"{arm}, " if len(arms) > 1 else ""
                ax.set_title(f"{name}after {step} steps")
        sheet.colorbar(dots, ax=axes.ravel().tolist(), label=frames.figure.label, shrink=0.6, pad=0.02, aspect=24)
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
        dots = [_map(ax, frames, place, arm, step) for ax, arm in zip(axes, arms, strict=True)]
        for ax, arm in zip(axes, arms, strict=True):
            ax.set_title(arm if len(arms) > 1 else "")
        sheet.colorbar(dots[-1], ax=list(axes), label=frames.figure.label, shrink=0.75, pad=0.02, aspect=24)
        sheet.suptitle(f"{frames.figure.title}, after {step} steps", x=0.012, ha="left")
        yield step


def _column(world: World, figure: NetworkMap) -> Frame:
    table = pd.DataFrame(world.tables()[figure.table])
    return table.drop_duplicates(figure.node).set_index(figure.node)[figure.color].astype(float)


def _map(ax: Any, frames: Frames, place: Mapping[Any, Any], arm: str, step: int) -> Any:
    """One map; returns what a colour bar needs."""
    from matplotlib.collections import LineCollection

    ties = [(place[one], place[other]) for one, other in frames.graph.edges]
    ax.add_collection(LineCollection(ties, colors="#888888", linewidths=0.4, alpha=0.35))
    nodes = list(frames.graph)
    values = frames.values[arm][step].reindex(nodes).to_numpy(float)
    dots = np.array([place[node] for node in nodes]).reshape(-1, 2)
    low, high = frames.span()
    ax.set(aspect="equal")
    ax.axis("off")
    ax.margins(0.04)
    size = float(np.clip(2200 / max(len(nodes), 1), 8, 45))
    known = np.isfinite(values)
    ax.scatter(*dots[~known].T, color=NO_VALUE, s=size, zorder=2)
    style: dict[str, Any] = {"cmap": "viridis_r", "vmin": low, "vmax": max(high, low + 1e-9), "zorder": 2}
    return ax.scatter(*dots[known].T, c=values[known], s=size, linewidths=0.3, edgecolors="white", **style)


def _shade(ax: Any, groups: Sequence[set[Any]], place: Mapping[Any, Any]) -> None:
    from matplotlib.patches import Polygon
    from scipy.spatial import ConvexHull

    for number, group in enumerate(group for group in groups if len(group) >= MIN_COMMUNITY):
        points = np.array([place[node] for node in sorted(group)])
        if np.linalg.matrix_rank(points - points[0]) == 2:  # all in a row have no area
            corners = points[ConvexHull(points).vertices]
            ax.add_patch(Polygon(corners, color=COLORS[number % len(COLORS)], alpha=0.09, linewidth=0, zorder=0))
