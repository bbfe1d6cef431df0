"""Write a run for other programs: Parquet and CSV of all that it holds, GraphML of its social graphs.

The decision log is copied in chunks, so a log may be larger than memory. Metrics are in long form, one value a row.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx

from sandbox.results import Results
from sandbox.run import Run
from sandbox.world import Person, World

CHUNK = 50_000
"""Decisions that are held in memory at once."""

DECISION: Mapping[str, str] = {
    "batch": "int64",
    "place": "int64",
    "replicate": "string",
    "step": "int64",
    "round": "int64",
    "agent": "int64",
    "role": "string",
    "template": "string",
    "hash": "string",
    "seed": "int64",
    "memory": "string",
    "content": "string",
    "value": "string",
    "source": "string",
    "voice": "string",
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
BATCH = {"batch": "int64", "step": "int64", "round": "int64", "decisions": "int64", "seconds": "double", "at": "double"}
EVENT = {"replicate": "string", "step": "int64", "what": "string"}

Row: TypeAlias = dict[str, Any]


def export(run: Run, folder: Path | None = None) -> list[Path]:
    """Write everything a run holds, finished or not.

    Args:
        run: The run.
        folder: Where to write; default: `export` in the run's folder.

    Returns:
        The files: decisions, batches, events, metrics, tables, graphs.
    """
    target = folder or run.folder / "export"
    for name in ("tables", "graphs"):
        (target / name).mkdir(parents=True, exist_ok=True)
    files = _export_log(run, target)
    worlds = run.replay()
    results = Results.of(worlds)
    files += write_frame(long_form(results.metrics), target / "metrics")
    for name, table in results.tables.items():
        files += write_frame(table, target / "tables" / name)
    return files + [write_graph(world, target / "graphs") for world in worlds]


def write_rows(rows: Iterator[Row], types: Mapping[str, str], path: Path) -> list[Path]:
    """Write rows as Parquet and CSV, `CHUNK` at a time."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    schema = pa.schema(list(types.items()))
    files = [path.with_name(f"{path.name}.parquet"), path.with_name(f"{path.name}.csv")]
    with parquet.ParquetWriter(files[0], schema) as columnar, csv.CSVWriter(files[1], schema) as text:
        while chunk := list(islice(rows, CHUNK)):
            table: pa.Table = pa.Table.from_pylist(chunk, schema)
            columnar.write_table(table)
            text.write_table(table)
    return files


def write_frame(frame: Any, path: Path) -> list[Path]:
    """Write a data frame as Parquet and CSV."""
    files = [path.with_name(f"{path.name}.parquet"), path.with_name(f"{path.name}.csv")]
    frame.to_parquet(files[0], index=False)
    frame.to_csv(files[1], index=False)
    return files


def long_form(metrics: Any) -> Any:
    """Metrics with one value a row: arm, seed, step, metric, value."""
    return metrics.melt(["arm", "seed", "step"], var_name="metric", value_name="value")


def write_graph(world: World, folder: Path) -> Path:
    """Write a world's social graph as GraphML, with what its tables know about each node."""
    graph = nx.Graph(world.network.G)
    known = node_attributes(world)
    for node, attributes in graph.nodes(data=True):
        attributes.clear()
        attributes.update(known.get(node, {}))
    path = folder / f"{world.replicate.replace('/', '-')}.graphml"
    nx.write_graphml_xml(graph, path)
    return path


def node_attributes(world: World) -> dict[Any, Row]:
    """Agent and profile of every node, then the columns of the world's tables that have a `node` column."""
    known: dict[Any, Row] = {}
    for person in world.agents:
        if isinstance(person, Person) and person.cell is not None:
            known[person.cell.coordinate] = {"agent": person.unique_id, "profile": person.profile.id}
    for rows in world.tables().values():
        for row in rows:
            if "node" in row:
                mine = known.setdefault(row["node"], {})
                mine.update((name, _xml(value)) for name, value in row.items() if name != "node" and value is not None)
    return known


def _xml(value: Any) -> Any:
    """Text without the characters that no XML file may hold."""
    return _NOT_XML.sub("", value) if isinstance(value, str) else value


def _export_log(run: Run, target: Path) -> list[Path]:
    log = run.log()
    try:
        batches = (dict(zip(BATCH, row, strict=True)) for row in log.batches())
        events = (dict(zip(EVENT, row, strict=True)) for row in log.events())
        return [
            *write_rows(map(_readable, log.decisions()), DECISION, target / "decisions"),
            *write_rows(batches, BATCH, target / "batches"),
            *write_rows(events, EVENT, target / "events"),
        ]
    finally:
        log.close()


def _readable(row: Row) -> Row:
    """A row of the log without bytes."""
    row |= {name: row[name].hex() for name in ("hash", "memory")}
    row |= {name: row[name] and row[name].decode() for name in ("content", "probs")}
    row |= {name: bool(row[name]) for name in ("truncated", "retried")}
    return row


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
