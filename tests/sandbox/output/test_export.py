"""Exports hold what the run holds."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import networkx as nx
import pandas as pd
import pytest

import sandbox.output.row_writer
from agents.population_files import write_population
from sandbox.core.question import Question
from sandbox.errors import DataError
from sandbox.output.export import DECISION_COLUMNS, export_run, to_long_form, write_graph
from sandbox.prompting.render import render
from sandbox.runtime.log_rows import COLUMNS
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides, make_rumor, profiles


@pytest.fixture
def overrides(rule_market: Overrides, tmp_path: Path) -> list[str]:
    write_population(tmp_path / "profiles.parquet", profiles(60))
    return [*rule_market(f"population.file={tmp_path / 'profiles.parquet'}", "seeds=[0,1]")]


@pytest.fixture
def finished_run(overrides: list[str]) -> Run:
    run = Run.start(overrides)
    run.resume(Progress(), lambda _: None)
    return run


def test_every_column_of_the_log_is_exported(finished_run: Run) -> None:
    export_run(finished_run)
    table = pd.read_parquet(finished_run.folder / "export" / "decisions.parquet")
    assert list(table.columns) == list(DECISION_COLUMNS) == list(COLUMNS)
    log = finished_run.log()
    rows = list(log.decisions())
    log.close()
    assert len(table) == len(rows)
    for exported_row, row in zip(table.to_dict("records"), rows, strict=True):
        assert bytes.fromhex(str(exported_row["hash"])) == row["hash"]
        assert str(exported_row["content"]).encode() == row["content"]
        assert exported_row["value"] == row["value"]
        assert (exported_row["arm"], exported_row["seed"]) == (row["arm"], row["seed"])
        assert json.loads(str(exported_row["content"]))[0] == exported_row["template"]


def test_prompts_are_exported_on_request(finished_run: Run) -> None:
    export_run(finished_run, has_prompts=True)
    folder = finished_run.folder / "export"
    table = pd.read_parquet(folder / "decisions.parquet")
    assert list(table.columns) == [*DECISION_COLUMNS, "prompt"]
    assert pd.read_csv(folder / "decisions.csv")["prompt"].to_list() == table["prompt"].to_list()
    prompts: list[str] = []

    class Listener:
        def add(self, questions: Sequence[Question[Any]]) -> None:
            prompts.extend(
                f"{prompt.system}\n\n{prompt.user}\n{prompt.lead}".rstrip() for prompt in map(render, questions)
            )

    finished_run.replay(sample=Listener())
    assert table["prompt"].to_list() == prompts
    assert len(set(prompts)) > 1


def test_csv_and_parquet_say_the_same(finished_run: Run) -> None:
    files = [path for path in export_run(finished_run) if path.suffix == ".parquet"]
    assert {path.stem for path in files} >= {"decisions", "batches", "interventions", "metrics", "sellers", "buyers"}
    for path in files:
        from_parquet = pd.read_parquet(path)
        from_csv = pd.read_csv(path.with_suffix(".csv"), keep_default_na=False, na_values=[""])
        assert list(from_parquet.columns) == list(from_csv.columns)
        assert len(from_parquet) == len(from_csv)
        for name in from_parquet.select_dtypes("number"):
            column = from_parquet[name]
            assert column.equals(from_csv[name].astype(column.dtype)), (path, name)


def test_a_log_in_many_chunks_is_the_same_as_in_one(
    finished_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_run(finished_run, tmp_path / "single")
    monkeypatch.setattr(sandbox.output.row_writer, "CHUNK", 7)
    export_run(finished_run, tmp_path / "many")
    for name in ("decisions.csv", "batches.csv"):
        assert (tmp_path / "single" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()
    single, many = (pd.read_parquet(tmp_path / name / "decisions.parquet") for name in ("single", "many"))
    pd.testing.assert_frame_equal(single, many)


def test_long_metrics_turn_back_into_wide_ones(finished_run: Run) -> None:
    export_run(finished_run)
    long = pd.read_parquet(finished_run.folder / "export" / "metrics.parquet")
    assert list(long.columns) == ["arm", "seed", "step", "metric", "value"]
    for world in finished_run.replay():
        last_step = long[(long["seed"] == world.replicate.seed) & (long["step"] == 4)]
        assert dict(zip(last_step["metric"], last_step["value"], strict=True)) == world.latest_metrics
    wide = long.pivot_table(index=["arm", "seed", "step"], columns="metric", values="value").reset_index()
    assert sorted(to_long_form(wide)["value"]) == sorted(long["value"])


def test_graphs_carry_agents_profiles_and_the_tables_of_their_nodes(finished_run: Run) -> None:
    export_run(finished_run)
    for world in finished_run.replay():
        name = f"{world.replicate.arm}-{world.replicate.seed}.graphml"
        graph = nx.read_graphml(finished_run.folder / "export" / "graphs" / name)
        assert nx.is_isomorphic(graph, world.network.G)
        for row in world.tables()["buyers"]:
            node = graph.nodes[str(row["node"])]
            assert node["agent"] == row["id"]
            assert node["profile"] == row["profile"]
            assert node["purchases"] == row["purchases"]
            assert node["reached"] == row["reached"]


def test_text_that_no_xml_may_hold_does_not_spoil_a_graph(tmp_path: Path) -> None:
    world = make_rumor()
    world.tables = lambda: {"people": [{"node": 0, "text": "ring \x07 \x1b[31m& <b>\x9c", "empty": None}]}
    for agent in world.villagers:
        agent.profile = msgspec.structs.replace(agent.profile, id=f"\x00{agent.profile.id}")
    graph = nx.read_graphml(write_graph(world, tmp_path))
    assert graph.nodes["0"]["text"] == "ring  & <b>"
    assert graph.nodes["0"]["profile"] == "p0"
    assert "empty" not in graph.nodes["0"]


def test_interventions_are_exported(overrides: list[str]) -> None:
    run = Run.start([*overrides, "interventions=[{step: 2, do: message, text: hello}]"])
    run.resume(Progress(), lambda _: None)
    export_run(run)
    interventions = pd.read_csv(run.folder / "export" / "interventions.csv")
    assert interventions["arm"].to_list() == ["main", "main"]
    assert interventions["seed"].to_list() == [0, 1]
    assert interventions["step"].to_list() == [2, 2]
    assert all("hello" in description for description in interventions["description"])


def test_an_unfinished_run_can_be_exported(overrides: list[str], tmp_path: Path) -> None:
    files = export_run(Run.start(overrides), tmp_path / "out")
    assert all(path.is_file() for path in files)
    assert len(pd.read_parquet(tmp_path / "out" / "decisions.parquet")) == 0


def test_a_missing_value_is_no_attribute_of_a_node(tmp_path: Path) -> None:
    world = make_rumor(size=4)
    rows: list[Any] = [
        {"node": node, "score": value, "words": ["a"]} for node, value in enumerate((1.5, math.nan, None, 0.0))
    ]
    world.tables = lambda: {"agents": rows}
    graph = nx.read_graphml(write_graph(world, tmp_path))
    assert dict(graph.nodes(data="score")) == {"0": 1.5, "1": None, "2": None, "3": 0.0}
    assert graph.nodes["0"]["words"] == "['a']"


def test_a_folder_that_cannot_be_is_an_error_before_anything_is_written(finished_run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match="cannot create the folder"):
        export_run(finished_run, tmp_path / "file")
