"""Results of a run as data frames: metrics by replicate and step, and the world's tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from sandbox.core.world import World
from sandbox.errors import ContractError
from sandbox.files import replace_file
from sandbox.graphs import describe_graph
from sandbox.user_code import explain_user_code

NETWORK = "network"
"""Table of every run: numbers that describe the social graph of each replicate."""


@dataclass(frozen=True)
class Results:
    """Tidy results of a run."""

    metrics: pd.DataFrame
    """One row per replicate and step: arm, seed, step (0-based), one column per metric; NaN where it had no case."""
    tables: dict[str, pd.DataFrame]
    """The world's tables after the last step, and `NETWORK`; columns arm and seed first."""

    @classmethod
    def of(cls, worlds: Sequence[World[Any]]) -> Self:
        """Collect the results of worlds after a run.

        Raises:
            ContractError: A world calls a table of its own `NETWORK`.
        """
        metrics = pd.concat([_add_replicate(world, _metric_history(world)) for world in worlds], ignore_index=True)
        frames: dict[str, list[pd.DataFrame]] = {}
        for world in worlds:
            for name, table in _read_tables(world).items():
                frames.setdefault(name, []).append(table)
        if NETWORK in frames:
            raise ContractError(f"world {worlds[0].name} has a table {NETWORK!r}, as every run has; rename the world's")
        frames[NETWORK] = _describe_networks(worlds)
        return cls(metrics, {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()})

    def write(self, folder: Path) -> None:
        """Write `tables/*.csv` and, last, `metrics.csv`; each whole or not at all."""
        (folder / "tables").mkdir(exist_ok=True)
        for name, table in self.tables.items():
            with replace_file(folder / "tables" / f"{name}.csv") as draft:
                table.to_csv(draft, index=False)
        with replace_file(folder / "metrics.csv") as draft:
            self.metrics.to_csv(draft, index=False)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read what `write` wrote; None if the run never finished."""
        path = folder / "metrics.csv"
        if not path.is_file():
            return None
        tables = {file.stem: pd.read_csv(file) for file in sorted((folder / "tables").glob("*.csv"))}
        return cls(pd.read_csv(path), tables)


def _read_tables(world: World[Any]) -> dict[str, pd.DataFrame]:
    with explain_user_code(lambda: f"world {world.name}: reading its tables", lambda: type(world)):
        return {name: _add_replicate(world, pd.DataFrame(rows)) for name, rows in world.tables().items()}


def _describe_networks(worlds: Sequence[World[Any]]) -> list[pd.DataFrame]:
    """Return one row per world; replicates that share a graph share the work."""
    descriptions: dict[Any, dict[str, float]] = {}
    tables: list[pd.DataFrame] = []
    for world in worlds:
        graph = world.network.G
        key = len(graph), frozenset(graph.edges)
        if key not in descriptions:
            descriptions[key] = describe_graph(graph)
        tables.append(_add_replicate(world, pd.DataFrame([descriptions[key]])))
    return tables


def _metric_history(world: World[Any]) -> pd.DataFrame:
    history = world.datacollector.get_model_vars_dataframe().rename_axis("step").reset_index()
    # A column of nothing but None has no number from which pandas could tell its type.
    without_number = history.columns[history.isna().all()]
    return history.astype(dict.fromkeys(without_number, float))


def _add_replicate(world: World[Any], table: pd.DataFrame) -> pd.DataFrame:
    table.insert(0, "arm", world.replicate.arm)
    table.insert(1, "seed", world.replicate.seed)
    return table
