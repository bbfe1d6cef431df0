"""Results that are read again are those that were written."""

from pathlib import Path

import msgspec
import pandas as pd

from agents.population_files import write_population
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides, profiles

NAMES = ("NA", "null", "None", "nan", "007", "true", "1e5", "N/A", "#N/A", "-")


def test_people_called_na_or_007_are_still_called_so(rule_market: Overrides, tmp_path: Path) -> None:
    people = [
        msgspec.structs.replace(profile, id=f"{NAMES[place % len(NAMES)]}{'x' * (place // len(NAMES))}")
        for place, profile in enumerate(profiles(60))
    ]
    write_population(tmp_path / "profiles.parquet", people)
    run = Run.start(rule_market(f"population.file={tmp_path / 'profiles.parquet'}"))
    written = run.resume(Progress(), lambda _: None)
    again = Results.read(run.folder)
    assert again is not None
    pd.testing.assert_frame_equal(again.metrics, written.metrics)
    assert list(again.tables) == sorted(written.tables)
    for name, table in written.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table, obj=name)
    assert set(again.tables["buyers"]["profile"]) <= {person.id for person in people}


def test_results_of_an_earlier_version_are_replayed(rule_market: Overrides, tmp_path: Path) -> None:
    run = Run.start(rule_market(f"run_dir={tmp_path / 'run'}"))
    written = run.resume(Progress(), lambda _: None)
    for file in run.folder.rglob("*.parquet"):
        file.unlink()
    assert Results.read(run.folder) is None
    pd.testing.assert_frame_equal(Run(run.folder).results().metrics, written.metrics)
