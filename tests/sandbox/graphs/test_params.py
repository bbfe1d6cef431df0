"""Run with `pytest tests/sandbox/graphs`."""

import pickle
import random
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hydra.utils import instantiate
from hypothesis import given
from omegaconf import OmegaConf
from pydantic import ValidationError

from sandbox.core.profile import Profile
from sandbox.errors import ConfigError
from sandbox.graphs import ErdosRenyi, FromFile, GraphParams, ScaleFree, SmallWorld, StochasticBlock
from sandbox.graphs.generators import erdos_renyi, stochastic_block
from tests.sandbox.graphs.conftest import GENERATED, SEEDS, SIZES, list_neighbours, make_crowd, make_rng, write_text

CONF = Path(__file__).parents[3] / "conf" / "graph"
FILES = sorted(CONF.glob("*.yaml"))


@pytest.mark.parametrize("params", GENERATED, ids=str)
@given(n=SIZES, seed=SEEDS)
def test_a_network_is_simple_undirected_and_in_order(params: GraphParams, n: int, seed: int) -> None:
    graph = params.build(make_crowd(n), make_rng(seed))
    assert type(graph) is nx.Graph
    assert list(graph) == list(range(n))
    assert all(list(graph[node]) == sorted(set(graph[node]) - {node}) for node in graph)
    assert all(type(node) is int for tie in graph.edges for node in tie)


@pytest.mark.parametrize("params", GENERATED, ids=str)
def test_the_global_random_state_is_neither_used_nor_changed(params: GraphParams) -> None:
    networks = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global state is what is tested
        before = pickle.dumps((random.getstate(), np.random.get_state()))  # noqa: NPY002
        networks.append(list_neighbours(params.build(make_crowd(60), make_rng(5))))
        assert pickle.dumps((random.getstate(), np.random.get_state())) == before  # noqa: NPY002
    assert networks[0] == networks[1] != list_neighbours(params.build(make_crowd(60), make_rng(6)))


@pytest.mark.parametrize("params", GENERATED, ids=str)
@given(n=SIZES, seed=SEEDS)
def test_a_label_never_changes_the_network(params: GraphParams, n: int, seed: int) -> None:
    same_groups = ["toys", "garden", "art"]
    renamed = make_crowd(n, "other", same_groups if isinstance(params, StochasticBlock) else ["toys"])
    original = params.build(make_crowd(n), make_rng(seed))
    assert list_neighbours(original) == list_neighbours(params.build(renamed, make_rng(seed)))


def test_groups_come_from_demographics_or_the_largest_taste() -> None:
    people = [Profile(id=str(i), persona="", demographics={"place": str(i % 2)}) for i in range(200)]
    graph = StochasticBlock(by="place", mean_degree=5, homophily=1).build(people, make_rng())
    assert all((a - b) % 2 == 0 for a, b in graph.edges)
    graph = StochasticBlock(by="favourite", mean_degree=5, homophily=1).build(make_crowd(200), make_rng())
    assert all((a - b) % 3 == 0 for a, b in graph.edges)


def test_an_attribute_that_some_people_lack_is_an_error_that_names_those_all_have() -> None:
    people = [*make_crowd(9), Profile(id="p9", persona="", tastes={"books": 1}, demographics={"age": "30"})]
    message = "'age' is an attribute of 1 of 10 people, but not of 'p0'; attributes of all: favourite"
    with pytest.raises(ConfigError, match=message):
        StochasticBlock(by="age", mean_degree=2, homophily=0).build(people, make_rng())


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_people_give_a_network_or_a_clear_error(n: int) -> None:
    for params in GENERATED:
        with pytest.raises(ConfigError, match=f"found {n} people"):
            params.build(make_crowd(n), make_rng())
    if n > 0:
        complete = list_neighbours(nx.complete_graph(n))
        assert list_neighbours(erdos_renyi(n, n - 1, make_rng())) == complete
        assert list_neighbours(stochastic_block("a" * n, n - 1, 1, make_rng())) == complete
        assert list_neighbours(stochastic_block("ab"[:n], n - 1, 0, make_rng())) == complete


@pytest.mark.parametrize(
    "make_params",
    [
        lambda: SmallWorld(degree=4, rewire=1.1),
        lambda: ScaleFree(edges_per_node=0),
        lambda: ErdosRenyi(mean_degree=-1),
        lambda: StochasticBlock(by="favourite", mean_degree=4, homophily=-0.1),
        lambda: ErdosRenyi(mean_degree=4, degree=4),  # pyright: ignore[reportCallIssue]
    ],
)
def test_bounds_and_names_of_parameters_are_checked(make_params: Callable[[], GraphParams]) -> None:
    with pytest.raises(ValidationError):
        make_params()


@pytest.mark.parametrize("n", [2, 4])
def test_a_file_needs_exactly_one_node_for_each_person(tmp_path: Path, n: int) -> None:
    path = write_text(tmp_path / "net.csv", "source,target\na,b\nb,c\n")
    with pytest.raises(ConfigError, match=rf"has 3 nodes for {n} people; set population\.size to 3"):
        FromFile(path=path).build(make_crowd(n), make_rng())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_configuration_says_what_it_is_and_builds_a_network(path: Path, tmp_path: Path) -> None:
    assert path.read_text().startswith("# ")
    config = OmegaConf.load(path)
    if path.stem == "from_file":
        ring = [f"{i},{(i + 1) % 30}" for i in range(30)]
        config.path = str(write_text(tmp_path / "net.csv", "\n".join(["source,target", *ring])))
    params = instantiate(config)
    assert isinstance(params, GraphParams)
    assert set(config) == {"_target_", *type(params).model_fields}
    assert len(params.build(make_crowd(30), make_rng())) == 30
