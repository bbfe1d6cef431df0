"""A run that is killed at any moment resumes to exactly the same end."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

import agents.population
import worlds.marketplace
from sandbox.runtime.run import LOG, Run
from sandbox.runtime.runner import Progress

WARM = (agents.population, worlds.marketplace)
"""Imported before the first fork, not once in each child."""
ROOT = Path(__file__).parents[3]
RULED = ["world=marketplace", "mind=rule", "population.size=20", "steps=6", "seeds=[0,1]"]
MODEL = ["world=marketplace", "mind=base", "model=smollm2-135m", "population.size=12", "cache=false"]
EXACT = "mind.dtype=float32"
"""In bfloat16 probabilities depend on what the prefix cache holds (by 0.006 in the median), and so on when one died."""
LAST_DIGITS = 1e-5
"""By how much a probability may differ, in float32: the prefix cache decides what is multiplied with what."""
COST = {"cached_tokens"}
"""Columns in which a run that was killed may differ: it has to read again what its prefix cache had held."""

Row = Mapping[str, Any]


def resume_silently(folder: Path) -> None:
    """Resume in silence."""
    Run(folder).resume(Progress(), lambda _: None)


def decisions(folder: Path) -> list[Row]:
    """All decisions, all columns; `seconds` and `at` belong to batches and are left out."""
    with closing(Run(folder).log()) as log:
        return list(log.decisions())


def final_state(folder: Path) -> list[Any]:
    """Everything in which a resumed run must equal an uninterrupted one."""
    with closing(Run(folder).log()) as log:
        batches = [batch[:4] for batch in log.batches()]
        interventions = log.interventions()
    tables = {path.name: path.read_bytes() for path in sorted(folder.rglob("*.csv"))}
    return [decisions(folder), batches, interventions, tables, Run(folder).manifest.status]


# What follows, up to the tests, runs in a process of its own with one thread, so that it may fork. It imports
# everything but reads no Parquet itself, since Arrow starts threads.


def kill_often(home: Path, kills: int, seed: int) -> list[dict[str, Any]]:
    """Kill `kills` runs, each at a random moment, resume each, and compare it with one that was left in peace.

    Runs that were done before they could be killed are among what is returned, and others are killed in their stead.
    """
    expected, duration = run_undisturbed(home, "interventions=[{step: 2, do: tax, rate: 0.1}]")
    num_batches, draws = len(expected[1]), Random(seed)
    trials: list[dict[str, Any]] = []
    while sum(trial["killed"] for trial in trials) < kills and len(trials) < 3 * kills:
        trials.append(kill_once(home, draws.randrange(num_batches), draws.uniform(0, duration / num_batches), expected))
    return trials


def run_undisturbed(home: Path, *overrides: str) -> tuple[list[Any], float]:
    """Start `begun`; how a copy of it ends, and the seconds that this takes at best."""
    assert ended_well(fork_job(lambda: Run.start([*RULED, *overrides, f"run_dir={home / 'begun'}"])))
    seconds: list[float] = []
    for name in ("whole", "again", "once_more"):
        folder = shutil.copytree(home / "begun", home / name)
        start = time.perf_counter()
        assert ended_well(fork_job(lambda folder=folder: resume_silently(folder)))
        seconds.append(time.perf_counter() - start)
    return final_state(home / "whole"), min(seconds)


def kill_once(home: Path, after: int, moment: float, expected: list[Any]) -> dict[str, Any]:
    folder = shutil.copytree(home / "begun", home / "killed")
    killed = kill_after(folder, moment, after)
    batches = _num_batches(folder)
    resumed = ended_well(fork_job(lambda: resume_silently(folder)))
    equal = final_state(folder) == expected
    shutil.rmtree(folder)
    return {"killed": killed, "batches": batches, "resumed": resumed, "equal": equal}


def kill_after(folder: Path, moment: float, after: int = 0) -> bool:
    """Go on until the log has `after` batches and `moment` seconds more; whether it was killed before it was done."""
    child = fork_job(lambda: resume_silently(folder))
    while _num_batches(folder) < after and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.0005)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    return not ended_well(child)


def fork_job(job: Callable[[], object]) -> int:
    """A child that does a job."""
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "only a process of one thread may fork"
    if child := os.fork():
        return child
    try:
        job()
    except BaseException as error:  # a forked child must never return
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)


def ended_well(child: int) -> bool:
    """Wait for a child; whether it ended well."""
    return os.waitpid(child, 0)[1] == 0


def _num_batches(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder / LOG}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM batch").fetchone()[0])


def in_one_thread(call: str, module: str = "tests.sandbox.runtime.test_kill") -> Any:
    """Evaluate a call of a module of tests in a fresh process without any extra thread."""
    code = f"import json, {module}; from pathlib import Path; print(json.dumps({module}.{call}))"
    single_thread = {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
    }
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **single_thread},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


NEEDS_FORK = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="without /proc a process cannot know whether it may fork"
)


@NEEDS_FORK
def test_a_run_killed_at_any_of_200_moments_goes_on_to_the_same_end(tmp_path: Path) -> None:
    trials = in_one_thread(f"kill_often(Path({str(tmp_path)!r}), 200, 7)")
    assert all(trial["resumed"] for trial in trials)
    assert all(trial["equal"] for trial in trials)
    assert sum(trial["killed"] for trial in trials) == 200
    assert len({trial["batches"] for trial in trials}) > 5, "deaths must be spread over the run"


def kill_again_and_again(home: Path, seed: int) -> dict[str, Any]:
    """Kill one run, a few batches after each resume, until it is done before death comes."""
    expected, duration = run_undisturbed(home)
    folder, draws, deaths = home / "begun", Random(seed), 0
    moment = duration / len(expected[1])
    while kill_after(folder, draws.uniform(0, moment), after=_num_batches(folder) + draws.randrange(4)):
        deaths += 1
    return {"deaths": deaths, "equal": final_state(folder) == expected}


@NEEDS_FORK
def test_a_run_killed_again_and_again_comes_to_the_same_end(tmp_path: Path) -> None:
    differences = in_one_thread(f"kill_again_and_again(Path({str(tmp_path)!r}), 3)")
    assert differences["equal"]
    assert differences["deaths"] > 2


# With a language model.


@pytest.fixture
def engine_runs(tmp_path: Path) -> Iterator[Callable[[int, int], tuple[list[Row], list[Row]]]]:
    """Decisions of a run that was killed `kills` times and of one that was not; starts real engines."""

    def run_pair(steps: int, kills: int) -> tuple[list[Row], list[Row]]:
        complete, killed = tmp_path / "whole", tmp_path / "killed"
        for folder in (complete, killed):
            Run.start([*MODEL, EXACT, f"steps={steps}", f"run_dir={folder}"])
        _resume(complete)
        draws, seconds = Random(kills), _seconds(complete)
        starts = sorted(draws.choices(range(1, len(seconds) - 3), k=kills - 1))
        deaths = [(0, draws.uniform(0, 4)), *((start, draws.uniform(0, seconds[start])) for start in starts)]
        logged: list[Row] = []
        for start, delay in deaths:  # the first one in the start of the engine
            assert start_and_kill(killed, start, delay)
            assert decisions(killed)[: len(logged)] == logged, "what was logged stays as it was"
            logged = decisions(killed)
        _resume(killed)
        assert Run(killed).manifest.status == "finished"
        assert decisions(killed)[: len(logged)] == logged
        return decisions(complete), decisions(killed)

    yield run_pair


def _seconds(folder: Path) -> list[float]:
    """How long each batch took."""
    with closing(Run(folder).log()) as log:
        return [batch[4] for batch in log.batches()]


def _command(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "resume", str(folder)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _resume(folder: Path) -> None:
    with _command(folder) as process:
        _, errors = process.communicate()
    assert process.returncode == 0, errors


def start_and_kill(folder: Path, batches: int, delay: float) -> bool:
    """Go on until the log holds `batches` batches, a moment longer, then die; say whether it died unfinished."""
    with _command(folder) as process:
        while _num_batches(folder) < batches and process.poll() is None:
            time.sleep(0.02)
        time.sleep(delay)
        alive = process.poll() is None
        os.killpg(process.pid, signal.SIGKILL) if alive else None
    return alive


def count_differences(complete: list[Row], killed: list[Row]) -> dict[str, int]:
    """Number of decisions that differ, by column."""
    assert len(complete) == len(killed)
    pairs = list(zip(complete, killed, strict=True))
    differences = {name: sum(first[name] != second[name] for first, second in pairs) for name in complete[0]}
    differences["probs"] = sum(not same_probs(first["probs"], second["probs"]) for first, second in pairs)
    return {name: number for name, number in differences.items() if number}


def same_probs(first: bytes | None, second: bytes | None) -> bool:
    """Whether two choices had the same probabilities, up to the last digits."""
    if first is None or second is None:
        return first is second
    return json.loads(first) == pytest.approx(json.loads(second), abs=LAST_DIGITS)


@pytest.mark.engine
@pytest.mark.parametrize(("steps", "kills"), [(2, 3), pytest.param(4, 20, marks=pytest.mark.slow)])
def test_a_run_of_a_language_model_survives_its_deaths(
    engine_runs: Callable[[int, int], tuple[list[Row], list[Row]]], steps: int, kills: int
) -> None:
    complete, killed = engine_runs(steps, kills)
    differences = count_differences(complete, killed)
    print(f"{kills} deaths, {len(complete)} decisions, differing by column: {differences}")
    assert set(differences) <= COST, differences
