"""`python -m sandbox phase`: a metric over one or two swept settings of any kind, with several seeds per cell.

A phase diagram is a folder. Values of the world's parameters are treatments of one run, so that their questions share a
batch; every combination of other settings (people, graph, mind, presentation, another world) is a run of its own in
`cells/`. Every cell is also played by random minds: the null, which says what chance alone gives there.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from experiments.frames import column, columns
from experiments.outcomes import SeedValues, make_outcome
from experiments.plans import StudyPlan
from experiments.reports.phase_map import PhaseLabels, describe_phase, draw_phase
from experiments.statistics import holm, paired_contrast
from sandbox.composition import compose, resolve_target, split_sweeps
from sandbox.core.mind import RandomMind
from sandbox.core.world import World
from sandbox.errors import ConfigError, unknown
from sandbox.intervals import Mean
from sandbox.output.provenance import describe_origin
from sandbox.runtime.assembly import check_first_seed, resolve_world
from sandbox.runtime.config import LAST, MAX_NAME_CHARS, RunConfig, load_run_config
from sandbox.runtime.manifest import FILE, Manifest, check_begun_runs
from sandbox.runtime.run import Run
from sandbox.settings import validate
from sandbox.tables import write_table

SEEDS = tuple(range(5))
"""Seeds of a phase diagram whose settings name none."""
NULL = RandomMind.name
WORLD = "world."
CELL_COLUMNS = (
    "arm", "mean", "low", "high", "num_seeds", "from_reference", "from_reference_low", "from_reference_high",
    "from_reference_p_holm", "equals_reference", "null_mean", "from_null", "from_null_low", "from_null_high",
    "from_null_p_holm",
)  # fmt: skip
"""Columns after those of the axes; an arm is the mind of the agents. p-values are adjusted over the cells of a mind."""


class Axis(NamedTuple):
    """A swept setting."""

    name: str
    """As on the command line, such as `world.rent` or `graph`."""
    values: tuple[str, ...]


class PhasePlan(StudyPlan):
    """What a phase diagram varies: `phase.json`."""

    file = "phase.json"
    noun = "phase diagram"
    command = "phase"

    overrides: list[str]
    """Settings that all cells share, in Hydra's syntax."""
    axes: list[Axis]
    """Swept settings and their values, first those across; the first value of each makes the reference cell."""


class CellRun(NamedTuple):
    """One run of a phase diagram, and the cell of each of its treatments."""

    folder: Path
    config: RunConfig
    cells: dict[str, tuple[str, ...]]
    """Values of all axes, by treatment."""


def create(overrides: Sequence[str], metric: str) -> Path:
    """Begin a phase diagram of the settings with several values: `world.rent=2,5,10 graph=small_world,scale_free`.

    Raises:
        ConfigError: Other than one or two settings are swept, there are treatments too, or there is no such metric.
    """
    fixed, sweeps = split_sweeps(overrides)
    if len(sweeps) not in (1, 2):
        raise ConfigError(
            "phase needs one or two settings with several values each, such as world.rent=2,5,10 "
            f"graph.rewire=0,0.1,1; found {len(sweeps)}"
        )
    run_dir = load_run_config([*fixed, *(f"{name}={values[0]}" for name, values in sweeps.items())]).run_dir
    folder = PhasePlan.choose_folder(run_dir, f"phase {metric}")
    shared = ["reactions=0", *(override for override in fixed if not override.startswith("run_dir="))]
    plan = PhasePlan(overrides=shared, axes=[Axis(name, tuple(values)) for name, values in sweeps.items()])
    for cell_run in list_runs(folder, plan):
        check_metric(cell_run.config, metric)
        check_first_seed(cell_run.config)
    plan.write(folder)
    return folder


