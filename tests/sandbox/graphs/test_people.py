"""Nodes with the id of a person are this person, whatever their order and however the file calls its columns."""

from pathlib import Path

import pytest

from sandbox.core.profile import Profile
from sandbox.errors import ConfigError, DataError
from sandbox.graphs import FromFile, Graph
from sandbox.graphs.files import read_graph
from sandbox.graphs.people import match_people
from tests.sandbox.graphs.conftest import make_rng, write_text

PEOPLE = [Profile(id=name, persona="You.") for name in ("cem", "ann", "bob")]
GRAPHML = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="labels" for="node" attr.name="labels"/><key id="n" for="node" attr.name="name" attr.type="string"/>
<key id="age" for="node" attr.name="age" attr.type="int"/><key id="w" for="edge" attr.name="weight" attr.type="double"/>
<graph edgedefault="{direction}">
<node id="n0" labels=":Person"><data key="labels">:Person</data><data key="age"></data><data key="n">ann</data></node>
<node id="n1"><data key="unknown">x</data><data key="n">bob</data></node>
<node id="n2"><data key="age">old</data><data key="n">cem</data></node>
<edge source="n0" target="n1" label="KNOWS"><data key="w">3</data></edge>
<edge id="e1" source="n0" target="n2"><data key="w">0.5</data></edge></graph></graphml>"""


def ties_by_name(graph: Graph) -> set[frozenset[str]]:
    return {frozenset(graph.nodes[node]["name"] for node in tie) for tie in graph.edges}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("net.csv", "Source,Target,Type,Id,Label,Weight\nann,bob,Undirected,0,,1.0\nann,cem,Undirected,1,,1.0\n"),
        ("net.csv", "from,to\nann,bob\nann,cem\n"),
        ("net.csv", "follower;followee;since\nbob;ann;2020\ncem;ann;2021\n"),
        ("net.csv", "Follower ID,Following ID\nbob, ann\ncem,ann \n"),
        ("net.csv", "SourceID|TargetID\nann|bob\nann|cem\n"),
        ("net.tsv", "user_id\tfriend_id\nann\tbob\nann\tcem\n"),
        ("net.txt", "source target\nann bob\nann cem\n"),
        ("net.graphml", GRAPHML.format(direction="directed")),
    ],
)
def test_a_node_with_the_id_of_a_person_is_this_person(tmp_path: Path, name: str, text: str) -> None:
    path = write_text(tmp_path / name, text)
    graph = FromFile(path=path).build(PEOPLE, make_rng())
    assert [graph.nodes[node]["name"] for node in graph] == [person.id for person in PEOPLE]
    assert sorted(graph.edges) == [(0, 1), (1, 2)]
    assert ties_by_name(graph) == {frozenset({"ann", "bob"}), frozenset({"ann", "cem"})}


def test_weights_and_directions_are_kept(tmp_path: Path) -> None:
    path = write_text(tmp_path / "net.csv", "follower;followee;weight\nann;bob;0,5\nbob;ann;1,5\ncem;ann;4\n")
    graph = read_graph(path)
    assert dict(graph.edges[0, 1]) == {"weight": 2.0}
    assert dict(graph.edges[0, 2]) == {"weight": 4.0, "one_way_from": 2}
    graph = read_graph(write_text(tmp_path / "net.graphml", GRAPHML.format(direction="undirected")))
    assert dict(graph.edges[0, 2]) == {"weight": 0.5}


@pytest.mark.parametrize("weight", ["-1", "0", "much", "", "nan", "inf"])
def test_an_impossible_weight_is_refused_by_line(tmp_path: Path, weight: str) -> None:
    path = write_text(tmp_path / "net.csv", f"source,target,weight\na,b,2\nb,c,{weight}\n")
    with pytest.raises(DataError, match=r"line 3: found the weight .* expected a number above 0"):
        read_graph(path)


def test_nodes_are_people_or_strangers_but_not_both() -> None:
    assert match_people([("n0", "n1"), ("ann", "bob")], ["bob", "ann", "cem"]) == ("ann", "bob")
    assert match_people([("0", "1")], ["ann", "bob"]) == ()
    assert match_people([], ["ann"]) == ()
    with pytest.raises(
        ConfigError, match=r"1 of the network's 3 nodes .* 2 have not: 'Bob' \(is 'bob' meant\?\), 'gus'"
    ):
        match_people([("ann", "Bob", "gus")], ["ann", "bob"])
    with pytest.raises(ConfigError, match=r"is .* meant"):
        match_people([("jose\u0301", "bo")], ["jos\u00e9", "al"])
    with pytest.raises(ConfigError, match=r"'1\.0' \(is '01' meant\?\)"):
        match_people([("1.0", "2.0")], ["01", "02"])
    with pytest.raises(ConfigError, match="and 10 more"):
        match_people([("ann", *map(str, range(20)))], ["ann"])
