"""Maps of small and large graphs."""

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from sandbox.figures import NetworkMap
from sandbox.figures.network_map import MAX_NODES, node_positions, sample_graph
from tests.sandbox.figures.conftest import legend_texts, make_axes, make_data

MAP = NetworkMap("map", "Map", "people", "node", "x", "x")


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        ([0.5, -1.0, np.nan], []),
        ([True, False, True], ["no", "yes"]),
        (["red", "blue", None], ["blue", "red"]),
        ([1, 2, 3], []),
    ],
)
def test_a_map_takes_numbers_truth_values_and_words(values: list[Any], groups: list[str]) -> None:
    table = pd.DataFrame({"arm": "main", "seed": 0, "node": [0, 1, 2], "x": values})
    ax = make_axes()
    MAP.draw(ax, make_data(tables={"people": table}))
    assert len(ax.collections) >= 3  # ties, agents without a value, agents with one
    if groups:
        assert legend_texts(ax) == groups
    else:
        assert ax.get_legend() is None


def test_a_note_says_which_replicate_how_many_people_and_ties_and_how_much_of_its_graph_a_map_shows() -> None:
    metrics = pd.DataFrame({"arm": ["a", "a", "b"], "seed": [3, 4, 3], "step": 0, "x": 1.0})
    large = nx.star_graph(MAX_NODES)
    assert MAP.note(make_data(metrics)) == "Map of arm a, seed 3: n = 3 people, 2 ties."
    assert MAP.note(make_data(metrics.head(1))) == "Map: n = 3 people, 2 ties."
    expected = "Map: n = 400 people, 399 ties; a snowball sample from the best-connected of 401 people."
    assert MAP.note(make_data(graph=large)) == expected


def test_positions_depend_on_the_graph_only() -> None:
    first, second = (node_positions(nx.path_graph(9)) for _ in range(2))
    assert all((first[node] == second[node]).all() for node in first)


@pytest.mark.parametrize(
    "graph", [nx.barabasi_albert_graph(3000, 3, seed=0), nx.empty_graph(1000), nx.star_graph(5000)]
)
def test_a_large_graph_is_drawn_as_a_sample_with_its_ties(graph: "nx.Graph[Any]") -> None:
    sample = sample_graph(graph)
    assert len(sample) == MAX_NODES
    assert max(graph, key=lambda node: graph.degree[node]) in sample
    assert set(map(frozenset, sample.edges)) == set(map(frozenset, graph.subgraph(list(sample)).edges))
