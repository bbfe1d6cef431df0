"""Run with `pytest tests/sandbox/test_graph.py`."""

import math
import pickle
import random
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hydra.utils import instantiate
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from pydantic import ValidationError

from sandbox import graph as net
from sandbox.errors import ConfigError, DataError
from sandbox.people import Profile

CONF = Path(__file__).parents[2] / "conf" / "graph"
FILES = sorted(CONF.glob("*.yaml"))
CATEGORIES = ("books", "films", "games")
DRAWN: list[net.GraphParams] = [
    net.SmallWorld(degree=4, rewire=0.2),
    net.ScaleFree(edges_per_node=2),
    net.StochasticBlock(by="favourite", mean_degree=3, homophily=0.5),
    net.ErdosRenyi(mean_degree=3),
]

sizes = st.integers(16, 80)
seeds = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def crowd(n: int, prefix: str = "p", categories: Sequence[str] = CATEGORIES) -> list[Profile]:
    tastes = [{categories[i % len(categories)]: 0.6, "music": 0.4} for i in range(n)]
    return [Profile(id=f"{prefix}{i}", persona=f"{prefix}-{i}", tastes=tastes[i]) for i in range(n)]


def adjacency(graph: net.Graph) -> list[tuple[int, list[int]]]:
    return [(node, list(graph[node])) for node in graph]


def called(graph: net.Graph) -> list[str]:
    return [graph.nodes[node]["name"] for node in graph]


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode(errors="surrogateescape"))
    return path


@pytest.mark.parametrize("params", DRAWN, ids=str)
@given(n=sizes, seed=seeds)
def test_a_network_is_simple_undirected_and_in_order(params: net.GraphParams, n: int, seed: int) -> None:
    graph = params.build(crowd(n), rng(seed))
    assert type(graph) is nx.Graph
    assert list(graph) == list(range(n))
    assert all(list(graph[node]) == sorted(set(graph[node]) - {node}) for node in graph)
    assert all(type(node) is int for tie in graph.edges for node in tie)


@pytest.mark.parametrize("params", DRAWN, ids=str)
def test_the_global_random_state_is_neither_used_nor_changed(params: net.GraphParams) -> None:
    drawn = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global state is what is tested
        before = pickle.dumps((random.getstate(), np.random.get_state()))  # noqa: NPY002
        drawn.append(adjacency(params.build(crowd(60), rng(5))))
        assert pickle.dumps((random.getstate(), np.random.get_state())) == before  # noqa: NPY002
    assert drawn[0] == drawn[1] != adjacency(params.build(crowd(60), rng(6)))


@pytest.mark.parametrize("params", DRAWN, ids=str)
@given(n=sizes, seed=seeds)
def test_a_label_never_changes_the_network(params: net.GraphParams, n: int, seed: int) -> None:
    same_groups = ["toys", "garden", "art"]
    others = crowd(n, "other", same_groups if isinstance(params, net.StochasticBlock) else ["toys"])
    assert adjacency(params.build(crowd(n), rng(seed))) == adjacency(params.build(others, rng(seed)))


