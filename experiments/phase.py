"""`python -m sandbox phase`: a metric over two swept parameters of the world, all points in one run and batch."""

import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np

from experiments.charts import colour_scale
from experiments.facts.measures import Frame
from experiments.outcomes import LAST, outcome_of
from sandbox.assembly import world_class
from sandbox.config import RunConfig, compose
from sandbox.errors import ConfigError, unknown
from sandbox.plot import save, sheet_of, styled
from sandbox.results import Results
from sandbox.run import Run, read_config
from sandbox.validation import validated
from sandbox.world import World

LINE = 48
"""Characters of a line below an axis."""
_SWEPT = re.compile(r"world\.(\w+)=([^\[{(].*,.*)")


class Axis(NamedTuple):
    """A swept parameter of the world."""

    name: str
    values: tuple[Any, ...]


def start(overrides: Sequence[str], metric: str) -> Run:
    """Begin a run of every combination of two parameters, given as `world.rent=2,5,10 world.entry=0.1,0.5`.

    Raises:
        ConfigError: Not exactly two are swept, treatments are named besides, or the world has no such metric.
    """
    swept = [match for one in overrides if (match := _SWEPT.fullmatch(one))]
    if len(swept) != 2:
        raise ConfigError(
            f"phase needs two parameters of the world with several values each, such as world.rent=2,5,10 "
            f"world.entry=0.1,0.5; found {len(swept)}"
        )
    rest = [one for one in overrides if not _SWEPT.fullmatch(one)]
    config = read_config(rest)
    _known(config, metric)
    if config.treatments:
        raise ConfigError("phase makes the treatments itself; leave treatments={...} out")
    both = [_axis(match[1], match[2].split(","), rest) for match in swept]
    treatments = {
        f"{both[0].name}={one}, {both[1].name}={other}": {both[0].name: one, both[1].name: other}
        for one, other in product(*(axis.values for axis in both))
    }
    return Run.start(rest, validated(RunConfig, {**config.model_dump(), "treatments": treatments}))


def axes_of(config: RunConfig) -> tuple[Axis, Axis]:
    """The swept parameters of a run that `start` began.

    Raises:
        ConfigError: The run sweeps no two parameters.
    """
    names = {name for treatment in config.treatments.values() for name in treatment}
    swept = [Axis(name, tuple(dict.fromkeys(one.get(name) for one in config.treatments.values()))) for name in names]
    swept = sorted((one for one in swept if len(one.values) > 1), key=lambda one: list(_first(config)).index(one.name))
    if len(swept) != 2 or len(config.treatments) != len(swept[0].values) * len(swept[1].values):
        raise ConfigError("a phase diagram needs every combination of two parameters; begin with `phase`")
    return swept[0], swept[1]


def draw_phase(run: Run, results: Results, metric: str) -> list[Path]:
    """Draw a metric over both parameters, a panel per mind: means over seeds, in colour and in numbers."""
    config = run.manifest.segments[-1].config
    kind = _known(config, metric)
    outcome = outcome_of(metric, kind, True)
    across, up = axes_of(config)
    values = outcome.values(results.metrics)
    grids = {mind: _grid(config, mind, values, across, up) for mind in config.minds or [""]}
    figures = run.folder / "figures"
    figures.mkdir(exist_ok=True)
    with styled():
        sheet = _drawn(grids, across, up, kind, kind.measures[outcome.measure])
        return save(sheet, figures / f"phase_{metric.replace('@', '_')}")


def _known(config: RunConfig, metric: str) -> type[World]:
    """The kind of world, which has the metric."""
    kind, _ = world_class(config)
    if (name := metric.removesuffix(LAST)) not in kind.measures:
        raise ConfigError(unknown("metric", name, kind.measures))
    return kind


def _axis(name: str, values: Sequence[str], rest: Sequence[str]) -> Axis:
    """Values as Hydra reads them."""
    read = [compose([*rest, f"world.{name}={value}"])["world"][name] for value in values]
    return Axis(name, tuple(read))


def _first(config: RunConfig) -> dict[str, Any]:
    return next(iter(config.treatments.values()))


def _grid(config: RunConfig, mind: str, values: dict[str, dict[int, float]], across: Axis, up: Axis) -> Frame:
    """Mean over seeds: a row per value of `up`, a column per value of `across`."""
    names = {arm.treatment: arm.name for arm in config.arms() if arm.mind == mind}
    found = np.full((len(up.values), len(across.values)), np.nan)
    for treatment, name in names.items():
        params = config.treatments[treatment]
        at = up.values.index(params[up.name]), across.values.index(params[across.name])
        found[at] = np.mean(list(values[name].values()))
    return found


def _label(kind: type[World], name: str) -> str:
    """A parameter's name and what the world says of it."""
    field = kind.Params.model_fields.get(name)
    meaning = (field.description or "") if field else ""
    first = re.split(r"[.;]\s|\.$", meaning)[0]
    return "\n".join([name.replace("_", " "), *wrap(first[:1].lower() + first[1:], LINE)])


def _drawn(grids: dict[str, Frame], across: Axis, up: Axis, kind: type[World], label: str) -> Any:
    sheet = sheet_of(1.2 + (1.6 + 0.75 * len(across.values)) * len(grids), 2.1 + 0.6 * len(up.values))
    low, high = (float(end([end(grid) for grid in grids.values()])) for end in (np.nanmin, np.nanmax))
    axes = sheet.subplots(1, len(grids), squeeze=False)[0]
    image: Any = None
    for ax, (mind, grid) in zip(axes, grids.items(), strict=True):
        image = ax.imshow(grid, origin="lower", aspect="auto", **colour_scale(low, high))
        for (row, column), value in np.ndenumerate(grid):
            dark = abs(value) > max(-low, high) / 2 if low < 0 < high else value > (low + high) / 2
            ax.text(column, row, f"{value:.3g}", ha="center", va="center", color="white" if dark else "black")
        ax.set_xticks(range(len(across.values)), [str(value) for value in across.values])
        ax.set_yticks(range(len(up.values)), [str(value) for value in up.values])
        ax.set(xlabel=_label(kind, across.name), title=mind)
    axes[0].set_ylabel(_label(kind, up.name))
    sheet.colorbar(image, ax=list(axes), label=label, pad=0.02)
    return sheet
