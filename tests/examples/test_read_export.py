"""The R script reads an export; it runs only if R and its package are installed."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sandbox.output.export import export_run
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides

SCRIPT = Path(__file__).parents[2] / "examples" / "read_export.R"


@pytest.fixture
def export_dir(rule_market: Overrides) -> Path:
    """The export of a run with two arms and two seeds."""
    overrides = ("+mind@extra_minds.random=random", "minds=[rule,random]", "seeds=[0,1]", "world.demand=2")
    run = Run.start(rule_market(*overrides))
    run.resume(Progress(), lambda _: None)
    export_run(run)
    return run.folder / "export"


def test_the_script_names_files_columns_and_metrics_that_are_there(export_dir: Path) -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    files = re.findall(r'file\.path\(folder, "([\w.]+)"\)', script)
    assert files == ["metrics.parquet"]
    table: Any = pd.read_parquet(export_dir / files[0])
    columns = re.findall(r"# long: ([\w, ]+)$", script, re.MULTILINE)
    assert [names.split(", ") for names in columns] == [list(table.columns)]
    metrics = re.findall(r'metric == "(\w+)"', script)
    assert metrics
    assert set(metrics) <= set(table["metric"])
    assert table["arm"].nunique() == 2


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_the_script_runs(export_dir: Path) -> None:
    process = subprocess.run(["Rscript", str(SCRIPT), str(export_dir)], capture_output=True, text=True, check=False)
    if "there is no package called" in process.stderr:
        pytest.skip("R lacks the package arrow")
    assert process.returncode == 0, process.stderr
    assert "Paired t-test" in process.stdout