@given(n=st.integers(3, 60), half=st.integers(1, 10), rewire=st.floats(0, 1), seed=seeds)
def test_a_small_world_has_the_degree_asked_for(n: int, half: int, rewire: float, seed: int) -> None:
    degree = min(2 * half, 2 * ((n - 1) // 2))
    graph = net.small_world(n, degree, rewire, rng(seed))
    assert graph.number_of_edges() == n * degree // 2
    assert min(map(len, graph.adj.values())) >= degree // 2


def test_a_small_world_without_rewiring_is_a_ring_lattice() -> None:
    ring = [(0, [1, 4]), (1, [0, 2]), (2, [1, 3]), (3, [2, 4]), (4, [0, 3])]
    assert adjacency(net.small_world(5, 2, 0, rng())) == ring


@given(n=st.integers(2, 60), edges_per_node=st.integers(1, 10), seed=seeds)
def test_a_scale_free_network_is_connected_with_the_ties_asked_for(n: int, edges_per_node: int, seed: int) -> None:
    m = min(edges_per_node, n - 1)
    graph = net.scale_free(n, m, rng(seed))
    assert graph.number_of_edges() == m * (n - m)
    assert nx.is_connected(graph)


@given(n=st.integers(200, 400), mean_degree=st.floats(0, 40), seed=seeds)
@example(n=200, mean_degree=1e-300, seed=0)
@settings(max_examples=50)
def test_a_random_network_has_the_mean_degree_asked_for(n: int, mean_degree: float, seed: int) -> None:
    ties = net.erdos_renyi(n, mean_degree, rng(seed)).number_of_edges()
    expected = n * mean_degree / 2
    assert abs(ties - expected) <= 7 * math.sqrt(expected) + 7


@pytest.mark.parametrize("homophily", [0.0, 0.3, 0.7, 1.0])
def test_a_block_network_has_the_mean_degree_and_homophily_asked_for(homophily: float) -> None:
    n = 20_000
    groups = [str(group) for group in rng(3).choice(5, n, p=[0.4, 0.3, 0.2, 0.07, 0.03])]
    at_random = sum(math.comb(groups.count(group), 2) for group in set(groups)) / math.comb(n, 2)
    graph = net.stochastic_block(groups, 8, homophily, rng(4))
    assert net.describe(graph)["mean_degree"] == pytest.approx(8, rel=0.02)
    share = sum(groups[a] == groups[b] for a, b in graph.edges) / graph.number_of_edges()
    assert share == pytest.approx(homophily + (1 - homophily) * at_random, abs=0.01)


@given(
    groups=st.lists(st.sampled_from("abcd"), min_size=2, max_size=30),
    mean_degree=st.floats(0, 30),
    homophily=st.floats(0, 1),
    seed=seeds,
)
def test_a_block_network_is_drawn_or_refused(
    groups: list[str], mean_degree: float, homophily: float, seed: int
) -> None:
    try:
        graph = net.stochastic_block(groups, mean_degree, homophily, rng(seed))
    except ConfigError:
        return
    assert list(graph) == list(range(len(groups)))
    assert homophily < 1 or all(groups[a] == groups[b] for a, b in graph.edges)


def test_every_pair_is_tied_with_the_probability_of_its_groups() -> None:
    groups, draws, source = "abacbb", 4000, rng(6)
    counts = dict.fromkeys(combinations(range(6), 2), 0)
    for _ in range(draws):
        for tie in net.stochastic_block(groups, 2, 0.4, source).edges:
            counts[tie] += 1
    between = 0.6 * 2 / 5
    within = between + 0.4 * 6 / 4  # 6 expected ties, 4 pairs of one group
    for (a, b), count in counts.items():
        prob = within if groups[a] == groups[b] else between
        assert abs(count / draws - prob) < 5 * math.sqrt(prob * (1 - prob) / draws)


def test_a_hundred_thousand_people_can_be_drawn_and_described() -> None:
    groups = [str(group) for group in rng(1).integers(0, 20, 100_000)]
    found = net.describe(net.stochastic_block(groups, 8, 0.5, rng(2)))
    assert found["nodes"] == 100_000
    assert found["mean_degree"] == pytest.approx(8, rel=0.01)


def test_groups_come_from_demographics_or_the_largest_taste() -> None:
    people = [Profile(id=str(i), persona="", demographics={"place": str(i % 2)}) for i in range(200)]
    graph = net.StochasticBlock(by="place", mean_degree=5, homophily=1).build(people, rng())
    assert all((a - b) % 2 == 0 for a, b in graph.edges)
    graph = net.StochasticBlock(by="favourite", mean_degree=5, homophily=1).build(crowd(200), rng())
    assert all((a - b) % 3 == 0 for a, b in graph.edges)


def test_an_attribute_that_some_people_lack_is_an_error_that_names_those_all_have() -> None:
    people = [*crowd(9), Profile(id="p9", persona="", tastes={"books": 1}, demographics={"age": "30"})]
    with pytest.raises(ConfigError, match="'age' is known of 1 of 10 people, not of 'p0'; known of all: favourite"):
        net.StochasticBlock(by="age", mean_degree=2, homophily=0).build(people, rng())


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: net.small_world(6, 6, 0.1, rng()), "degree 6 is more than .* found 6 people"),
        (lambda: net.small_world(9, 5, 0.1, rng()), "must be even .* found 5; take 4"),
        (lambda: net.scale_free(3, 3, rng()), "edges_per_node 3 is more than .* found 3 people"),
        (lambda: net.erdos_renyi(3, 2.5, rng()), "mean_degree 2.5 is more than .* found 3 people"),
        (lambda: net.erdos_renyi(3, math.inf, rng()), "mean_degree inf is more than"),
        (lambda: net.stochastic_block("abc", 3, 0, rng()), "mean_degree 3 is more than"),
        (lambda: net.stochastic_block("abc", 1, 0.5, rng()), "the 0 pairs of people of one group"),
        (lambda: net.stochastic_block("aabbcc", 4, 0.9, rng()), "lower homophily or mean_degree"),
    ],
)
def test_impossible_numbers_say_what_was_found_and_what_to_do(draw: Callable[[], net.Graph], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        draw()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_people_give_a_network_or_a_clear_error(n: int) -> None:
    for params in DRAWN:
        with pytest.raises(ConfigError, match=f"found {n} people"):
            params.build(crowd(n), rng())
    if n > 0:
        complete = adjacency(nx.complete_graph(n))
        assert adjacency(net.erdos_renyi(n, n - 1, rng())) == complete
        assert adjacency(net.stochastic_block("a" * n, n - 1, 1, rng())) == complete
        assert adjacency(net.stochastic_block("ab"[:n], n - 1, 0, rng())) == complete


@pytest.mark.parametrize(
    "make",
    [
        lambda: net.SmallWorld(degree=4, rewire=1.1),
        lambda: net.ScaleFree(edges_per_node=0),
        lambda: net.ErdosRenyi(mean_degree=-1),
        lambda: net.StochasticBlock(by="favourite", mean_degree=4, homophily=-0.1),
        lambda: net.ErdosRenyi(mean_degree=4, degree=4),  # pyright: ignore[reportCallIssue]
    ],
)
def test_bounds_and_names_of_parameters_are_checked(make: Callable[[], net.GraphParams]) -> None:
    with pytest.raises(ValidationError):
        make()


@given(n=st.integers(1, 30), seed=seeds)
def test_a_graphml_file_gives_back_the_network_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, n: int, seed: int
) -> None:
    path, graph = tmp_path_factory.mktemp("graph") / "net.graphml", nx.gnp_random_graph(n, 0.3, seed=seed)
    nx.write_graphml(nx.MultiDiGraph([*graph.edges, *graph.edges, *((i, i) for i in graph)]), path)
    found = net.FromFile(path=path).build(crowd(n), rng())
    assert list(found) == list(range(n))
    assert {frozenset(tie) for tie in found.edges} == {frozenset(tie) for tie in graph.edges}
    assert called(found) == [str(i) for i in range(n)]  # as numbers: 10 comes after 9


