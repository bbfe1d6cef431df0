"""Exports hold what the run holds."""

import json
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from agents.population import write_population
from sandbox import export as module
from sandbox.export import DECISION, export, long_form
from sandbox.log import _COLUMNS
from sandbox.run import Run
from sandbox.runner import Progress
from tests.conftest import Overrides, people, rumor


@pytest.fixture
def overrides(ruled: Overrides, tmp_path: Path) -> list[str]:
    write_population(tmp_path / "people.parquet", people(60))
    return [*ruled(f"population.file={tmp_path / 'people.parquet'}", "seeds=[0,1]")]


@pytest.fixture
def run(overrides: list[str]) -> Run:
    made = Run.start(overrides)
    made.go_on(Progress(), lambda _: None)
    return made


def test_every_column_of_the_log_is_exported(run: Run) -> None:
    export(run)
    table = pd.read_parquet(run.folder / "export" / "decisions.parquet")
    assert list(table.columns) == list(DECISION) == list(_COLUMNS)
    log = run.log()
    rows = list(log.decisions())
    log.close()
    assert len(table) == len(rows)
    for (_, found), row in zip(table.iterrows(), rows, strict=True):
        assert bytes.fromhex(str(found["hash"])) == row["hash"]
        assert str(found["content"]).encode() == row["content"]
        assert found["value"] == row["value"]
        assert found["seed"] == row["seed"]
        assert json.loads(str(found["content"]))[0] == found["template"]


def test_csv_and_parquet_say_the_same(run: Run) -> None:
    files = [path for path in export(run) if path.suffix == ".parquet"]
    assert {path.stem for path in files} >= {"decisions", "batches", "events", "metrics", "sellers", "buyers"}
    for path in files:
        one = pd.read_parquet(path)
        other = pd.read_csv(path.with_suffix(".csv"), keep_default_na=False, na_values=[""])
        assert list(one.columns) == list(other.columns)
        assert len(one) == len(other)
        for name in one.select_dtypes("number"):
            assert one[name].equals(other[name].astype(one[name].dtype)), (path, name)


def test_a_log_in_many_chunks_is_the_same_as_in_one(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(run, tmp_path / "one")
    monkeypatch.setattr(module, "CHUNK", 7)
    export(run, tmp_path / "many")
    for name in ("decisions.csv", "batches.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()
    one, many = (pd.read_parquet(tmp_path / name / "decisions.parquet") for name in ("one", "many"))
    pd.testing.assert_frame_equal(one, many)


def test_long_metrics_turn_back_into_wide_ones(run: Run) -> None:
    export(run)
    long = pd.read_parquet(run.folder / "export" / "metrics.parquet")
    assert list(long.columns) == ["arm", "seed", "step", "metric", "value"]
    wide = run.replay()
    for world in wide:
        seed = int(world.replicate.split("/")[1])
        mine = long[(long["seed"] == seed) & (long["step"] == 4)].set_index("metric")["value"]
        assert mine.to_dict() == world.latest
    metrics = long.pivot_table(index=["arm", "seed", "step"], columns="metric", values="value").reset_index()
    assert sorted(long_form(metrics)["value"]) == sorted(long["value"])


def test_graphs_carry_agents_profiles_and_the_tables_of_their_nodes(run: Run) -> None:
    export(run)
    for world in run.replay():
        graph = nx.read_graphml(run.folder / "export" / "graphs" / f"{world.replicate.replace('/', '-')}.graphml")
        assert nx.is_isomorphic(graph, world.network.G)
        for row in world.tables()["buyers"]:
            node = graph.nodes[str(row["node"])]
            assert node["agent"] == row["id"]
            assert node["profile"] == row["profile"]
            assert node["purchases"] == row["purchases"]
            assert node["reached"] == row["reached"]


def test_text_that_no_xml_may_hold_does_not_spoil_a_graph(tmp_path: Path) -> None:
    world = rumor()
    world.tables = lambda: {"people": [{"node": 0, "text": "ring \x07 & <b>", "empty": None}]}
    graph = nx.read_graphml(module.write_graph(world, tmp_path))
    assert graph.nodes["0"]["text"] == "ring  & <b>"
    assert "empty" not in graph.nodes["0"]


def test_events_are_exported(overrides: list[str]) -> None:
    run = Run.start([*overrides, "events=[{step: 2, do: message, text: hello}]"])
    run.go_on(Progress(), lambda _: None)
    export(run)
    events = pd.read_csv(run.folder / "export" / "events.csv")
    assert events["replicate"].to_list() == ["main/0", "main/1"]
    assert events["step"].to_list() == [2, 2]
    assert all("hello" in what for what in events["what"])


def test_an_unfinished_run_can_be_exported(overrides: list[str], tmp_path: Path) -> None:
    files = export(Run.start(overrides), tmp_path / "out")
    assert all(path.is_file() for path in files)
    assert len(pd.read_parquet(tmp_path / "out" / "decisions.parquet")) == 0
