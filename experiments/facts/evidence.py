"""What facts are judged on: the tables of runs by arm and seed, what was offered and chosen, and how arms were set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from experiments.facts.decisions import decision_tables
from experiments.facts.measures import Frame
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
    decisions `offers`, `choices` and `purchases` (see `experiments.facts.decisions`)."""
    arms: Mapping[str, Arm]

    @classmethod
    def of_runs(cls, runs: Mapping[str, Path]) -> "Evidence":
        """Read the folders of finished runs, one arm each, by the arm's name."""
        parts = [_read(name, folder) for name, folder in runs.items()]
        names = {name for tables, _ in parts for name in tables}
        joined = {name: [tables[name] for tables, _ in parts if name in tables] for name in sorted(names)}
        return cls(
            {name: pd.concat(frames, ignore_index=True) for name, frames in joined.items()},
            {arm.name: arm for _, arm in parts},
        )

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


def arm_of(name: str, config: RunConfig) -> Arm:
    """What a run's configuration says of its arm."""
    kind, _ = targeted(config.mind, "mind")
    speaker = config.mind.get("speaker")
    mind = f"{kind.name}:{speaker}" if speaker else str(kind.name)
    return Arm(name, mind, {key: value for key, value in config.world.items() if key != "_target_"})


def _read(name: str, folder: Path) -> tuple[dict[str, Frame], Arm]:
    run = Run(folder)
    results = run.results()
    log = run.log()
    try:
        decided = decision_tables(log.decisions())
    finally:
        log.close()
    tables = {"metrics": results.metrics, **results.tables, **decided}
    if len(arms := sorted(results.metrics["arm"].unique())) > 1:
        raise DataError(f"{folder} holds the arms {', '.join(arms)}; build `Evidence` from its tables and settings")
    arm = arm_of(name, run.manifest.segments[-1].config)
    return {key: table.assign(arm=name) for key, table in tables.items()}, arm
