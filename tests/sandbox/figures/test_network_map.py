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
    assert MAP.note(make_data(metrics)) == "Maps of seed 3 in each arm: n = 3 people, 2 ties."
    assert MAP.panels(make_data(metrics))[1].note(make_data(metrics)) == "Map of arm b, seed 3: n = 3 people, 2 ties."
    assert MAP.note(make_data(metrics.head(2))) == "Map of seed 3: n = 3 people, 2 ties."
    assert MAP.note(make_data(metrics.head(1))) == "Map: n = 3 people, 2 ties."
    expected = "Map: n = 400 people, 399 ties; a snowball sample from the best-connected of 401 people."
    assert MAP.note(make_data(graph=large)) == expected


@pytest.mark.parametrize(
    ("values", "other_values"), [([1.0, 2.0, 3.0], [2.0, 7.0, 4.0]), (["red", "red", "red"], ["red", "blue", "green"])]
)
def test_every_arm_has_a_panel_and_all_share_their_colours(values: list[Any], other_values: list[Any]) -> None:
    metrics = pd.DataFrame({"arm": ["a", "b"], "seed": 3, "step": 0, "x": 1.0})
    parts = [
        pd.DataFrame({"arm": arm, "seed": seed, "node": [0, 1, 2], "x": numbers})
        for arm, numbers in (("a", values), ("b", other_values))
        for seed in (3, 4)
    ]
    data = make_data(metrics, tables={"people": pd.concat(parts)})
    panels = MAP.panels(data)
    assert [panel.title for panel in panels] == ["a", "b"]
    assert len(MAP.panels(make_data())) == 1
    axes = [make_axes() for _ in panels]
    for ax, panel in zip(axes, panels, strict=True):
        assert not panel.is_empty(data)
        panel.draw(ax, data)
    if isinstance(values[0], str):
        assert legend_texts(axes[0]) == legend_texts(axes[1]) == ["blue", "green", "red"]
    else:
        marks = [ax.collections[-1] for ax in axes]
        assert [mark.get_clim() for mark in marks] == [(1.0, 7.0), (1.0, 7.0)]
        assert [list(np.asarray(mark.get_array())) for mark in marks] == [values, other_values]


def test_an_arm_without_rows_has_an_empty_panel() -> None:
    metrics = pd.DataFrame({"arm": ["a", "b"], "seed": 0, "step": 0, "x": 1.0})
    table = pd.DataFrame({"arm": "a", "seed": 0, "node": [0, 1, 2], "x": 1.0})
    data = make_data(metrics, tables={"people": table})
    assert [panel.is_empty(data) for panel in MAP.panels(data)] == [False, True]


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
