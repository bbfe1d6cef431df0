"""What facts are judged on: the tables of runs by arm and seed, what was offered and chosen, and the arms' settings."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from experiments.facts.decisions import decision_tables
from experiments.frames import column, rows_where
from sandbox.composition import resolve_target
from sandbox.errors import DataError
from sandbox.runtime.config import Arm, RunConfig
from sandbox.runtime.run import Run
from sandbox.runtime.treatments import SHAPING, config_under, world_changes

Tables: TypeAlias = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class ArmSettings:
    """The settings of one arm."""

    name: str
    mind: str
    """Name of the mind that answers, and the adapter it uses if that is not obvious from the name."""
    world: Mapping[str, Any]
    """Parameters of the world."""

    def differing_params(self, reference: "ArmSettings") -> set[str]:
        """Return the parameters of the world in which two arms differ."""
        names = {*self.world, *reference.world}
        return {name for name in names if self.world.get(name) != reference.world.get(name)}


@dataclass(frozen=True)
class Evidence:
    """Tables of all arms, and the arms' settings."""

    tables: Tables
    """Every table has the columns arm and seed. In addition to the world's own tables: `metrics` (one row per step),
    and `offers` and `choices` from the decision log (see `experiments.facts.decisions`)."""
    arms: Mapping[str, ArmSettings]

    @classmethod
    def from_run(cls, run: Run) -> "Evidence":
        """Read a finished run with all its arms."""
        config = run.manifest.segments[-1].config
        return cls(_read_tables(run), {arm.name: arm_settings(config, arm) for arm in config.arms()})

    @classmethod
    def from_runs(cls, runs: Mapping[str, Path]) -> "Evidence":
        """Read the folders of finished runs, one arm each, by the arm's name."""
        parts = [cls.from_run(Run(folder))._rename_arm(name) for name, folder in runs.items()]
        names = {name for part in parts for name in part.tables}
        tables = {name: [part.tables[name] for part in parts if name in part.tables] for name in sorted(names)}
        return cls(
            {name: pd.concat(frames, ignore_index=True) for name, frames in tables.items()},
            {arm.name: arm for part in parts for arm in part.arms.values()},
        )

    def _rename_arm(self, name: str) -> "Evidence":
        """Return the evidence of a single arm under another name; raise `DataError` if there are several arms."""
        if len(self.arms) > 1:
            raise DataError(f"{name} has several arms ({', '.join(self.arms)}); judge that run on its own")
        tables = {key: table.assign(arm=name) for key, table in self.tables.items()}
        return Evidence(tables, {name: replace(next(iter(self.arms.values())), name=name)})

    def arm_tables(self, arm: str) -> Tables:
        """Return the rows of one arm."""
        return {name: rows_where(table, column(table, "arm") == arm) for name, table in self.tables.items()}


def list_seeds(tables: Tables) -> list[int]:
    """Return the seeds that an arm was run with."""
    return sorted({int(seed) for table in tables.values() for seed in column(table, "seed").unique()})


def num_steps(tables: Tables) -> int:
    """Return the number of steps that an arm was run for."""
    steps = [int(column(table, "step").max()) + 1 for table in tables.values() if "step" in table and not table.empty]
    return max(steps, default=0)


def per_seed(table: pd.DataFrame, statistic: Callable[[pd.DataFrame], float]) -> pd.Series:
    """Return a statistic of each seed's rows."""
    return pd.Series({int(str(seed)): statistic(rows) for seed, rows in table.groupby("seed")}, dtype=float)


def runs_by_name(folders: Iterable[Path]) -> dict[str, Path]:
    """Return folders by the last part of their path, which names the arm; raise `DataError` if a name occurs twice."""
    runs: dict[str, Path] = {}
    for folder in map(Path, folders):
        name = folder.resolve().name
        if name in runs:
            raise DataError(f"two runs are named {name!r} ({runs[name]} and {folder}); rename one of the folders")
        runs[name] = folder
    return runs


def arm_settings(config: RunConfig, arm: Arm) -> ArmSettings:
    """Return what a run's configuration says about one of its arms."""
    kind, _ = resolve_target(config.mind, "mind")
    adapter = arm.mind or config.mind.get("default_adapter")
    is_named = adapter in (kind.name, *config.extra_minds)
    mind = f"{kind.name}:{adapter}" if adapter and not is_named else adapter or kind.name
    under = config_under(config, arm.treatment)
    changed = {name: getattr(under, name) for name in SHAPING if getattr(under, name) != getattr(config, name)}
    world = {**config.world, **world_changes(config, arm.treatment), **changed}
    return ArmSettings(arm.name, str(mind), {key: value for key, value in world.items() if key != "_target_"})


def _read_tables(run: Run) -> dict[str, pd.DataFrame]:
    results = run.results()
    with closing(run.log()) as log:
        shuffle = run.manifest.segments[-1].config.presentation.shuffle
        decided = decision_tables(log.decisions(), shuffle)
    return {"metrics": results.metrics, **results.tables, **decided}
