"""Generated networks have the degrees, groups and ties that were asked for."""

import math
from collections.abc import Callable
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandbox.errors import ConfigError
from sandbox.graphs import Graph, describe_graph
from sandbox.graphs.generators import erdos_renyi, scale_free, small_world, stochastic_block
from tests.sandbox.graphs.conftest import SEEDS, list_neighbours, make_rng


@given(n=st.integers(3, 60), half=st.integers(1, 10), rewire=st.floats(0, 1), seed=SEEDS)
def test_a_small_world_has_the_degree_asked_for(n: int, half: int, rewire: float, seed: int) -> None:
    degree = min(2 * half, 2 * ((n - 1) // 2))
    graph = small_world(n, degree, rewire, make_rng(seed))
    assert graph.number_of_edges() == n * degree // 2
    assert min(map(len, graph.adj.values())) >= degree // 2


def test_a_small_world_without_rewiring_is_a_ring_lattice() -> None:
    ring = [(0, [1, 4]), (1, [0, 2]), (2, [1, 3]), (3, [2, 4]), (4, [0, 3])]
    assert list_neighbours(small_world(5, 2, 0, make_rng())) == ring


@given(n=st.integers(2, 60), edges_per_node=st.integers(1, 10), seed=SEEDS)
def test_a_scale_free_network_is_connected_with_the_ties_asked_for(n: int, edges_per_node: int, seed: int) -> None:
    edges_per_node = min(edges_per_node, n - 1)
    graph = scale_free(n, edges_per_node, make_rng(seed))
    assert graph.number_of_edges() == edges_per_node * (n - edges_per_node)
    assert nx.is_connected(graph)


@given(n=st.integers(200, 400), mean_degree=st.floats(0, 40), seed=SEEDS)
@example(n=200, mean_degree=1e-300, seed=0)
@settings(max_examples=50)
def test_a_random_network_has_the_mean_degree_asked_for(n: int, mean_degree: float, seed: int) -> None:
    num_ties = erdos_renyi(n, mean_degree, make_rng(seed)).number_of_edges()
    expected = n * mean_degree / 2
    assert abs(num_ties - expected) <= 7 * math.sqrt(expected) + 7


@pytest.mark.parametrize("homophily", [0.0, 0.3, 0.7, 1.0])
def test_a_block_network_has_the_mean_degree_and_homophily_asked_for(homophily: float) -> None:
    n = 20_000
    groups = [str(group) for group in make_rng(3).choice(5, n, p=[0.4, 0.3, 0.2, 0.07, 0.03])]
    at_random = sum(math.comb(groups.count(group), 2) for group in set(groups)) / math.comb(n, 2)
    graph = stochastic_block(groups, 8, homophily, make_rng(4))
    assert describe_graph(graph)["mean_degree"] == pytest.approx(8, rel=0.02)
    share = sum(groups[a] == groups[b] for a, b in graph.edges) / graph.number_of_edges()
    assert share == pytest.approx(homophily + (1 - homophily) * at_random, abs=0.01)


@given(
    groups=st.lists(st.sampled_from("abcd"), min_size=2, max_size=30),
    mean_degree=st.floats(0, 30),
    homophily=st.floats(0, 1),
    seed=SEEDS,
)
def test_a_block_network_is_generated_or_refused(
    groups: list[str], mean_degree: float, homophily: float, seed: int
) -> None:
    try:
        graph = stochastic_block(groups, mean_degree, homophily, make_rng(seed))
    except ConfigError:
        return
    assert list(graph) == list(range(len(groups)))
    assert homophily < 1 or all(groups[a] == groups[b] for a, b in graph.edges)


def test_every_pair_is_tied_with_the_probability_of_its_groups() -> None:
    groups, num_networks, rng = "abacbb", 4000, make_rng(6)
    counts = dict.fromkeys(combinations(range(6), 2), 0)
    for _ in range(num_networks):
        for tie in stochastic_block(groups, 2, 0.4, rng).edges:
            counts[tie] += 1
    between = 0.6 * 2 / 5
    within = between + 0.4 * 6 / 4  # 6 expected ties, 4 pairs of one group
    for (a, b), count in counts.items():
        prob = within if groups[a] == groups[b] else between
        assert abs(count / num_networks - prob) < 5 * math.sqrt(prob * (1 - prob) / num_networks)


def test_a_hundred_thousand_people_can_be_generated_and_described() -> None:
    groups = [str(group) for group in make_rng(1).integers(0, 20, 100_000)]
    description = describe_graph(stochastic_block(groups, 8, 0.5, make_rng(2)))
    assert description["nodes"] == 100_000
    assert description["mean_degree"] == pytest.approx(8, rel=0.01)


@pytest.mark.parametrize(
    ("generate", "message"),
    [
        (lambda: small_world(6, 6, 0.1, make_rng()), "degree 6 is more than .* found 6 people"),
        (lambda: small_world(9, 5, 0.1, make_rng()), "must be even .* found 5; use 4"),
        (lambda: scale_free(3, 3, make_rng()), "edges_per_node 3 is more than .* found 3 people"),
        (lambda: erdos_renyi(3, 2.5, make_rng()), "mean_degree 2.5 is more than .* found 3 people"),
        (lambda: erdos_renyi(3, math.inf, make_rng()), "mean_degree inf is more than"),
        (lambda: stochastic_block("abc", 3, 0, make_rng()), "mean_degree 3 is more than"),
        (lambda: stochastic_block("abc", 1, 0.5, make_rng()), "the 0 pairs of people of one group"),
        (lambda: stochastic_block("aabbcc", 4, 0.9, make_rng()), "lower homophily or mean_degree"),
    ],
)
def test_impossible_numbers_say_what_was_found_and_what_to_do(generate: Callable[[], Graph], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        generate()
