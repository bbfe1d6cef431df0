"""Results of a run as data frames: metrics by replicate and step, and the world's tables."""

import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from sandbox.core.world import World
from sandbox.errors import ContractError
from sandbox.graphs import describe_graph
from sandbox.tables import read_table, write_table
from sandbox.user_code import explain_user_code

METRICS, TABLES = "metrics", "tables"
"""File, without its suffix, and folder of the results in the folder of a run."""
NETWORK = "network"
"""Table of every run: numbers that describe the social graph of each replicate."""
_TABLE_NAME = re.compile(r"[\w-]+( [\w-]+)*")


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
        """Write `metrics` and `tables/*`, each as CSV and Parquet; `metrics` last, so that its folder is complete."""
        (folder / TABLES).mkdir(exist_ok=True)
        for name, table in self.tables.items():
            write_table(table, folder / TABLES / name)
        write_table(self.metrics, folder / METRICS)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read what `write` wrote; None if the run never finished, or an earlier version wrote CSV files alone."""
        metrics = read_table(folder / METRICS)
        if metrics is None:
            return None
        names = [file.stem for file in sorted((folder / TABLES).glob("*.parquet"))]
        tables = {name: read_table(folder / TABLES / name) for name in names}
        return cls(metrics, {name: table for name, table in tables.items() if table is not None})


def _read_tables(world: World[Any]) -> dict[str, pd.DataFrame]:
    with explain_user_code(lambda: f"world {world.name}: reading its tables", lambda: type(world)):
        tables = world.tables()
        for name, rows in tables.items():
            _check_table(world, name, rows)
        return {name: _add_replicate(world, pd.DataFrame(rows)) for name, rows in tables.items()}


def _check_table(world: World[Any], name: Any, rows: Any) -> None:
    """Raise `ContractError` if a table cannot be written: it names a file, and each row names its columns."""
    if not isinstance(name, str) or not _TABLE_NAME.fullmatch(name):
        raise ContractError(f"world {world.name}: a table is called {name!r}; use letters, digits, `_` and `-`")
    if strangers := [row for row in rows if not isinstance(row, Mapping)]:
        raise ContractError(
            f"world {world.name}: a row of the table {name!r} is {reprlib.repr(strangers[0])}; a row is a dictionary "
            "from the name of a column to its value"
        )


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
    if not world.metric_labels:  # of which Mesa warns by an exception
        return pd.DataFrame({"step": range(world.now)})
    history = world.datacollector.get_model_vars_dataframe().rename_axis("step").reset_index()
    # A column of nothing but None has no number from which pandas could tell its type.
    without_number = history.columns[history.isna().all()]
    return history.astype(dict.fromkeys(without_number, float))


def _add_replicate(world: World[Any], table: pd.DataFrame) -> pd.DataFrame:
    table.insert(0, "arm", world.replicate.arm)
    table.insert(1, "seed", world.replicate.seed)
    return table
