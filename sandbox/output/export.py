"""Write a run for other programs: Parquet and CSV of all that it holds, GraphML of its social graphs.

The decision log is copied in chunks, so a log may be larger than memory. Metrics are in long form, one value per row.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from itertools import chain, islice
from math import ceil, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from sandbox.characters import remove_control_characters
from sandbox.core.agent import Agent
from sandbox.core.world import World
from sandbox.files import replace_file
from sandbox.folders import make_folder
from sandbox.output.progress import track
from sandbox.output.row_writer import CHUNK, LogRow, PromptedRows, RowWriter
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run
from sandbox.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

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
PROMPT = "prompt"
"""One more column of decisions, on request: what a language model reads, without its chat template."""
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


def export_run(run: Run, folder: Path | None = None, has_prompts: bool = False) -> list[Path]:
    """Write everything a run holds, finished or not.

    Args:
        run: The run.
        folder: Where to write; default: `export` in the run's folder.
        has_prompts: Whether decisions get one more column, `prompt`: the text that a language model reads.

    Returns:
        The files: decisions, batches, interventions, metrics, tables, graphs.
    """
    worlds = run.replay()
    target = folder or run.folder / "export"
    for name in ("tables", "graphs"):
        make_folder(target / name, "folder with --to")
    worlds, files = _export_decisions(run, target / "decisions", has_prompts)
    files += _export_log(run, target)
    results = Results.of(worlds)
    files += write_table(to_long_form(results.metrics), target / "metrics")
    for name, table in results.tables.items():
        files += write_table(table, target / "tables" / name)
    return files + [write_graph(world, target / "graphs") for world in worlds]


def write_rows(rows: Iterable[LogRow], columns: Mapping[str, str], path: Path) -> list[Path]:
    """Write rows as Parquet and CSV.

    Args:
        rows: One dictionary per row.
        number: How many rows there are.
        columns: Name and Arrow type of every column.
        path: Where to write, without a suffix.
    """
    with RowWriter(columns, path) as writer:
        for row in rows:
            writer.write(row)
    return writer.files


def to_long_form(metrics: "pd.DataFrame") -> "pd.DataFrame":
    """Return metrics with one value per row: arm, seed, step, metric, value."""
    return metrics.melt(["arm", "seed", "step"], var_name="metric", value_name="value")


def write_graph(world: World[Any], folder: Path) -> Path:
    """Write a world's social graph as GraphML, with what its tables say about each node.

    A network from a file keeps the names of its nodes, and weights and directions of its ties.
    """
    graph = nx.Graph(world.network.G)
    graph.graph.clear()
    attributes_by_node = node_attributes(world)
    for node, attributes in graph.nodes(data=True):
        names = {"name": _to_graphml(attributes["name"])} if "name" in attributes else {}
        attributes.clear()
        attributes.update(names | attributes_by_node.get(node, {}))
    path = folder / f"{world.replicate.arm}-{world.replicate.seed}.graphml"
    with replace_file(path) as draft:
        nx.write_graphml_xml(graph, draft)
    return path


def node_attributes(world: World[Any]) -> dict[Any, LogRow]:
    """Return, for every node, its agent and profile and the columns of those tables that have a `node` column."""
    attributes: dict[Any, LogRow] = {}
    for agent in world.agents:
        if isinstance(agent, Agent) and agent.cell is not None:
            profile = _to_graphml(agent.profile.id)
            attributes[agent.cell.coordinate] = {"agent": agent.unique_id, "profile": profile}
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
    """Return a value as GraphML can hold it: a number, a truth value, or text without unreadable characters."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool | int | float):
        return plain
    return _ILLEGAL_IN_XML.sub("", remove_control_characters(str(plain)))


def _export_decisions(run: Run, path: Path, has_prompts: bool) -> tuple[list[World[Any]], list[Path]]:
    """Write all decisions; return the worlds at the end of the log, which is replayed, and the files."""
    with closing(run.log()) as log:
        if not has_prompts:
            rows = map(_decode_row, log.decisions())
            batches = track(range(ceil(log.totals()["decisions"] / CHUNK)), "export of decisions")
            files = write_rows(chain.from_iterable(islice(rows, CHUNK) for _ in batches), DECISION_COLUMNS, path)
            return run.replay(), files
        with RowWriter({**DECISION_COLUMNS, PROMPT: "string"}, path) as writer:
            return run.replay(sample=PromptedRows(log, writer, _decode_row)), writer.files


def _export_log(run: Run, target: Path) -> list[Path]:
    """Write batches and interventions."""
    with closing(run.log()) as log:
        batches = [dict(zip(BATCH_COLUMNS, row, strict=True)) for row in log.batches()]
        interventions = [dict(zip(INTERVENTION_COLUMNS, row, strict=True)) for row in log.interventions()]
        return [
            *write_rows(batches, BATCH_COLUMNS, target / "batches"),
            *write_rows(interventions, INTERVENTION_COLUMNS, target / "interventions"),
        ]


def _decode_row(row: LogRow) -> LogRow:
    """Return a row of the log with text and truth values in place of bytes and integers."""
    row |= {name: row[name].hex() for name in ("hash", "memory")}
    row |= {name: row[name] and row[name].decode() for name in ("content", "probs")}
    row |= {name: bool(row[name]) for name in ("truncated", "retried")}
    return row


_ILLEGAL_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
