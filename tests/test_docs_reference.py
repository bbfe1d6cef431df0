"""The reference pages are complete: every setting, and every column that small runs really write, is described."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from docs.generate import data_pages
from docs.generate.data_pages import DescribedColumn, DescribedTable
from docs.generate.dictionary import setting_meanings, setting_units
from docs.generate.setting_pages import find_incomplete_settings, list_setting_keys
from experiments.inference import COLUMNS as INFERENCE_COLUMNS
from sandbox.cli.main import main as run_sandbox
from sandbox.runtime.sweep import JOB_FILE, write_tables

ROOT = Path(__file__).parents[1]


def test_every_setting_has_a_meaning_and_every_number_a_unit() -> None:
    assert find_incomplete_settings() == []


def test_the_dictionary_names_only_settings_that_exist() -> None:
    assert sorted({*setting_units(), *setting_meanings()} - list_setting_keys()) == []


@pytest.fixture(scope="module")
def run_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folders of one small comparison for each world, exported, and interviewed."""
    folder = tmp_path_factory.mktemp("runs")
    small = ("mind=rule", "minds=[rule,random]", "seeds=[0,1]", "steps=6", "population.size=20")
    own = {
        "marketplace": ("world.num_sellers=4", "world.rent=60", "world.demand=2"),
        "rumor": (),
        "opinion": ("world.shown=arguments", "world.group_size=10"),
    }
    folders = {world: folder / world for world in data_pages.list_worlds()}
    for world, path in folders.items():
        interventions = "interventions=[{step: 2, do: message, text: Good morning.}]"
        settings = (f"world={world}", *small, *own.get(world, ()), interventions, f"run_dir={path}")
        assert run_sandbox(["compare", *settings]) == 0
        assert run_sandbox(["export", str(path)]) == 0
    survey = ROOT / "examples" / "survey.yaml"
    assert run_sandbox(["ask", str(folders["marketplace"]), "--at", "3", "--survey", str(survey)]) == 0
    return folders


@pytest.mark.filterwarnings("default")
def test_every_column_of_metrics_is_described(run_folders: dict[str, Path]) -> None:
    for world, folder in run_folders.items():
        columns = [
            DescribedColumn("arm", "text", "", ""),
            *(DescribedColumn(name, "integer", "", "") for name in ("seed", "step")),
        ]
        metrics = DescribedTable("metrics", "", (*columns, *data_pages.list_metrics(world)))
        check_columns(pd.read_csv(folder / "metrics.csv"), metrics)
        assert [column.name for column in metrics.columns if column.kind == "number" and not column.unit] == []


@pytest.mark.filterwarnings("default")
def test_every_column_of_a_worlds_tables_is_described(run_folders: dict[str, Path]) -> None:
    for world, folder in run_folders.items():
        described = {
            table.name: table for table in [*data_pages.list_common_tables(), *data_pages.list_world_tables(world)]
        }
        written = {path.stem: pd.read_csv(path) for path in (folder / "tables").glob("*.csv")}
        assert set(written) == set(described)
        for name, frame in written.items():
            assert list(frame.columns[:2]) == ["arm", "seed"]
            check_columns(frame.drop(columns=["arm", "seed"]), described[name])


@pytest.mark.filterwarnings("default")
def test_every_column_of_the_null_model_is_described(run_folders: dict[str, Path]) -> None:
    [null_model] = data_pages.list_tables("null_model")
    for folder in run_folders.values():
        check_columns(pd.read_csv(folder / null_model.name), null_model)


@pytest.mark.filterwarnings("default")
def test_every_column_of_an_export_is_described(run_folders: dict[str, Path]) -> None:
    described = {table.name: table for table in [*data_pages.list_log_tables(), *data_pages.list_tables("export")]}
    described["metrics"] = described.pop("export/metrics")
    for folder in run_folders.values():
        written = {path.stem: pd.read_parquet(path) for path in (folder / "export").glob("*.parquet")}
        assert set(written) == set(described)
        for name, frame in written.items():
            check_columns(frame, described[name])
        tables = {path.stem for path in (folder / "export" / "tables").glob("*.parquet")}
        assert tables == {path.stem for path in (folder / "tables").glob("*.csv")}


@pytest.mark.filterwarnings("default")
def test_every_column_of_a_comparison_is_described(run_folders: dict[str, Path]) -> None:
    described = {table.name.partition("/")[2]: table for table in data_pages.list_tables("comparison")}
    for folder in run_folders.values():
        written = {path.stem: pd.read_parquet(path) for path in (folder / "comparison").glob("*.parquet")}
        assert set(written) == set(described)
        for name, frame in written.items():
            if len(frame):
                check_columns(frame, described[name])


