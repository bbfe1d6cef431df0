"""`python -m sandbox contrast`: how one run differs from another with the same seeds, such as a branch from its parent.

Arms of the same name are compared, paired by seed. Of a branch and its parent, only the steps from the branch on count:
before, both are the same run.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from experiments.contrasts import contrast_table
from experiments.families import deciding_p
from experiments.frames import column, rows_where, to_records
from experiments.outcomes import list_outcomes
from experiments.reports.charts import draw_contrasts
from experiments.statistics import ALPHA
from sandbox.counting import count_of
from sandbox.errors import ConfigError
from sandbox.output.provenance import describe_origin
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import Arm
from sandbox.runtime.run import Run
from sandbox.tables import write_table

MAX_SHOWN = 12
"""Outcomes that the terminal lists if none is declared."""


class RunContrast(NamedTuple):
    """The comparison of two runs."""

    table: pd.DataFrame
    """See `experiments.contrasts.COLUMNS`; `first` is the second run, from which `second`, the first, is subtracted."""
    labels: Mapping[str, str]
    from_step: int
    """First step that counts."""
    num_steps: int
    """Steps that both runs have; later ones of one run do not count."""
    num_seeds: int


def contrast_runs(first: Run, second: Run, outcomes: Sequence[str], from_step: int | None) -> RunContrast:
    """Compare two runs.

    Args:
        first: The run that is subtracted, such as the parent.
        second: The other one, such as the branch.
        outcomes: Metrics, or `metric@last`; empty: those that the second run declares, or else all, as exploratory.
        from_step: First step that counts; None: where they part, if they began as one run, or else 0.

    Raises:
        ConfigError: They are of different worlds, or share no arm, seed or step.
    """
    configs = [run.manifest.segments[-1].config for run in (first, second)]
    kinds = [resolve_world(config)[0] for config in configs]
    if kinds[0] is not kinds[1]:
        raise ConfigError(f"{first.folder} is of the world {kinds[0].name}, {second.folder} of {kinds[1].name}")
    seeds = [seed for seed in configs[0].seeds if seed in configs[1].seeds]
    names = [arm.name for arm in configs[0].arms() if arm in configs[1].arms()]
    if not (seeds and names):
        missing = "seed" if names else "arm"
        raise ConfigError(f"{first.folder} and {second.folder} share no {missing}, so nothing is paired")
    start = find_parting(first, second) if from_step is None else from_step
    runs = _name_runs(first.folder, second.folder)
    results = [run.results().metrics for run in (first, second)]
    num_steps = min(int(column(metrics, "step").max()) + 1 for metrics in results)
    if start >= num_steps:
        raise ConfigError(
            f"both runs have {num_steps} steps, so none from step {start} on; name an earlier one, --from"
        )
    parts = [
        _select(metrics, names, seeds, range(start, num_steps)).assign(run=name)
        for metrics, name in zip(results, runs, strict=True)
    ]
    metrics = pd.concat(parts, ignore_index=True)
    metrics["arm"] = [_name_arm(arm, run) for arm, run in zip(metrics["arm"], metrics["run"], strict=True)]
    arms = [Arm(_name_arm(name, run), name, run) for name in names for run in runs]
    config = configs[1].model_copy(update={"outcomes": list(outcomes), "primary": []} if outcomes else {})
    listed = list_outcomes(config, kinds[1])
    table = contrast_table(listed, metrics.drop(columns="run"), arms, ("treatment",))
    return RunContrast(table, {one.name: one.label for one in listed}, start, num_steps, len(seeds))


def find_parting(first: Run, second: Run) -> int:
    """Return the first step at which two runs may differ: where one left what both began as, or 0."""
    segments = first.manifest.segments, second.manifest.segments
    shared = 0
    for own, other in zip(*segments, strict=False):
        if own != other:
            return min(own.from_step, other.from_step) if shared else 0
        shared += 1
    longer = max(segments, key=len)
    return longer[shared].from_step if shared < len(longer) else 0


def describe_contrast(contrast: RunContrast) -> list[str]:
    """Return a line for each declared outcome and arm; the clearest differences where none is declared."""
    table = contrast.table.assign(deciding=deciding_p(contrast.table))
    declared = rows_where(table, column(table, "declared"))
    shown = declared if len(declared) else table.sort_values("deciding", kind="stable").head(MAX_SHOWN)
    first, second = table["second"].iloc[0], table["first"].iloc[0]
    steps = f"steps {contrast.from_step} to {contrast.num_steps - 1}"
    lines = [f"{second} minus {first}, {steps}, {count_of(contrast.num_seeds, 'seed')}:"]
    lines += [_describe(row, contrast.labels) for row in to_records(shown)]
    if not len(declared):
        lines.append("No outcome was declared, so these are exploratory: the clearest of all metrics, not adjusted.")
    return lines


def write_contrast(contrast: RunContrast, run: Run, folder: Path) -> list[Path]:
    """Write table and picture; the picture shows what was declared, or else all."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = contrast.table
    if not column(shown, "declared").any():
        shown = shown.assign(declared=True)
    files = write_table(contrast.table, folder / "contrast")
    return [*files, *draw_contrasts(shown, contrast.labels, folder, describe_origin(run.manifest))]


def _describe(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    arm = "" if row["treatment"] == "main" else f" ({row['treatment']})"
    sign = "differs" if row["deciding"] < ALPHA else "no difference shown"
    interval = f"{row['difference']:.4g} [{row['low']:.4g}, {row['high']:.4g}]"
    return f"- {labels[row['outcome']]}{arm}: {interval}, p = {row['deciding']:.3g}: {sign}"


def _name_runs(first: Path, second: Path) -> tuple[str, str]:
    names = first.resolve().name, second.resolve().name
    return names if names[0] != names[1] else (f"{names[0]} (first)", f"{names[1]} (second)")


def _name_arm(arm: str, run: str) -> str:
    return f"{arm}: {run}"


def _select(metrics: pd.DataFrame, arms: Sequence[str], seeds: Sequence[int], steps: Sequence[int]) -> pd.DataFrame:
    is_shared = column(metrics, "arm").isin(arms) & column(metrics, "seed").isin(seeds)
    return rows_where(metrics, is_shared & column(metrics, "step").isin(steps))
