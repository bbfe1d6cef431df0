"""Write a run for other programs: Parquet and CSV of all that it holds, GraphML of its social graphs.

The decision log is copied in chunks, so a log may be larger than memory. Metrics are in long form, one value per row.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from math import ceil, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import networkx as nx
import numpy as np

from sandbox.core.agent import Agent
from sandbox.core.world import World
from sandbox.folders import make_folder
from sandbox.output.progress import track
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run
from sandbox.tables import table_files, write_table

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 50_000
"""Decisions that are held in memory at once."""

DECISION_COLUMNS: Mapping[str, str] = {
    "batch": "int64",
    "position_in_batch": "int64",
    "arm": "string",
    "seed": "int64",
    "step": "int64",
    "round": "int64",
    "agent": "int64",
    "role": "string",
    "template": "string",
    "hash": "string",
    "question_seed": "int64",
    "memory": "string",
    "content": "string",
    "value": "string",
    "source": "string",
    "mind": "string",
    "model": "string",
    "probs": "string",
    "position": "int64",
    "prompt_tokens": "int64",
    "cached_tokens": "int64",
    "output_tokens": "int64",
    "truncated": "bool",
    "retried": "bool",
}
"""Columns of the exported log and their types; `content` and `probs` are JSON, `hash` and `memory` hexadecimal."""
BATCH_COLUMNS: Mapping[str, str] = {
    "batch": "int64",
    "step": "int64",
    "round": "int64",
    "decisions": "int64",
    "seconds": "double",
    "unix_time": "double",
}
"""`seconds` is the time that answering took, `at` the unix time of its end."""
INTERVENTION_COLUMNS: Mapping[str, str] = {"arm": "string", "seed": "int64", "step": "int64", "description": "string"}
"""`what` is the type of the intervention and its settings as JSON."""

LogRow: TypeAlias = dict[str, Any]


def export_run(run: Run, folder: Path | None = None) -> list[Path]:
    """Write everything a run holds, finished or not.

    Args:
        run: The run.
        folder: Where to write; default: `export` in the run's folder.

    Returns:
        The files: decisions, batches, interventions, metrics, tables, graphs.
    """
    target = folder or run.folder / "export"
    for name in ("tables", "graphs"):
        make_folder(target / name, "folder with --to")
    files = _export_log(run, target)
    worlds = run.replay()
    results = Results.of(worlds)
    files += write_table(to_long_form(results.metrics), target / "metrics")
    for name, table in results.tables.items():
        files += write_table(table, target / "tables" / name)
    return files + [write_graph(world, target / "graphs") for world in worlds]


def write_rows(rows: Iterator[LogRow], number: int, columns: Mapping[str, str], path: Path) -> list[Path]:
    """Write rows as Parquet and CSV, `CHUNK` at a time.

    Args:
        rows: One dictionary per row.
        number: How many rows there are.
        columns: Name and Arrow type of every column.
        path: Where to write, without a suffix.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    schema = pa.schema(list(columns.items()))
    csv_file, parquet_file = table_files(path)
    with parquet.ParquetWriter(parquet_file, schema) as parquet_writer, csv.CSVWriter(csv_file, schema) as csv_writer:
        for _ in track(range(ceil(number / CHUNK)), f"export of {path.name}"):
            table: pa.Table = pa.Table.from_pylist(list(islice(rows, CHUNK)), schema)
            parquet_writer.write_table(table)
            csv_writer.write_table(table)
    return [csv_file, parquet_file]


def to_long_form(metrics: "pd.DataFrame") -> "pd.DataFrame":
    """Return metrics with one value per row: arm, seed, step, metric, value."""
    return metrics.melt(["arm", "seed", "step"], var_name="metric", value_name="value")


def write_graph(world: World[Any], folder: Path) -> Path:
    """Write a world's social graph as GraphML, with what its tables say about each node."""
    graph = nx.Graph(world.network.G)
    attributes_by_node = node_attributes(world)
    for node, attributes in graph.nodes(data=True):
        attributes.clear()
        attributes.update(attributes_by_node.get(node, {}))
    path = folder / f"{world.replicate.arm}-{world.replicate.seed}.graphml"
    nx.write_graphml_xml(graph, path)
    return path


def node_attributes(world: World[Any]) -> dict[Any, LogRow]:
    """Return, for every node, its agent and profile and the columns of those tables that have a `node` column."""
    attributes: dict[Any, LogRow] = {}
    for agent in world.agents:
        if isinstance(agent, Agent) and agent.cell is not None:
            attributes[agent.cell.coordinate] = {"agent": agent.unique_id, "profile": agent.profile.id}
    for rows in world.tables().values():
        for row in rows:
            if "node" in row:
                values = {name: value for name, value in row.items() if name != "node" and not _is_missing(value)}
                attributes.setdefault(row["node"], {}).update(
                    (name, _to_graphml(value)) for name, value in values.items()
                )
    return attributes


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _to_graphml(value: Any) -> Any:
    """Return a value as GraphML can hold it: a number, a truth value, or text without characters illegal in XML."""
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if isinstance(plain, bool | int | float) else _ILLEGAL_IN_XML.sub("", str(plain))


def _export_log(run: Run, target: Path) -> list[Path]:
    with closing(run.log()) as log:
        batches = [dict(zip(BATCH_COLUMNS, row, strict=True)) for row in log.batches()]
        interventions = [dict(zip(INTERVENTION_COLUMNS, row, strict=True)) for row in log.interventions()]
        number = int(log.totals()["decisions"])
        return [
            *write_rows(map(_decode_row, log.decisions()), number, DECISION_COLUMNS, target / "decisions"),
            *write_rows(iter(batches), len(batches), BATCH_COLUMNS, target / "batches"),
            *write_rows(iter(interventions), len(interventions), INTERVENTION_COLUMNS, target / "interventions"),
        ]


def _decode_row(row: LogRow) -> LogRow:
    """Return a row of the log with text and truth values in place of bytes and integers."""
    row |= {name: row[name].hex() for name in ("hash", "memory")}
    row |= {name: row[name] and row[name].decode() for name in ("content", "probs")}
    row |= {name: bool(row[name]) for name in ("truncated", "retried")}
    return row


_ILLEGAL_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
