"""`python -m sandbox phase`: a metric over two swept parameters of the world, all points in one run and batch."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments.frames import Array
from experiments.outcomes import LAST, make_outcome
from experiments.reports.charts import colour_scale
from sandbox.composition import compose
from sandbox.core.world import World
from sandbox.errors import ConfigError, unknown
from sandbox.figures.style import project_style
from sandbox.output.plot import make_sheet, save_sheet
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run
from sandbox.settings import validate

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet

MAX_LABEL = 48
"""Characters in a line of an axis label."""
_SWEPT = re.compile(r"world\.(\w+)=([^\[{(].*,.*)")


class Axis(NamedTuple):
    """A swept parameter of the world."""

    name: str
    values: tuple[Any, ...]


def start(overrides: Sequence[str], metric: str) -> Run:
    """Begin a run of every combination of two parameters, given as `world.rent=2,5,10 world.entry=0.1,0.5`.

    Raises:
        ConfigError: Not exactly two parameters are swept, there are treatments too, or the world has no such metric.
    """
    swept = [match for override in overrides if (match := _SWEPT.fullmatch(override))]
    if len(swept) != 2:
        raise ConfigError(
            f"phase needs two parameters of the world with several values each, such as world.rent=2,5,10 "
            f"world.entry=0.1,0.5; found {len(swept)}"
        )
    fixed = ["reactions=0", *(override for override in overrides if not _SWEPT.fullmatch(override))]
    config = load_run_config(fixed)
    _world_with_metric(config, metric)
    if config.treatments:
        raise ConfigError("phase defines the treatments itself; remove treatments={...}")
    first, second = (_read_axis(match[1], match[2].split(","), fixed) for match in swept)
    treatments = {
        f"{first.name}={first_value}, {second.name}={second_value}": {
            first.name: first_value,
            second.name: second_value,
        }
        for first_value, second_value in product(first.values, second.values)
    }
    return Run.start(fixed, validate(RunConfig, {**config.model_dump(), "treatments": treatments}))


def axes_of(config: RunConfig) -> tuple[Axis, Axis]:
    """Return the swept parameters of a run that `start` began.

    Raises:
        ConfigError: The run does not sweep two parameters.
    """
    treatments = list(config.treatments.values())
    names = {name for treatment in treatments for name in treatment}
    axes = [Axis(name, tuple(dict.fromkeys(treatment.get(name) for treatment in treatments))) for name in names]
    order = list(treatments[0]) if treatments else []
    axes = sorted((axis for axis in axes if len(axis.values) > 1), key=lambda axis: order.index(axis.name))
    if len(axes) != 2 or len(treatments) != len(axes[0].values) * len(axes[1].values):
        raise ConfigError("a phase diagram needs every combination of two parameters; begin with `phase`")
    return axes[0], axes[1]


def draw_phase(run: Run, results: Results, metric: str) -> list[Path]:
    """Draw a metric over both parameters, a panel per mind: means over seeds, as colours and as numbers."""
    config = run.manifest.segments[-1].config
    kind = _world_with_metric(config, metric)
    outcome = make_outcome(metric, kind, is_declared=True)
    across, up = axes_of(config)
    values = outcome.values(results.metrics)
    grids = {mind: _mean_grid(config, mind, values, across, up) for mind in config.minds or [""]}
    figures = run.folder / "figures"
    figures.mkdir(exist_ok=True)
    with project_style():
        sheet = _draw_sheet(grids, across, up, kind, kind.metric_labels[outcome.metric])
        return save_sheet(sheet, figures / f"phase_{metric.replace('@', '_')}")


def _world_with_metric(config: RunConfig, metric: str) -> type[World[Any]]:
    """Return the world's class; raise `ConfigError` if it has no such metric."""
    kind, _ = resolve_world(config)
    if (name := metric.removesuffix(LAST)) not in kind.metric_labels:
        raise ConfigError(unknown("metric", name, kind.metric_labels))
    return kind


def _read_axis(name: str, texts: Sequence[str], fixed: Sequence[str]) -> Axis:
    """Return values as Hydra reads them."""
    values = [compose([*fixed, f"world.{name}={text}"])["world"][name] for text in texts]
    return Axis(name, tuple(values))


def _mean_grid(
    config: RunConfig, mind: str, values: Mapping[str, Mapping[int, float]], across: Axis, up: Axis
) -> Array:
    """Return means over seeds: a row per value of `up`, a column per value of `across`."""
    names = {arm.treatment: arm.name for arm in config.arms() if arm.mind == mind}
    grid = np.full((len(up.values), len(across.values)), np.nan)
    for treatment, name in names.items():
        params = config.treatments[treatment]
        cell = up.values.index(params[up.name]), across.values.index(params[across.name])
        grid[cell] = np.mean(list(values[name].values()))
    return grid


def _axis_label(kind: type[World[Any]], name: str) -> str:
    """Return a parameter's name and what the world says about it."""
    field = kind.Params.model_fields.get(name)
    meaning = (field.description or "") if field else ""
    sentence = re.split(r"[.;]\s|\.$", meaning)[0]
    return "\n".join([name.replace("_", " "), *wrap(sentence[:1].lower() + sentence[1:], MAX_LABEL)])


def _draw_sheet(grids: Mapping[str, Array], across: Axis, up: Axis, kind: type[World[Any]], label: str) -> "Sheet":
    sheet = make_sheet(1.2 + (1.6 + 0.75 * len(across.values)) * len(grids), 2.1 + 0.6 * len(up.values))
    low, high = (float(end([end(grid) for grid in grids.values()])) for end in (np.nanmin, np.nanmax))
    axes = sheet.subplots(1, len(grids), squeeze=False)[0]
    image: Any = None
    for ax, (mind, grid) in zip(axes, grids.items(), strict=True):
        image = ax.imshow(grid, origin="lower", aspect="auto", **colour_scale(low, high))
        for (row, column), value in np.ndenumerate(grid):
            is_dark = abs(value) > max(-low, high) / 2 if low < 0 < high else value > (low + high) / 2
            ax.text(column, row, f"{value:.3g}", ha="center", va="center", color="white" if is_dark else "black")
        ax.set_xticks(range(len(across.values)), [str(value) for value in across.values])
        ax.set_yticks(range(len(up.values)), [str(value) for value in up.values])
        ax.set(xlabel=_axis_label(kind, across.name), title=mind)
    axes[0].set_ylabel(_axis_label(kind, up.name))
    sheet.colorbar(image, ax=list(axes), label=label, pad=0.02)
    return sheet
