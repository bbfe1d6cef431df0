"""Networks from GraphML, of which only names, ties and weights are read.

Programs put much into GraphML that a network does not need, with types and values that strict readers refuse: colours,
positions, labels of Neo4j, empty numbers. So the file is read here, and everything else in it is left alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from sandbox.errors import DataError
from sandbox.graphs.network_file import NetworkFile, Tie, parse_weight

NAME_ATTRIBUTES = ("name", "label", "profile", "id", "username", "user", "person", "nodegraphics")
"""Attributes that may hold the name of a node; `nodegraphics` is that of yEd."""
WEIGHT = "weight"


def read_graphml(path: Path) -> NetworkFile:
    """Read GraphML (Brandes et al. 2002, "GraphML progress report", LNCS 2265, 501-512, doi:10.1007/3-540-45848-4_59).

    Raises:
        DataError: It is not GraphML, a tie leads to a node that is not there, or a weight is impossible.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ValueError, LookupError, ElementTree.ParseError) as error:
        raise DataError(f"graph file {path} cannot be read as .graphml: {error}") from error
    if _tag(root) != "graphml" or not any(_tag(element) == "graph" for element in root):
        raise DataError(f"graph file {path} cannot be read as .graphml: it has no <graph> in a <graphml>")
    keys = {
        key.get("id", ""): (key.get("attr.name") or key.get("yfiles.type") or key.get("id", "")).lower()
        for key in root.iter()
        if _tag(key) == "key"
    }
    network = NetworkFile({}, [])
    for graph in (element for element in root.iter() if _tag(element) == "graph"):
        is_directed = graph.get("edgedefault", "directed") == "directed"
        for element in graph:
            if _tag(element) == "node":
                _add_node(path, network, element, keys)
            elif _tag(element) == "edge":
                network.ties.append(_tie(path, element, keys, is_directed))
    _check_ends(path, network)
    return network


def _add_node(path: Path, network: NetworkFile, element: ElementTree.Element, keys: Mapping[str, str]) -> None:
    node = element.get("id", "").strip()
    if not node or node in network.nodes:
        raise DataError(f"graph file {path}: found the node id {node!r}, expected one of its own for every node")
    values = dict(_values(element, keys))
    network.nodes[node] = {name: values[name] for name in NAME_ATTRIBUTES if name in values}


def _tie(path: Path, element: ElementTree.Element, keys: Mapping[str, str], is_directed: bool) -> Tie:
    source, target = element.get("source", "").strip(), element.get("target", "").strip()
    if named := element.get("directed"):
        is_directed = named == "true"
    text = dict(_values(element, keys)).get(WEIGHT, "")
    weight = parse_weight(text, f"graph file {path}, tie from {source!r} to {target!r}") if text else None
    return Tie(source, target, is_directed, weight)


def _check_ends(path: Path, network: NetworkFile) -> None:
    """Raise `DataError` if a tie leads to no node, or only some ties have a weight."""
    for tie in network.ties:
        if missing := [end for end in tie[:2] if end not in network.nodes]:
            raise DataError(f"graph file {path}: a tie names {missing[0]!r}, but there is no node with this id")
    unweighted = [tie for tie in network.ties if tie.weight is None]
    if unweighted and len(unweighted) < len(network.ties):
        source, target = unweighted[0][:2]
        raise DataError(f"graph file {path}: the tie from {source!r} to {target!r} lacks a weight, which others have")


def _values(element: ElementTree.Element, keys: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every attribute that is filled."""
    for data in element:
        text = "".join(data.itertext()).strip() if _tag(data) == "data" else ""
        if text:
            yield keys.get(data.get("key", ""), ""), text


def _tag(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]
