"""The numbers that describe a network are those of networkx."""

import math

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.graphs import describe_graph
from tests.sandbox.graphs.conftest import SEEDS


@given(n=st.integers(1, 40), prob=st.floats(0, 1), seed=SEEDS)
def test_describe_graph_agrees_with_networkx(n: int, prob: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, prob, seed=seed)
    description = describe_graph(graph)
    assert (description["nodes"], description["edges"]) == (n, graph.number_of_edges())
    assert description["clustering"] == pytest.approx(nx.average_clustering(graph))
    assert description["largest_component_share"] == max(map(len, nx.connected_components(graph))) / n
    is_defined = len({len(neighbours) for neighbours in graph.adj.values()} - {0}) > 1
    expected = nx.degree_assortativity_coefficient(graph) if is_defined else math.nan
    assert description["assortativity"] == pytest.approx(expected, nan_ok=True)
