"""Networks from edge lists: text with one tie per row, as spreadsheets, Gephi and scrapers write it."""

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from sandbox.errors import DataError, quote_value
from sandbox.graphs.network_file import NetworkFile, Tie, parse_weight
from sandbox.text_tables import COMMENT, SEPARATORS, Table, TableRow, read_text_table

ENDS = (
    ("source", "target"), ("from", "to"), ("fromnode", "tonode"), ("follower", "followee"), ("follower", "following"),
    ("follower", "followed"), ("follower", "user"), ("user", "following"), ("user", "followee"), ("user", "follows"),
    ("user", "friend"), ("sender", "receiver"), ("sender", "recipient"), ("ego", "alter"), ("src", "dst"),
    ("tail", "head"), ("start", "end"), ("startnode", "endnode"), ("node1", "node2"), ("person1", "person2"),
    ("user1", "user2"), ("name1", "name2"), ("actor1", "actor2"), ("vertex1", "vertex2"), ("id1", "id2"), ("u", "v"),
    ("end1", "end2"), ("nodea", "nodeb"), ("persona", "personb"), ("usera", "userb"), ("person", "friend"),
    ("name", "friend"), ("nominator", "nominee"), ("chooser", "chosen"), ("retweeter", "retweeted"),
    ("user", "mentioned"), ("user", "mentioneduser"), ("author", "replyto"), ("account", "friend"),
)  # fmt: skip
"""Names of the columns of a tie's two ends; where they say so, a tie leads from the first to the second."""
WEIGHTS = ("weight", "weights", "tieweight", "edgeweight", "strength")
TYPE, IS_DIRECTED = "type", "directed"
"""Columns in which Gephi says `Directed` or `Undirected`, and others whether a tie has a direction."""
MUTUAL = {TYPE: ("undirected", "mutual"), IS_DIRECTED: ("false", "no", "0", "n", "f")}
"""What these columns say of a tie without a direction."""
MAX_PREAMBLE = 50
"""Lines before the header among which it is looked for."""
FORMATS = {
    r"\*vertices|\*network|\*arcs|\*edges": "Pajek", r"dl\b": "UCINET DL", r"%%matrixmarket": "Matrix Market",
    r"graph\s*\[|creator\s+\"": "GML", r"<": "XML", r"[\[{]": "JSON", r"pk\x03\x04": "a workbook or an archive",
    r"nodedef>": "GDF",
}  # fmt: skip
"""How files begin, in lower case, that are no edge list whatever their ending says."""


def read_edge_list(path: Path) -> NetworkFile:
    """Read an edge list; every tie is directed unless a column `type` says `Undirected`.

    Raises:
        DataError: It has no two columns for the ends of a tie, or a row lacks an end or has an impossible weight.
    """
    separators = (*SEPARATORS, " ")
    table = read_text_table(path, separators, _count_preamble(path, separators), is_lenient=True)
    columns = {_normalize(name): name for name in reversed(table.columns)}
    source, target = (columns[end] for end in _find_ends(columns) or ENDS[0])
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
        words = {name: row.cells.get(columns.get(name, ""), "").strip().lower() for name in MUTUAL}
        is_directed = not any(words[name] in mutual for name, mutual in MUTUAL.items())
        ties.append(Tie(*ends, is_directed, _weight(path, row, weight, table) if has_weights else None))
    return NetworkFile({end: {} for tie in ties for end in tie[:2]}, ties)


def _find_ends(columns: Collection[str]) -> tuple[str, str] | None:
    """Return the two normalised names of columns that are the ends of a tie; None if there are none."""
    return next((ends for ends in ENDS if ends[0] in columns and ends[1] in columns), None)


def _count_preamble(path: Path, separators: Sequence[str]) -> int:
    """Return the number of lines before the header: comments, as in SNAP's files, and groups of columns, as NodeXL's.

    Raises:
        DataError: No line names the ends of a tie, or the file is in another format.
    """
    lines: list[str] = []
    with suppress(OSError, ValueError), path.open(encoding="utf-8-sig") as file:  # the table says what is wrong
        lines = [line.strip() for line in islice(file, MAX_PREAMBLE)]
    _refuse_other_format(path, "".join(lines[:1]).lower())
    is_preamble = True
    for number, line in enumerate(lines):
        if is_preamble and any(_find_ends(_split(line, separator)) for separator in separators):
            return number
        is_preamble = is_preamble and (not line or line.startswith((*COMMENT, *separators, "sep=")))
    if header := next((line for line in lines if line and not line.startswith(tuple(COMMENT))), ""):
        raise DataError(
            f"graph file {path} needs the columns source and target (or from and to, follower and followee, ...) in "
            f"its first line, found {quote_value(header)}; add a line that names the columns before it, or write one "
            "tie per row if this is a matrix or a list of neighbours"
        )
    return 0


def _split(line: str, separator: str) -> dict[str, str]:
    return {_normalize(name): name for name in line.lstrip(COMMENT).split(separator)}


def _refuse_other_format(path: Path, beginning: str) -> None:
    for pattern, name in FORMATS.items():
        if re.match(pattern, beginning):
            raise DataError(
                f"graph file {path} holds {name}, not one tie per row; save it as GraphML (.graphml), or as text with "
                "the columns source and target"
            )


def _normalize(column: str) -> str:
    """Return `Source`, `source_id` and `SourceId` as `source`."""
    name = re.sub(r"[\W_]", "", column.lower())
    return name if name in ("id1", "id2") else name.removesuffix("id").removesuffix("name") or name


def _weight(path: Path, row: TableRow, column: str, table: Table) -> float:
    text = row.cells[column].strip()
    # Where a semicolon separates cells, a comma is the decimal point.
    return parse_weight(
        text.replace(",", ".") if table.separator == ";" else text, f"graph file {path}, line {row.line}"
    )