@pytest.mark.filterwarnings("default")
def test_every_column_of_reactions_is_described(run_folders: dict[str, Path]) -> None:
    folder = run_folders["marketplace"] / "reactions"
    for table in data_pages.list_tables("reactions"):
        check_columns(pd.read_parquet(folder.parent / f"{table.name}.parquet"), table)


@pytest.mark.filterwarnings("default")
def test_every_column_of_an_interview_is_described(run_folders: dict[str, Path]) -> None:
    answers, retest, inference = data_pages.list_tables("interview")
    assert inference.column_names() == list(INFERENCE_COLUMNS)
    folder = run_folders["marketplace"] / "answers"
    check_columns(pd.read_parquet(folder / "market-at-3.parquet"), answers)
    check_columns(pd.read_csv(folder / "market-at-3-retest.csv"), retest)


def test_every_column_of_an_audit_is_described() -> None:
    from experiments.audit import COLUMNS

    (sensitivities,) = data_pages.list_tables("audit")
    assert sensitivities.column_names() == list(COLUMNS)


def test_every_column_of_a_study_of_settings_is_described() -> None:
    from experiments.posterior import FIT_COLUMNS, SETTING_COLUMNS
    from experiments.prediction import COLUMNS as SCORE_COLUMNS
    from experiments.sensitivity import COLUMNS as INDEX_COLUMNS

    indices = {table.name: table.column_names() for table in data_pages.list_tables("sensitivity")}
    assert indices == {f"sensitivity_METRIC ({method})": list(names) for method, names in INDEX_COLUMNS.items()}
    settings, fit = data_pages.list_tables("calibration")
    assert (settings.column_names(), fit.column_names()) == (list(SETTING_COLUMNS), list(FIT_COLUMNS))
    (scores,) = data_pages.list_tables("prediction")
    assert scores.column_names() == list(SCORE_COLUMNS)


def test_every_column_of_a_phase_diagram_is_described() -> None:
    from experiments.phase import CELL_COLUMNS

    (cells,) = data_pages.list_tables("phase")
    assert cells.column_names() == list(CELL_COLUMNS)


def test_every_column_of_a_sweep_is_described(tmp_path: Path) -> None:
    settings = ["world=rumor", "mind=rule", "population.size=20", "steps=2"]
    job = tmp_path / "0"
    assert run_sandbox(["run", *settings, "world.first=2", f"run_dir={job}"]) == 0
    (job / JOB_FILE).write_text(json.dumps([*settings, "world.first=2"]))
    write_tables(tmp_path, {"world.first": ["2"]})
    for table in data_pages.list_tables("sweep"):
        frame = pd.read_parquet(tmp_path / f"{table.name}.parquet")
        check_columns(frame.drop(columns="world.first"), table)


def test_every_field_of_the_data_dictionary_has_a_meaning() -> None:
    tables = [table for section in data_pages.SECTIONS for table in data_pages.list_tables(section)]
    tables += [*data_pages.list_log_tables(), *data_pages.list_common_tables()]
    tables += [table for world in data_pages.list_worlds() for table in data_pages.list_world_tables(world)]
    assert [(table.name, column.name) for table in tables for column in table.columns if not column.meaning] == []
    assert all(text for _, text in data_pages.list_manifest_fields())
    assert all(column.meaning for column in data_pages.list_profile_columns())


def check_columns(frame: pd.DataFrame, table: DescribedTable) -> None:
    """Compare the columns of a file with the ones that are described: names, order, types, and what may be empty."""
    assert list(frame.columns) == table.column_names(), table.name
    for column in table.columns:
        cells: list[Any] = frame[column.name].tolist()
        values = [cell for cell in cells if not pd.isna(cell)]
        kind, _, optional = column.kind.partition(", or ")
        assert optional or len(values) == len(cells), f"{table.name}.{column.name} may be empty"
        assert all(fits_type(value, kind) for value in values), f"{table.name}.{column.name} is no {kind}: {values[:3]}"


def fits_type(value: Any, kind: str) -> bool:
    """Return whether a cell has the type that is described; integers with gaps come as floats."""
    is_boolean = isinstance(value, bool)
    if kind == "text":
        return isinstance(value, str)
    if kind == "true or false":
        return is_boolean
    is_number = isinstance(value, int | float) and not is_boolean
    return is_number and (kind == "number" or value == round(value))