def list_runs(folder: Path, plan: PhasePlan) -> list[CellRun]:
    """Return one run for each combination of the values that are not parameters of the world."""
    axes = plan.axes
    outer = [axis for axis in axes if not axis.name.startswith(WORLD)]
    inner = [axis for axis in axes if axis.name.startswith(WORLD)]
    runs: list[CellRun] = []
    for number, values in enumerate(product(*(axis.values for axis in outer))):
        chosen = dict(zip((axis.name for axis in outer), values, strict=True))
        overrides = [*plan.overrides, *(f"{name}={value}" for name, value in chosen.items())]
        treatments = _treatments(overrides, inner)
        cells = {
            name: tuple({**chosen, **inner_values}[axis.name] for axis in axes)
            for name, (inner_values, _) in treatments.items()
        }
        changes = {name: params for name, (_, params) in treatments.items() if name}
        runs.append(CellRun(folder / "cells" / str(number), _configure(overrides, changes), cells))
    return runs


def run_all(folder: Path, resume: Callable[[Run], None]) -> None:
    """Run every cell that is not finished; `resume` brings one run to its end.

    Raises:
        DataError: A file that the cells before were run with has changed.
    """
    plan = PhasePlan.read(folder)
    cell_runs = list_runs(folder, plan)
    check_begun_runs([cell_run.folder for cell_run in cell_runs])
    for cell_run in cell_runs:
        run = Run(cell_run.folder) if (cell_run.folder / FILE).is_file() else _start(plan, cell_run)
        if run.manifest.status != "finished":
            resume(run)


def cell_table(folder: Path, metric: str) -> pd.DataFrame:
    """Return one row for every cell and mind: the axes' values, then `CELL_COLUMNS`.

    Means are over seeds. A cell's contrast is to the reference cell, with the same mind, and to the null, with random
    minds in the same cell; both are paired by seed. The null has no value where the minds are random anyway.
    """
    plan = PhasePlan.read(folder)
    axes, runs = plan.axes, list_runs(folder, plan)
    values = _seed_values(runs, metric)
    reference = tuple(axis.values[0] for axis in axes)
    cells = list(product(*(axis.values for axis in axes)))
    minds = list(dict.fromkeys(mind for mind, _ in values))
    shown = [mind for mind in minds if mind != NULL] or minds
    parts = [_rows_of_mind(mind, cells, reference, values) for mind in shown]
    table = pd.concat(parts, ignore_index=True)
    names = [axis.name for axis in axes]
    table[names] = [list(cell) for cell in table.pop("cell")]
    table["arm"] = table["arm"].replace("", _name_of_default_mind(runs[0].config, plan))
    return columns(table, [*names, *CELL_COLUMNS])


def check_metric(config: RunConfig, metric: str) -> type[World[Any]]:
    """Return the world's class; raise `ConfigError` if it has no such metric."""
    kind, _ = resolve_world(config)
    if (name := metric.removesuffix(LAST)) not in kind.metric_labels:
        raise ConfigError(unknown("metric", name, kind.metric_labels))
    return kind


def _name_of_default_mind(config: RunConfig, plan: PhasePlan) -> str:
    """Return what to call the arm in which agents use their assigned minds."""
    if config.assignment or "mind" in dict(plan.axes):
        return "as assigned"
    kind, _ = resolve_target(config.mind, "mind")
    return str(config.mind.get("default_adapter") or kind.name)


def _treatments(overrides: Sequence[str], axes: Sequence[Axis]) -> dict[str, tuple[dict[str, str], dict[str, Any]]]:
    """Return, by treatment, the typed values of the world's swept parameters, and what Hydra makes of them."""
    treatments: dict[str, tuple[dict[str, str], dict[str, Any]]] = {}
    for values in product(*(axis.values for axis in axes)):
        typed = dict(zip((axis.name for axis in axes), values, strict=True))
        names = {name: name.removeprefix(WORLD) for name in typed}
        world = compose([*overrides, *(f"{name}={value}" for name, value in typed.items())])["world"]
        treatment = _name_treatment({names[name]: value for name, value in typed.items()}, treatments)
        treatments[treatment] = typed, {name: world[name] for name in names.values()}
    return treatments


