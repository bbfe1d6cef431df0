"""Runs on a Ray cluster of two workers on this machine; without Ray only the error that says so is tested."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sandbox.errors import BackendError, ConfigError, DataError
from training import corpus
from training.clean import clean_unit
from training.funnel import Tally
from training.launchers import RETRIES, launcher_of, on_ray
from training.stages import Folders, Launcher, Stage, Tables, local, run_stage

from .logs import digests, write_logs

UNITS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray cluster of two workers, which the launcher finds."""
    ray: Any = pytest.importorskip("ray", reason="Ray is not installed: pip install 'social-sandbox[ray]'")
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def scripted(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """A row for a unit; what else the unit does is written in its file."""
    yield "row", pl.DataFrame({"unit": [files[0].stem]})
    tally.add("numbers", "records", "out", 1)
    with (files[0].parent / "begun").open("a", encoding="utf-8") as begun:
        begun.write(f"{files[0].stem}\n")
    match files[0].read_text(encoding="utf-8").split(maxsplit=1):
        case ["fail"]:
            raise DataError(f"{files[0].name} is empty; name another file")
        case ["die"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["wait", path]:
            start = time.monotonic()
            while not Path(path).exists():
                time.sleep(0.01)
                assert time.monotonic() - start < 30, f"nobody wrote {path}"
        case _:
            pass


def scripts(folder: Path, **told: str) -> Stage:
    """A stage of some units that do as told."""
    paths = [folder / f"n{number}.txt" for number in range(UNITS)]
    for path in paths:
        path.write_text(told.get(path.stem, ""), encoding="utf-8")
    return Stage("scripted", scripted, (), lambda _: [(path.stem, [path]) for path in paths])


def begun(folder: Path) -> Counter[str]:
    """How often each unit was begun."""
    return Counter((folder / "begun").read_text(encoding="utf-8").split())


def dies_once(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """`clean_unit`, but the first worker that is in the middle of one is killed there."""
    for table in clean_unit(files, settings["own"], tally):
        yield table
        try:
            Path(settings["mark"]).touch(exist_ok=False)
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[str, str]]:
    """Overrides that name made-up logs, and the digests of the corpus that comes of them here."""
    home = tmp_path_factory.mktemp("logs")
    overrides = write_logs(home)
    corpus.build(corpus.configured([*overrides, f"corpus_dir={home / 'local'}"]))
    return overrides, digests(home / "local")


@pytest.mark.usefixtures("cluster")
def test_a_corpus_made_on_ray_is_the_local_one(logs: tuple[list[str], dict[str, str]], tmp_path: Path) -> None:
    overrides, expected = logs
    corpus.build(corpus.configured([*overrides, "launcher=ray", f"corpus_dir={tmp_path / 'ray'}"]))
    assert digests(tmp_path / "ray") == expected


@pytest.mark.usefixtures("cluster")
def test_a_corpus_is_the_same_when_a_worker_is_killed_in_the_middle_of_a_unit(
    logs: tuple[list[str], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides, expected = logs
    mark, plain = tmp_path / "mark", corpus.stages_of

    def deadly(config: corpus.CorpusConfig) -> list[Stage]:
        stages = {stage.name: stage for stage in plain(config)}
        own = stages["clean"].settings
        stages["clean"] = replace(stages["clean"], work=dies_once, settings={"own": own, "mark": str(mark)})
        return list(stages.values())

    monkeypatch.setattr(corpus, "stages_of", deadly)
    corpus.build(corpus.configured([*overrides, "launcher=ray", f"corpus_dir={tmp_path / 'ray'}"]))
    assert mark.exists()
    assert digests(tmp_path / "ray") == expected


@pytest.mark.usefixtures("cluster")
def test_units_that_are_done_are_not_done_again(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        run_stage(tmp_path / "corpus", scripts(tmp_path, n2="fail"), local)
    run_stage(tmp_path / "corpus", scripts(tmp_path), on_ray)
    assert begun(tmp_path) == {"n0": 1, "n1": 1, "n2": 2, "n3": 1}


@pytest.mark.usefixtures("cluster")
def test_progress_is_told_as_each_unit_ends_whatever_their_order(tmp_path: Path) -> None:
    told, others = list[int](), tmp_path / "others are done"

    def tell(stage: str, done: int, total: int) -> None:
        told.append(done)
        if done == UNITS - 1:
            others.touch()

    run_stage(tmp_path / "corpus", scripts(tmp_path, n0=f"wait {others}"), on_ray, tell)
    assert told == list(range(UNITS + 1))


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("launcher", [local, on_ray])
def test_an_error_in_a_unit_is_the_same_sentence_everywhere(launcher: Launcher, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        run_stage(tmp_path / "corpus", scripts(tmp_path, n1="fail", n2="fail"), launcher)
    assert type(caught.value) is DataError
    assert str(caught.value) in {f"n{number}.txt is empty; name another file" for number in (1, 2)}


@pytest.mark.usefixtures("cluster")
def test_a_unit_that_kills_every_worker_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="unit n0 of stage scripted was lost"):
        run_stage(tmp_path / "corpus", scripts(tmp_path, n0="die"), on_ray)
    run_stage(tmp_path / "corpus", scripts(tmp_path), on_ray)
    assert begun(tmp_path) == {"n0": RETRIES + 2, "n1": 1, "n2": 1, "n3": 1}
    rows = Folders(tmp_path / "corpus").scan("scripted", "row").collect()
    assert rows["unit"].to_list() == ["n0", "n1", "n2", "n3"]


def test_ray_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'social-sandbox\[ray\]'"):
        run_stage(tmp_path / "corpus", scripts(tmp_path), launcher_of("ray"))
