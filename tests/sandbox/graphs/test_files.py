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


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("net.gexf", "", ConfigError, "unknown file type '.gexf'; there is .csv, .graphml, .tsv, .txt"),
        ("net.csv", "a,b\nc,d\n", DataError, "needs the columns source and target"),
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