def _name_treatment(values: Mapping[str, str], taken: Collection[str]) -> str:
    """Return a name that no treatment has yet, short enough for a file and without its separators."""
    text = ", ".join(f"{name}={value}" for name, value in values.items())
    name = re.sub(r"[/:]", "-", re.sub(r"\\(.)", r"\1", text))[: MAX_NAME_CHARS - len(" (999)")]
    return f"{name} ({len(taken) + 1})" if name in taken else name


def _configure(overrides: Sequence[str], treatments: dict[str, dict[str, Any]]) -> RunConfig:
    """Return the configuration of one run, with treatments for its cells, several seeds, and the null."""
    config = load_run_config(overrides)
    if config.treatments:
        raise ConfigError(
            "phase defines the treatments itself; remove treatments={...} or the experiment that sets them"
        )
    changes: dict[str, Any] = {"treatments": treatments, "run_dir": None}
    if not any(override.startswith("seeds=") for override in overrides) and len(config.seeds) < len(SEEDS):
        changes["seeds"] = list(SEEDS)
    if not (config.minds == [NULL] or (not config.minds and config.mind["_target_"].endswith(RandomMind.__name__))):
        random = {"_target_": f"{RandomMind.__module__}.{RandomMind.__name__}"}
        changes["extra_minds"] = {NULL: random, **config.extra_minds}
        changes["minds"] = list(dict.fromkeys([*(config.minds or [""]), NULL]))
    return validate(RunConfig, {**config.model_dump(), **changes})


def _start(plan: PhasePlan, cell_run: CellRun) -> Run:
    config = cell_run.config.model_copy(update={"run_dir": cell_run.folder})
    return Run.start(plan.overrides, config)


def _seed_values(runs: Sequence[CellRun], metric: str) -> dict[tuple[str, tuple[str, ...]], SeedValues]:
    """Return the metric by seed, for every mind and cell."""
    values: dict[tuple[str, tuple[str, ...]], SeedValues] = {}
    for cell_run in runs:
        outcome = make_outcome(metric, check_metric(cell_run.config, metric), is_declared=True)
        by_arm = outcome.values(Run(cell_run.folder).results().metrics)
        for arm in cell_run.config.arms():
            values[arm.mind, cell_run.cells[arm.treatment]] = by_arm[arm.name]
    return values


def _rows_of_mind(
    mind: str,
    cells: Sequence[tuple[str, ...]],
    reference: tuple[str, ...],
    values: dict[tuple[str, tuple[str, ...]], SeedValues],
) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    at_reference = values[mind, reference]
    for cell in cells:
        here, null = values[mind, cell], {} if mind == NULL else values.get((NULL, cell), {})
        mean = Mean.of(list(here.values()))
        ends = (mean.low, mean.high)
        change, chance = paired_contrast(here, {} if cell == reference else at_reference), paired_contrast(here, null)
        rows.append((
            cell, mind, mean.value, *ends, mean.num, change.difference, change.low, change.high, change.p,
            dict(here) == dict(at_reference), Mean.of(list(null.values())).value, chance.difference, chance.low,
            chance.high, chance.p,
        ))  # fmt: skip
    table = pd.DataFrame(rows, columns=["cell", *CELL_COLUMNS])
    for name in ("from_reference_p_holm", "from_null_p_holm"):
        table[name] = holm(column(table, name).to_list())
    return table


def write(folder: Path, metric: str) -> tuple[list[Path], list[str]]:
    """Write the table and the picture of a metric; return the files, and what they say in sentences."""
    plan, table = PhasePlan.read(folder), cell_table(folder, metric)
    kind = check_metric(list_runs(folder, plan)[0].config, metric)
    label = make_outcome(metric, kind, is_declared=True).label
    labels = PhaseLabels(tuple(axis.name for axis in plan.axes), label, kind)
    path = folder / f"phase_{metric.replace('@', '_')}"
    manifest = Manifest.read(list_runs(folder, plan)[0].folder)
    origin = describe_origin(manifest, [axis.name for axis in plan.axes])
    return [*write_table(table, path), *draw_phase(table, labels, path, origin)], describe_phase(table, labels)
