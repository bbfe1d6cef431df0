"""Runs on a Ray cluster of two workers on this machine; without Ray only the error that says so is tested."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sandbox.errors import BackendError, ConfigError, DataError
from tests.training.logs import digests, write_logs
from training.corpus import build
from training.corpus.build import build_corpus
from training.corpus.config import CorpusConfig, load_corpus_config
from training.curation.cleaning import clean_unit
from training.pipeline.folders import Folders, Unit
from training.pipeline.funnel import Tally
from training.pipeline.launchers import RETRIES, resolve_launcher, run_on_ray
from training.pipeline.stages import Launcher, Stage, Tables, run_locally, run_stage

UNITS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Start a Ray cluster of two workers, which the launcher finds."""
    ray: Any = pytest.importorskip("ray", reason="Ray is not installed: pip install 'social-sandbox[ray]'")
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def follow_script(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Yield a row for the unit, and do what its file says."""
    path = unit.file("script")
    yield "row", pl.DataFrame({"unit": [path.stem]})
    tally.add("numbers", "records", "out", 1)
    with (path.parent / "started").open("a", encoding="utf-8") as started:
        started.write(f"{path.stem}\n")
    match path.read_text(encoding="utf-8").split(maxsplit=1):
        case ["fail"]:
            raise DataError(f"{path.name} is empty; name another file")
        case ["die"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["wait", awaited]:
            start = time.monotonic()
            while not Path(awaited).exists():
                time.sleep(0.01)
                assert time.monotonic() - start < 30, f"{awaited} was not written"
        case _:
            pass


def scripted_stage(folder: Path, **scripts: str) -> Stage:
    """Return a stage whose units do what their scripts say."""
    paths = [folder / f"n{number}.txt" for number in range(UNITS)]
    for path in paths:
        path.write_text(scripts.get(path.stem, ""), encoding="utf-8")
    return Stage("scripted", follow_script, (), lambda _: [Unit(path.stem, {"script": [path]}) for path in paths])


def count_starts(folder: Path) -> Counter[str]:
    """Return how often each unit was started."""
    return Counter((folder / "started").read_text(encoding="utf-8").split())


def clean_and_die_once(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Do what `clean_unit` does, but kill the first worker that is in the middle of a unit."""
    for table in clean_unit(unit, settings["clean"], tally):
        yield table
        try:
            Path(settings["mark"]).touch(exist_ok=False)
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[str, str]]:
    """Return overrides that name made-up logs, and the digests of the corpus that is built from them here."""
    home = tmp_path_factory.mktemp("logs")
    overrides = write_logs(home)
    build_corpus(load_corpus_config([*overrides, f"corpus_dir={home / 'local'}"]))
    return overrides, digests(home / "local")


@pytest.mark.usefixtures("cluster")
def test_a_corpus_built_on_ray_is_the_local_one(logs: tuple[list[str], dict[str, str]], tmp_path: Path) -> None:
    overrides, expected = logs
    build_corpus(load_corpus_config([*overrides, "launcher=ray", f"corpus_dir={tmp_path / 'ray'}"]))
    assert digests(tmp_path / "ray") == expected


@pytest.mark.usefixtures("cluster")
def test_a_corpus_is_the_same_when_a_worker_is_killed_in_the_middle_of_a_unit(
    logs: tuple[list[str], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides, expected = logs
    mark, list_stages = tmp_path / "mark", build.list_stages

    def list_deadly_stages(config: CorpusConfig) -> list[Stage]:
        stages = {stage.name: stage for stage in list_stages(config)}
        settings = {"clean": stages["clean"].settings, "mark": str(mark)}
        stages["clean"] = replace(stages["clean"], work=clean_and_die_once, settings=settings)
        return list(stages.values())

    monkeypatch.setattr(build, "list_stages", list_deadly_stages)
    build_corpus(load_corpus_config([*overrides, "launcher=ray", f"corpus_dir={tmp_path / 'ray'}"]))
    assert mark.exists()
    assert digests(tmp_path / "ray") == expected


@pytest.mark.usefixtures("cluster")
def test_units_that_are_done_are_not_done_again(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        run_stage(tmp_path / "corpus", scripted_stage(tmp_path, n2="fail"), run_locally)
    run_stage(tmp_path / "corpus", scripted_stage(tmp_path), run_on_ray)
    assert count_starts(tmp_path) == {"n0": 1, "n1": 1, "n2": 2, "n3": 1}


@pytest.mark.usefixtures("cluster")
def test_progress_is_reported_as_each_unit_ends_whatever_their_order(tmp_path: Path) -> None:
    reports, mark = list[int](), tmp_path / "the rest is done"

    def report_progress(stage: str, done: int, total: int) -> None:
        reports.append(done)
        if done == UNITS - 1:
            mark.touch()

    run_stage(tmp_path / "corpus", scripted_stage(tmp_path, n0=f"wait {mark}"), run_on_ray, report_progress)
    assert reports == list(range(UNITS + 1))


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("launcher", [run_locally, run_on_ray])
def test_an_error_in_a_unit_is_the_same_sentence_everywhere(launcher: Launcher, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        run_stage(tmp_path / "corpus", scripted_stage(tmp_path, n1="fail", n2="fail"), launcher)
    assert type(caught.value) is DataError
    assert str(caught.value) in {f"n{number}.txt is empty; name another file" for number in (1, 2)}


@pytest.mark.usefixtures("cluster")
def test_a_unit_that_kills_every_worker_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="unit n0 of stage scripted was lost"):
        run_stage(tmp_path / "corpus", scripted_stage(tmp_path, n0="die"), run_on_ray)
    run_stage(tmp_path / "corpus", scripted_stage(tmp_path), run_on_ray)
    assert count_starts(tmp_path) == {"n0": RETRIES + 2, "n1": 1, "n2": 1, "n3": 1}
    rows = Folders(tmp_path / "corpus").scan("scripted", "row").collect()
    assert rows["unit"].to_list() == ["n0", "n1", "n2", "n3"]


def test_a_missing_ray_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'social-sandbox\[ray\]'"):
        run_stage(tmp_path / "corpus", scripted_stage(tmp_path), resolve_launcher("ray"))
