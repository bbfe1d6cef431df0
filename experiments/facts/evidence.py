"""What facts are judged on: the tables of runs by arm and seed, what was offered and chosen, and how arms were set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from experiments.facts.decisions import decision_tables
from experiments.facts.measures import Frame
from sandbox.config import Arm as SettledArm
from sandbox.config import RunConfig, targeted
from sandbox.errors import DataError
from sandbox.run import Run

Tables: TypeAlias = Mapping[str, Frame]


@dataclass(frozen=True)
class Arm:
    """How one arm was set."""

    name: str
    mind: str
    """Who decides: name of the mind, with the voice that speaks for it."""
    world: Mapping[str, Any]
    """Parameters of the world."""

    def differs_in(self, other: "Arm") -> set[str]:
        """Parameters of the world in which two arms differ."""
        return {name for name in {**self.world, **other.world} if self.world.get(name) != other.world.get(name)}


@dataclass(frozen=True)
class Evidence:
    """Tables of all arms, and what the arms are."""

    tables: Tables
    """Every table has the columns arm and seed. Beside the world's own: `metrics` (one row per step), and of the
    decisions `offers` and `choices` (see `experiments.facts.decisions`)."""
    arms: Mapping[str, Arm]

    @classmethod
    def of_run(cls, run: Run) -> "Evidence":
        """Read a finished run with all its arms."""
        config = run.manifest.segments[-1].config
        return cls(_tables(run), {arm.name: arm_of(config, arm) for arm in config.arms()})

    @classmethod
    def of_runs(cls, runs: Mapping[str, Path]) -> "Evidence":
        """Read the folders of finished runs, one arm each, by the arm's name."""
        parts = [cls.of_run(Run(folder))._named(name) for name, folder in runs.items()]
        names = {name for part in parts for name in part.tables}
        joined = {name: [part.tables[name] for part in parts if name in part.tables] for name in sorted(names)}
        return cls(
            {name: pd.concat(frames, ignore_index=True) for name, frames in joined.items()},
            {arm.name: arm for part in parts for arm in part.arms.values()},
        )

    def _named(self, name: str) -> "Evidence":
        """The same under another name; raises `DataError` where there are several arms."""
        if len(self.arms) > 1:
            raise DataError(f"{name} holds the arms {', '.join(self.arms)}; judge it by itself")
        tables = {key: table.assign(arm=name) for key, table in self.tables.items()}
        return Evidence(tables, {name: replace(next(iter(self.arms.values())), name=name)})

    def of(self, arm: str) -> Tables:
        """The rows of one arm."""
        return {name: table[table["arm"] == arm] for name, table in self.tables.items()}


def runs_by_name(folders: Iterable[Path]) -> dict[str, Path]:
    """Folders by the last part of their path, which names the arm; raises `DataError` where two have the same."""
    found: dict[str, Path] = {}
    for folder in map(Path, folders):
        name = folder.resolve().name
        if name in found:
            raise DataError(f"two runs are named {name!r} ({found[name]} and {folder}); rename one of the folders")
        found[name] = folder
    return found


def arm_of(config: RunConfig, arm: SettledArm) -> Arm:
    """What a run's configuration says of one of its arms."""
    kind, _ = targeted(config.mind, "mind")
    speaker = arm.mind or config.mind.get("speaker")
    mind = f"{kind.name}:{speaker}" if speaker and speaker not in (kind.name, *config.voices) else speaker or kind.name
    world = {**config.world, **config.treatments.get(arm.treatment, {})}
    return Arm(arm.name, str(mind), {key: value for key, value in world.items() if key != "_target_"})


def _tables(run: Run) -> dict[str, Frame]:
    results = run.results()
    log = run.log()
    try:
        decided = decision_tables(log.decisions())
    finally:
        log.close()
    return {"metrics": results.metrics, **results.tables, **decided}
