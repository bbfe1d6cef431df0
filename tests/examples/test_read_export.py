"""The script in R reads what an export holds; it is run where R and its package are."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sandbox.export import export
from sandbox.run import Run
from sandbox.runner import Progress
from tests.conftest import Overrides

SCRIPT = Path(__file__).parents[2] / "examples" / "read_export.R"


@pytest.fixture
def exported(ruled: Overrides) -> Path:
    """An export of two arms and two seeds."""
    arms = ("+mind@voices.random=random", "minds=[rule,random]", "seeds=[0,1]", "world.demand=2")
    run = Run.start(ruled(*arms))
    run.go_on(Progress(), lambda _: None)
    export(run)
    return run.folder / "export"


def test_the_script_names_files_columns_and_metrics_that_are_there(exported: Path) -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    files = re.findall(r'file\.path\(folder, "([\w.]+)"\)', script)
    assert files == ["metrics.parquet"]
    table: Any = pd.read_parquet(exported / files[0])
    columns = re.findall(r"# long: ([\w, ]+)$", script, re.MULTILINE)
    assert [one.split(", ") for one in columns] == [list(table.columns)]
    metrics = re.findall(r'metric == "(\w+)"', script)
    assert metrics
    assert set(metrics) <= set(table["metric"])
    assert table["arm"].nunique() == 2


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_the_script_runs(exported: Path) -> None:
    done = subprocess.run(["Rscript", str(SCRIPT), str(exported)], capture_output=True, text=True, check=False)
    if "there is no package called" in done.stderr:
        pytest.skip("R lacks the package arrow")
    assert done.returncode == 0, done.stderr
    assert "Paired t-test" in done.stdout
