"""Networks from edge lists: text with one tie per row, as spreadsheets, Gephi and scrapers write it."""

import re
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import DataError
from sandbox.graphs.network_file import NetworkFile, Tie, parse_weight
from sandbox.text_tables import SEPARATORS, Table, TableRow, read_text_table

ENDS = (
    ("source", "target"), ("from", "to"), ("fromnode", "tonode"), ("follower", "followee"), ("follower", "following"),
    ("follower", "followed"), ("follower", "user"), ("user", "following"), ("user", "followee"), ("user", "follows"),
    ("user", "friend"), ("sender", "receiver"), ("sender", "recipient"), ("ego", "alter"), ("src", "dst"),
    ("tail", "head"), ("start", "end"), ("startnode", "endnode"), ("node1", "node2"), ("person1", "person2"),
    ("user1", "user2"), ("name1", "name2"), ("actor1", "actor2"), ("vertex1", "vertex2"), ("id1", "id2"), ("u", "v"),
)  # fmt: skip
"""Names of the columns of a tie's two ends; where they say so, a tie leads from the first to the second."""
WEIGHTS = ("weight", "weights", "tieweight", "edgeweight", "strength")
TYPE = "type"
"""Column in which Gephi says `Directed` or `Undirected`."""


def read_edge_list(path: Path) -> NetworkFile:
    """Read an edge list; every tie is directed unless a column `type` says `Undirected`.

    Raises:
        DataError: It has no two columns for the ends of a tie, or a row lacks an end or has an impossible weight.
    """
    table = read_text_table(path, (*SEPARATORS, " "))
    columns = {_normalize(name): name for name in reversed(table.columns)}
    source, target = _find_ends(path, columns, table.columns)
    weight = next((columns[name] for name in WEIGHTS if name in columns), "")
    has_weights = any(row.cells.get(weight) for row in table.rows)
    ties: list[Tie] = []
    for number, row in enumerate(table.rows, 1):
        ends = row.cells[source].strip(), row.cells[target].strip()
        if not all(ends):
            raise DataError(
                f"graph file {path}: row {number} after the header (line {row.line}) lacks a {source} or {target}; "
                "fill it in"
            )
        is_directed = row.cells.get(columns.get(TYPE, ""), "").strip().lower() != "undirected"
        ties.append(Tie(*ends, is_directed, _weight(path, row, weight, table) if has_weights else None))
    return NetworkFile({end: {} for tie in ties for end in tie[:2]}, ties)


def _find_ends(path: Path, columns: dict[str, str], header: Sequence[str]) -> tuple[str, str]:
    """Return the names of the columns of the two ends of a tie."""
    for first, second in ENDS:
        if first in columns and second in columns:
            return columns[first], columns[second]
    raise DataError(
        f"graph file {path} needs the columns source and target (or from and to, follower and followee, ...) in its "
        f"first line, found {list(header)}"
    )


def _normalize(column: str) -> str:
    """Return `Source`, `source_id` and `SourceId` as `source`."""
    name = re.sub(r"[\W_]", "", column.lower())
    return name if name in ("id1", "id2") else name.removesuffix("id").removesuffix("name")


def _weight(path: Path, row: TableRow, column: str, table: Table) -> float:
    text = row.cells[column].strip()
    # Where a semicolon separates cells, a comma is the decimal point.
    return parse_weight(
        text.replace(",", ".") if table.separator == ";" else text, f"graph file {path}, line {row.line}"
    )