def test_a_csv_file_is_relabelled_in_sorted_order_whatever_the_order_of_its_rows(tmp_path: Path) -> None:
    rows = ["eve,bob,3", "bob,ann,1", "ann,bob,2", "ann,ann,9"]
    for order in (rows, rows[::-1]):
        found = net.from_file(write(tmp_path / "net.csv", "\n".join(["\ufeffsource,target,weight", *order])))
        assert called(found) == ["ann", "bob", "eve"]
        assert adjacency(found) == [(0, [1]), (1, [0, 2]), (2, [1])]


@pytest.mark.parametrize("n", [2, 4])
def test_a_file_needs_exactly_one_node_for_each_person(tmp_path: Path, n: int) -> None:
    path = write(tmp_path / "net.csv", "source,target\na,b\nb,c\n")
    with pytest.raises(ConfigError, match=f"has 3 nodes for {n} people; ask for 3 people"):
        net.FromFile(path=path).build(crowd(n), rng())


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("net.gexf", "", ConfigError, "unknown file type '.gexf'; there is .csv, .graphml"),
        ("net.csv", "from,to\na,b\n", DataError, "needs columns source and target"),
        ("net.csv", "", DataError, "needs columns source and target"),
        ("net.csv", "source,target\n", DataError, "has no nodes"),
        ("net.csv", "source,target\na,b\nc,\n", DataError, "row 2 .* lacks a source or target"),
        ("net.csv", "source,target\na\n", DataError, "row 1 .* lacks a source or target"),
        ("net.csv", "source,target\n\udcff,a\n", DataError, "cannot be read as .csv: .* can't decode"),
        ("missing/net.csv", None, DataError, "cannot be read as .csv: .* No such file"),
        ("net.graphml", "", DataError, "cannot be read as .graphml"),
        ("net.graphml", "<other/>", DataError, "cannot be read as .graphml"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, name: str, text: str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        net.from_file(tmp_path / name if text is None else write(tmp_path / name, text))


@given(n=st.integers(1, 40), prob=st.floats(0, 1), seed=seeds)
def test_describe_agrees_with_networkx(n: int, prob: float, seed: int) -> None:
    graph = nx.gnp_random_graph(n, prob, seed=seed)
    found = net.describe(graph)
    assert (found["nodes"], found["edges"]) == (n, graph.number_of_edges())
    assert found["clustering"] == pytest.approx(nx.average_clustering(graph))
    assert found["largest_component_share"] == max(map(len, nx.connected_components(graph))) / n
    is_defined = len({len(near) for near in graph.adj.values()} - {0}) > 1
    expected = nx.degree_assortativity_coefficient(graph) if is_defined else math.nan
    assert found["assortativity"] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_configuration_says_what_it_is_and_draws_a_network(path: Path, tmp_path: Path) -> None:
    assert path.read_text().startswith("# ")
    config = OmegaConf.load(path)
    if path.stem == "from_file":
        ring = [f"{i},{(i + 1) % 30}" for i in range(30)]
        config.path = str(write(tmp_path / "net.csv", "\n".join(["source,target", *ring])))
    params = instantiate(config)
    assert isinstance(params, net.GraphParams)
    assert set(config) == {"_target_", *type(params).model_fields}
    assert len(params.build(crowd(30), rng())) == 30
