"""A start that is killed at any moment leaves a run that resumes, or a start that the same command repeats."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import DataError, SandboxError
from sandbox.runtime.beginning import begin_run
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.manifest import DRAFT, FILE, Manifest
from sandbox.runtime.run import LOG, Run
from tests.sandbox.runtime.test_kill import (
    NEEDS_FORK,
    ended_well,
    final_state,
    fork_job,
    in_one_thread,
    resume_silently,
)

SETTINGS = ["world=rumor", "mind=rule", "population.size=8", "steps=2", "null_worlds=0", "reactions=0"]
FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "sqlite3.connect", "sqlite3.connect/handle"}


def start_run(folder: Path) -> None:
    """Start a run as its command does."""
    Run.start([*SETTINGS, f"run_dir={folder}"])


def start_branch(folder: Path) -> None:
    """Branch the run beside `folder` as its command does."""
    Run(folder.parent / "parent").branch(1, ["mind=random"], folder)


def kill_at_event(start: Callable[[Path], None], folder: Path, number: int) -> bool:
    """Start a run in a child that dies at the event of this number in its folder; return whether it died."""

    def start_and_die() -> None:
        events = iter(range(1, number))

        def count(event: str, args: tuple[Any, ...]) -> None:
            is_ours = event == "sqlite3.connect/handle" or str(folder) in str(args)
            if event in FILE_EVENTS and is_ours and next(events, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        start(folder)

    return not ended_well(fork_job(start_and_die))


def kill_at_every_event(home: Path, name: str) -> dict[str, list[str]]:
    """Return how a start went on that was killed at its first, second, ... event: `resumed`, `repeated`, or a fault."""
    start = {"run": start_run, "branch": start_branch}[name]
    for begin, folder in ((start_run, home / "parent"), (start, home / "complete")):
        assert ended_well(fork_job(lambda begin=begin, folder=folder: begin(folder)))
        assert ended_well(fork_job(lambda folder=folder: resume_silently(folder)))
    expected, outcomes = final_state(home / "complete"), list[str]()
    while kill_at_event(start, folder := home / f"killed-{len(outcomes) + 1}", len(outcomes) + 1):
        is_begun = (folder / FILE).exists()
        if not is_begun:
            assert ended_well(fork_job(lambda folder=folder: start(folder)))
        assert ended_well(fork_job(lambda folder=folder: resume_silently(folder)))
        is_equal = final_state(folder) == expected
        outcomes.append(("resumed" if is_begun else "repeated") if is_equal else "other results")
    return {"outcomes": outcomes}


@NEEDS_FORK
@pytest.mark.parametrize("name", ["run", "branch"])
def test_no_moment_of_a_start_is_a_dead_end(tmp_path: Path, name: str) -> None:
    module = "tests.sandbox.runtime.test_beginning"
    call = f"kill_at_every_event(Path({str(tmp_path)!r}), {name!r})"
    outcomes = in_one_thread(call, module)["outcomes"]
    assert set(outcomes) == {"repeated", "resumed"}
    assert outcomes.count("repeated") > 5


def test_a_start_that_was_interrupted_says_so(tmp_path: Path) -> None:
    (tmp_path / DRAFT).write_text("{")
    with pytest.raises(DataError, match="its start was interrupted before anything was asked; give the command"):
        Run(tmp_path)


def test_a_log_whose_manifest_is_lost_is_left_alone(tmp_path: Path) -> None:
    start_run(tmp_path / "run")
    (tmp_path / "run" / FILE).unlink()
    content = (tmp_path / "run" / LOG).read_bytes()
    with pytest.raises(DataError, match="already holds a run, but no manifest"):
        start_run(tmp_path / "run")
    assert (tmp_path / "run" / LOG).read_bytes() == content


def test_two_processes_do_not_start_one_run(tmp_path: Path) -> None:
    start_run(tmp_path / "run")
    manifest = Manifest.read(tmp_path / "run")
    (tmp_path / "other").mkdir()
    manifest.folder = tmp_path / "other"

    def start_in_between(_: DecisionLog) -> None:
        with pytest.raises(SandboxError, match="another process is writing"):
            begin_run(manifest)

    begin_run(manifest, start_in_between)
    assert Manifest.read(tmp_path / "other").segments == manifest.segments
