"""Networks from files: GraphML, or CSV with one tie per row."""

import csv
from pathlib import Path
from xml.etree.ElementTree import ParseError

import networkx as nx

from sandbox.errors import ConfigError, DataError, unknown
from sandbox.graphs.graph import Graph, build_graph

SUFFIXES = (".csv", ".graphml")


def read_graph(path: Path) -> Graph:
    """Read a network; its nodes become 0..n-1 in sorted order and keep their names as attribute `name`.

    `.graphml` is the format of Brandes et al. (2002), "GraphML progress report", LNCS 2265, 501-512,
    doi:10.1007/3-540-45848-4_59; `.csv` has a header with `source` and `target` and one tie per row. Names sort as
    numbers if all are non-negative integers, else as text. Directions, parallel ties, ties from a node to itself and
    all other columns and attributes are ignored.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"graph.path {path}: {unknown('file type', suffix, SUFFIXES)}")
    try:
        source = _read_csv(path) if suffix == ".csv" else nx.Graph(nx.read_graphml(path))
    except (OSError, ValueError, KeyError, csv.Error, ParseError, nx.NetworkXError) as error:
        raise DataError(f"graph file {path} cannot be read as {suffix}: {error}") from error
    if not source:
        raise DataError(f"graph file {path} has no nodes; name a file that has one for each person")
    is_numbered = all(map(str.isdecimal, source))
    names = sorted(source, key=(lambda name: (int(name), name)) if is_numbered else None)
    node_of = {name: node for node, name in enumerate(names)}
    ties = [(node_of[start], node_of[end]) for start, end in source.edges if start != end]
    graph = build_graph(len(names), ties)
    for node, name in enumerate(names):
        graph.nodes[node]["name"] = name
    return graph


def _read_csv(path: Path) -> "nx.Graph[str]":
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"source", "target"} <= set(rows.fieldnames or ()):
            raise DataError(f"graph file {path} needs the columns source and target, found {rows.fieldnames}")
        ties = [(row["source"], row["target"]) for row in rows]
    if gaps := [number for number, tie in enumerate(ties, start=1) if not all(tie)]:
        raise DataError(f"graph file {path}: row {gaps[0]} after the header lacks a source or target; fill it in")
    return nx.Graph(ties)
