"""Cascades of who told whom, and the similarity of tied people."""

import math
import time

import networkx as nx
import numpy as np
import pytest

from sandbox.graphs import cascades, tie_similarity


def make_tips(*pairs: tuple[int, int], item: str = "book") -> list[dict[str, str | int]]:
    """Return a table of who told whom, one tip per step."""
    return [
        {"step": step, "teller": teller, "hearer": hearer, "item": item} for step, (teller, hearer) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    ("pairs", "tree"),
    [
        ([(0, 1), (1, 2), (2, 3)], nx.path_graph(4)),
        ([(0, 1), (0, 2), (0, 3), (0, 4)], nx.star_graph(4)),
        ([(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6)], nx.balanced_tree(2, 2)),
    ],
)
def test_a_cascade_has_the_size_depth_and_virality_of_its_tree(
    pairs: list[tuple[int, int]], tree: "nx.Graph[int]"
) -> None:
    [row] = cascades(make_tips(*pairs))
    assert (row["root"], row["item"], row["size"]) == (0, "book", len(tree))
    assert row["depth"] == nx.eccentricity(tree, 0)
    assert row["virality"] == pytest.approx(nx.average_shortest_path_length(tree))


def test_the_first_who_tells_counts_and_roots_stay_roots() -> None:
    rows = cascades(make_tips((5, 1), (7, 1), (7, 5), (1, 2), (7, 8)))
    assert [(row["root"], row["size"], row["depth"]) for row in rows] == [(5, 3, 2), (7, 2, 1)]


def test_a_root_who_reaches_only_people_who_know_it_is_a_cascade_of_one() -> None:
    [_, row] = cascades(make_tips((5, 1), (7, 1)))
    assert (row["root"], row["size"], row["depth"]) == (7, 1, 0)
    assert row["virality"] == pytest.approx(math.nan, nan_ok=True)


def test_items_have_cascades_of_their_own_and_order_is_that_of_steps() -> None:
    tips = make_tips((0, 1), (1, 2)) + make_tips((1, 0), (2, 1), item="film")
    rows = cascades(tips[::-1])
    assert [(row["item"], row["root"], row["depth"]) for row in rows if row["item"] == "book"] == [("book", 0, 2)]
    assert [(row["root"], row["depth"]) for row in rows if row["item"] == "film"] == [(1, 1), (2, 0)]
    assert cascades([]) == []


def test_tied_people_with_the_same_items_are_more_alike_than_any_two() -> None:
    graph: nx.Graph[int] = nx.Graph([(0, 1), (2, 3)])
    assert tie_similarity(graph, [{"a"}, {"a"}, {"b"}, {"b"}]) == pytest.approx(1 - 2 / 6)
    assert tie_similarity(graph, [{"a"}, {"b"}, {"a"}, {"b"}]) == pytest.approx(-2 / 6)
    assert tie_similarity(nx.complete_graph(4), [{"a"}, {"a", "b"}, {"b"}, set()]) == pytest.approx(0)


@pytest.mark.parametrize("sets", [[set(), set(), set()], [{"a"}, set(), set()]])
def test_the_similarity_of_people_without_items_is_undefined(sets: list[set[str]]) -> None:
    graph = nx.empty_graph(3)
    graph.add_edge(1, 2)
    assert math.isnan(tie_similarity(graph, sets))


def test_a_sample_of_pairs_is_fast_repeats_and_agrees_with_all_pairs() -> None:
    rng = np.random.default_rng(0)
    graph = nx.barabasi_albert_graph(10_000, 4, seed=0)
    sets = [set(rng.integers(30, size=5).tolist()) for _ in graph]
    start = time.perf_counter()
    value = tie_similarity(graph, sets, seed=3)
    assert time.perf_counter() - start < 2
    assert value == tie_similarity(graph, sets, seed=3) != tie_similarity(graph, sets, seed=4)
    assert abs(value) < 0.005, "items are drawn at random, so ties cannot matter"
