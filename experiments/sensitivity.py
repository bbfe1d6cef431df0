"""`python -m sandbox sensitivity`: which settings move an outcome, over all of their ranges at once.

Three methods, all of SALib (Iwanaga, Usher and Herman 2022, doi:10.18174/sesmo.18155):

- `morris` (Morris 1991, doi:10.1080/00401706.1991.10484804): elementary effects, for screening with few runs.
- `sobol` (Saltelli et al. 2010, doi:10.1016/j.cpc.2009.09.018): shares of the variance, alone and with interactions.
- `pawn` (Pianosi and Wagener 2018, doi:10.1016/j.envsoft.2018.07.019): how much the whole distribution moves.

Which seeds a point is played with is varied along, as `(seeds)`: an index that is no larger than that of the seeds
shows nothing but chance.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from experiments.frames import Array, to_records
from experiments.outcomes import make_outcome
from experiments.plans import RangePlan, read_outline
from experiments.points import PointResult, check_point, point_key
from sandbox.errors import ConfigError, unknown
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import LAST, load_run_config

Method: TypeAlias = Literal["morris", "sobol", "pawn"]
POINTS = "points.jsonl"
CHANCE = "(seeds)"
"""What a study calls the choice of seeds, which it varies along: what that does is chance."""
SEED_SETS = 4
"""Sets of seeds from which the points choose."""
SEEDS = (0, 1, 2)
"""Seeds of a study whose settings name none."""
SAMPLES: Mapping[Method, int] = {"morris": 20, "sobol": 64, "pawn": 300}
"""Trajectories, base samples and samples by default."""
LEVELS = 4
"""Levels of the grid of `morris`."""
SLICES = 10
"""Slices of a range of `pawn`."""
COLUMNS: Mapping[Method, Sequence[str]] = {
    "morris": ("setting", "mu_star", "mu_star_interval", "mu", "sigma"),
    "sobol": ("setting", "total", "total_interval", "first", "first_interval"),
    "pawn": ("setting", "median", "minimum", "maximum"),
}
"""The first number is what settings are ranked by. Intervals are half-widths of 95 % bootstrap intervals."""


class SensitivityPlan(RangePlan):
    """What a study varies, and how: `sensitivity.json`."""

    file = "sensitivity.json"
    noun = "study of sensitivity"
    command = "sensitivity"

    method: Method
    samples: int
    """Trajectories of `morris`, base samples of `sobol`, samples of `pawn`."""


class Design(NamedTuple):
    """The points of a study."""

    problem: dict[str, Any]
    """As SALib describes the settings, `CHANCE` among them; all vary from 0 to 1."""
    shares: Array
    """Where each point is in the ranges, (points, settings)."""
    points: list[dict[str, str]]
    """The settings of each point, as typed, and its seeds."""


def create(overrides: Sequence[str], metric: str, method: Method, samples: int | None) -> Path:
    """Begin a study.

    Raises:
        ConfigError: Nothing varies, there is no such metric, or a corner of the ranges cannot be run.
        DataError: The folder holds something already.
    """
    advice = "sensitivity needs settings that vary, such as world.rent=0..10 graph.rewire=0.0..1.0"
    outline = read_outline(overrides, SEEDS, advice)
    ends = [outline.settings_at(share) for share in (0.0, 1.0)]
    named = [{**ends[0], one.name: value} for one in outline.ranges for value in one.values[1:-1]]
    for settings in (*ends, *named):
        config = check_point(outline.overrides, settings)
        if config.treatments:
            raise ConfigError("sensitivity has no treatments; leave treatments={...} and the experiment with them out")
        check_metric(config, metric)
    folder = SensitivityPlan.choose_folder(outline.run_dir, f"sensitivity {metric}")
    plan = SensitivityPlan(
        method=method,
        samples=samples or SAMPLES[method],
        overrides=outline.overrides,
        inputs=outline.find_inputs(),
        ranges=outline.ranges,
    )
    plan.write(folder)
    return folder


def check_metric(config: Any, metric: str) -> str:
    """Return what a metric is called; raise `ConfigError` if the world has no such metric."""
    kind, _ = resolve_world(config)
    if (name := metric.removesuffix(LAST)) not in kind.metric_labels:
        raise ConfigError(unknown("metric", name, kind.metric_labels))
    return make_outcome(metric, kind).label


def draw_design(plan: SensitivityPlan) -> Design:
    """Return the points of a study; they follow from its plan alone."""
    names = [*(one.name for one in plan.ranges), CHANCE]
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    shares = _sample(plan, problem)
    seeds = load_run_config(plan.overrides).seeds
    points = [
        {
            **{one.name: one.at(float(share)) for one, share in zip(plan.ranges, row, strict=False)},
            "seeds": _shift_seeds(seeds, min(int(row[-1] * SEED_SETS), SEED_SETS - 1)),
        }
        for row in shares
    ]
    return Design(problem, shares, points)


def index_table(
    plan: SensitivityPlan, design: Design, results: Mapping[tuple[str, ...], PointResult], metric: str
) -> pd.DataFrame:
    """Return the indices of every setting, the largest first; see `COLUMNS`.

    Raises:
        ConfigError: The outcome is missing at a point, or the same at all.
    """
    outcome = np.array([_mean(results[point_key(point)], metric) for point in design.points])
    if num_missing := int(np.isnan(outcome).sum()):
        raise ConfigError(
            f"{metric} has no value at {num_missing} of {len(outcome)} points; choose another metric or narrower ranges"
        )
    if np.ptp(outcome) == 0:
        raise ConfigError(f"{metric} is {outcome[0]:.4g} at all points, so no setting moves it")
    table = pd.DataFrame(_analyse(plan, design, outcome), columns=list(COLUMNS[plan.method]))
    return table.sort_values(COLUMNS[plan.method][1], ascending=False, kind="stable", ignore_index=True)


def describe_indices(plan: SensitivityPlan, table: pd.DataFrame, label: str) -> list[str]:
    """Return sentences: which settings move the outcome, most first, and which show nothing."""
    name = COLUMNS[plan.method][1]
    rows = to_records(table)
    floor = next(_highest(row, name) for row in rows if row["setting"] == CHANCE)
    shown = [row for row in rows if row["setting"] != CHANCE and _lowest(row, name) > floor]
    others = [row["setting"] for row in rows if row["setting"] != CHANCE and row not in shown]
    moved = ", ".join(f"{row['setting']} ({row[name]:.3g})" for row in shown)
    sentences = [f"{label}, {plan.method}: {f'moved by {moved}' if shown else 'no setting is shown to move it'}."]
    if others:
        sentences.append(f"Not shown to move it: {', '.join(others)}.")
    return sentences


def _shift_seeds(seeds: Sequence[int], number: int) -> str:
    """Return one of the sets of seeds, as an override's value; 0 is the study's own."""
    shift = number * (max(seeds) + 1)
    return f"[{','.join(str(seed + shift) for seed in seeds)}]"


def _sample(plan: SensitivityPlan, problem: dict[str, Any]) -> Array:
    """Draw points in the unit cube, with a fixed seed."""
    if plan.method == "morris":
        from SALib.sample import morris

        return morris.sample(problem, plan.samples, num_levels=LEVELS, seed=0)
    if plan.method == "sobol":
        from SALib.sample import sobol

        return sobol.sample(problem, plan.samples, calc_second_order=False, seed=0)
    from SALib.sample import latin

    return latin.sample(problem, plan.samples, seed=0)


def _analyse(plan: SensitivityPlan, design: Design, outcome: Array) -> list[tuple[Any, ...]]:
    """Return a row of `COLUMNS` for each setting."""
    names = design.problem["names"]
    if plan.method == "morris":
        from SALib.analyze import morris

        found = morris.analyze(design.problem, design.shares, outcome, num_levels=LEVELS, seed=0)
        numbers = [found[name] for name in ("mu_star", "mu_star_conf", "mu", "sigma")]
    elif plan.method == "sobol":
        from SALib.analyze import sobol

        found = sobol.analyze(design.problem, outcome, calc_second_order=False, seed=0)
        numbers = [found[name] for name in ("ST", "ST_conf", "S1", "S1_conf")]
    else:
        from SALib.analyze import pawn

        found = pawn.analyze(design.problem, design.shares, outcome, S=SLICES, seed=0)
        numbers = [found[name] for name in ("median", "minimum", "maximum")]
    return [(name, *map(float, row)) for name, row in zip(names, np.transpose(np.array(numbers)), strict=True)]


def _mean(result: PointResult, metric: str) -> float:
    (outcomes,) = result.values.values()
    values = [value for value in outcomes[metric] if value is not None]
    return float(np.mean(values)) if values else float("nan")


def _lowest(row: Mapping[str, Any], name: str) -> float:
    return row[name] - row.get(f"{name}_interval", 0.0)


def _highest(row: Mapping[str, Any], name: str) -> float:
    """Return the upper end of an index; of `pawn`, the largest distance, since its median varies by chance."""
    return row.get("maximum", row[name] + row.get(f"{name}_interval", 0.0))
