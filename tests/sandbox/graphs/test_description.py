"""The numbers that describe a network are those of networkx."""

import math

import networkx as nx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.graphs import describe_graph
from sandbox.graphs.description import MAX_EXACT_NODES
from tests.sandbox.graphs.conftest import SEEDS


@given(n=st.integers(1, 40), prob=st.floats(0, 1), seed=SEEDS)
@example(n=31, prob=0.04296875, seed=350)  # two components are largest
def test_describe_graph_agrees_with_networkx(n: int, prob: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, prob, seed=seed)
    description = describe_graph(graph)
    degrees = [len(neighbours) for neighbours in graph.adj.values()]
    assert (description["nodes"], description["ties"]) == (n, graph.number_of_edges())
    assert (description["mean_degree"], description["max_degree"]) == (sum(degrees) / n, max(degrees))
    clustering = nx.average_clustering(graph) if max(degrees) > 1 else math.nan
    assert description["clustering"] == pytest.approx(clustering, nan_ok=True)
    assert description["components"] == nx.number_connected_components(graph)
    assert description["largest_component_share"] == max(map(len, nx.connected_components(graph))) / n
    is_defined = len({*degrees} - {0}) > 1
    expected = nx.degree_assortativity_coefficient(graph) if is_defined else math.nan
    assert description["degree_assortativity"] == pytest.approx(expected, nan_ok=True)
    largest = graph.subgraph(max(nx.connected_components(graph), key=len))
    path_length = nx.average_shortest_path_length(largest) if len(largest) > 1 else math.nan
    assert description["mean_path_length"] == pytest.approx(path_length, nan_ok=True)


def test_path_lengths_of_a_large_network_are_estimated_and_repeat() -> None:
    graph = nx.barabasi_albert_graph(MAX_EXACT_NODES + 300, 3, seed=1)
    estimate = describe_graph(graph)["mean_path_length"]
    assert estimate == describe_graph(graph)["mean_path_length"]
    assert estimate == pytest.approx(nx.average_shortest_path_length(graph), rel=0.03)
