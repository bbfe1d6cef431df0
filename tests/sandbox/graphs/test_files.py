"""Networks from files are relabelled in one order, and a file that cannot be used says why."""

from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import ConfigError, DataError
from sandbox.graphs import FromFile, Graph
from sandbox.graphs.files import read_graph
from tests.sandbox.graphs.conftest import SEEDS, list_neighbours, make_crowd, make_rng, write_text


def node_names(graph: Graph) -> list[str]:
    return [graph.nodes[node]["name"] for node in graph]


@given(n=st.integers(1, 30), seed=SEEDS)
def test_a_graphml_file_gives_back_the_network_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, n: int, seed: int
) -> None:
    path, original = tmp_path_factory.mktemp("graph") / "net.graphml", nx.gnp_random_graph(n, 0.3, seed=seed)
    self_ties = [(node, node) for node in original]
    nx.write_graphml(nx.MultiDiGraph([*original.edges, *original.edges, *self_ties]), path)
    graph = FromFile(path=path).build(make_crowd(n), make_rng())
    assert list(graph) == list(range(n))
    assert {frozenset(tie) for tie in graph.edges} == {frozenset(tie) for tie in original.edges}
    assert node_names(graph) == [str(i) for i in range(n)]  # as numbers: 10 comes after 9


def test_a_csv_file_is_relabelled_in_sorted_order_whatever_the_order_of_its_rows(tmp_path: Path) -> None:
    rows = ["eve,bob,3", "bob,ann,1", "ann,bob,2", "ann,ann,9"]
    for ordered_rows in (rows, rows[::-1]):
        text = "\n".join(["\ufeffsource,target,weight", *ordered_rows])
        graph = read_graph(write_text(tmp_path / "net.csv", text))
        assert node_names(graph) == ["ann", "bob", "eve"]
        assert list_neighbours(graph) == [(0, [1]), (1, [0, 2]), (2, [1])]


REAL_FORMS = {
    "Gephi": ("net.csv", "Source;Target;Type;Weight\nann;bob;Undirected;1,5\n"),
    "SNAP": ("net.txt", "# Directed graph: web.txt\n# Nodes: 2 Edges: 1\n# FromNodeId\tToNodeId\nann\tbob\n"),
    "SNAP with ids": ("net.csv", "id_1,id_2\nann,bob\n"),
    "NodeXL": ("net.csv", ",,Visual Properties,\nVertex 1,Vertex 2,Color,Width\nann,bob,,2\n"),
    "Neo4j": ("net.csv", ":START_ID,:END_ID,:TYPE\nann,bob,KNOWS\n"),
    "R with row names": ("net.csv", '"","from","to"\n"1","ann","bob"\n'),
    "pandas with its index": ("net.csv", ",source,target\n0,ann,bob\n"),
    "Excel": ("net.csv", "sep=;\nsource;target\nann;bob\n"),
    "NetLogo": ("net.csv", "end1,end2\nann,bob\n"),
    "aligned": ("net.txt", "source   target   weight \nann      bob      1 \n"),
    "a comment": ("net.csv", "# my friends\n\nsource,target\nann,bob\n"),
    "old Mac": ("net.csv", "source,target\rann,bob\r"),
    "a questionnaire": ("net.csv", "nominator,nominee\nann,bob\n"),
    "friends": ("net.csv", "name,friend\nann,bob\n"),
    "a survey": ("net.csv", "Person A,Person B\nann,bob\n"),
    "retweets": ("net.csv", "Retweeter\tRetweeted\nann\tbob\n"),
}


@pytest.mark.parametrize(("name", "text"), REAL_FORMS.values(), ids=REAL_FORMS)
def test_edge_lists_are_read_as_programs_write_them(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    graph = read_graph(path)
    assert node_names(graph) == ["ann", "bob"]
    assert list(graph.edges) == [(0, 1)]


def test_ties_that_are_left_out_or_repeated_are_counted(tmp_path: Path) -> None:
    rows = "ann,bob,1\nann,bob,5\nann,bob,1\nbob,ann,2\nann,ann,1\nbob,bob,1\n"
    graph = read_graph(write_text(tmp_path / "net.csv", f"source,target,weight\n{rows}"))
    assert graph.graph == {"self_ties": 2, "repeated_ties": 2, "other_weights": 1}
    assert graph.edges[0, 1] == {"weight": 9.0}
    undirected = "source,target,type\nann,bob,Undirected\nbob,ann,Undirected\n"
    assert read_graph(write_text(tmp_path / "two.csv", undirected)).graph["repeated_ties"] == 1


@pytest.mark.parametrize(
    ("column", "word", "expected"),
    [("directed", "true", 0), ("Directed", "False", None), ("type", "Directed", 0), ("Type", "undirected", None)],
)
def test_a_column_says_whether_a_tie_has_a_direction(
    tmp_path: Path, column: str, word: str, expected: int | None
) -> None:
    graph = read_graph(write_text(tmp_path / "net.csv", f"source,target,{column}\nann,bob,{word}\n"))
    assert graph.edges[0, 1].get("one_way_from") == expected


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("net.gexf", "", ConfigError, "unknown file type '.gexf'; there is .csv, .graphml, .tsv, .txt"),
        ("net.csv", "a,b\nc,d\n", DataError, "needs the columns source and target"),
        ("net.txt", "% sym\n1 2\n", DataError, "found '1 2'; add a line that names the columns before it"),
        ("net.csv", ",ann,bob\nann,0,1\nbob,1,0\n", DataError, "one tie per row if this is a matrix"),
        ("net.txt", "ann bob cem\nbob cem\n", DataError, "or a list of neighbours"),
        ("net.txt", '*Vertices 2\n1 "ann"\n', DataError, "holds Pajek, not one tie per row; save it as GraphML"),
        ("net.txt", "dl n=3 format=edgelist1\n", DataError, "holds UCINET DL, not one tie per row"),
        ("net.csv", '{"nodes": []}', DataError, "holds JSON, not one tie per row"),
        ("net.csv", "", DataError, "is empty; its first line must name the columns"),
        ("net.csv", "source,target\n", DataError, "has no nodes"),
        ("net.csv", "source,target\na,b\nc,\n", DataError, "row 2 .* lacks a source or target"),
        ("net.csv", "source,target\na\n", DataError, "line 2 has 1 cell, but the header has 2"),
        ("net.csv", "source,target\n\udcff,a\n", DataError, "cannot be read as csv: .* can't decode"),
        ("missing/net.csv", None, DataError, "cannot be read as .csv: No such file"),
        ("net.graphml", "", DataError, "cannot be read as .graphml"),
        ("net.graphml", "<other/>", DataError, "cannot be read as .graphml"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, name: str, text: str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_graph(tmp_path / name if text is None else write_text(tmp_path / name, text))
