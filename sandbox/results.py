"""What a run says: metrics by replicate and step, and the world's tables, as data frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from sandbox.world import World


@dataclass(frozen=True)
class Results:
    """Tidy results of a run."""

    metrics: pd.DataFrame
    """One row per replicate and step: arm, seed, step (0-based), one column per metric."""
    tables: dict[str, pd.DataFrame]
    """The world's tables after the last step; columns arm and seed first."""

    @classmethod
    def of(cls, worlds: Sequence[World]) -> Self:
        """Collect the results of worlds that were run."""
        metrics = pd.concat([_labelled(world, _history(world)) for world in worlds], ignore_index=True)
        frames: dict[str, list[pd.DataFrame]] = {}
        for world in worlds:
            for name, rows in world.tables().items():
                frames.setdefault(name, []).append(_labelled(world, pd.DataFrame(rows)))
        return cls(metrics, {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()})

    def write(self, folder: Path) -> None:
        """Write `metrics.csv` and `tables/*.csv`."""
        (folder / "tables").mkdir(exist_ok=True)
        for name, table in self.tables.items():
            table.to_csv(folder / "tables" / f"{name}.csv", index=False)
        self.metrics.to_csv(folder / "metrics.csv", index=False)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read what `write` wrote; None where it never came to that."""
        path = folder / "metrics.csv"
        if not path.is_file():
            return None
        tables = {file.stem: pd.read_csv(file) for file in sorted((folder / "tables").glob("*.csv"))}
        return cls(pd.read_csv(path), tables)


def _history(world: World) -> pd.DataFrame:
    return world.datacollector.get_model_vars_dataframe().rename_axis("step").reset_index()


def _labelled(world: World, table: pd.DataFrame) -> pd.DataFrame:
    arm, seed = world.replicate.rsplit("/", 1)
    table.insert(0, "arm", arm)
    table.insert(1, "seed", int(seed))
    return table
