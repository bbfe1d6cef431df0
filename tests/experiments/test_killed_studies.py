"""A study that is killed at any moment is continued by the command that it names, or by the same command."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import worlds.rumor
from experiments import audit
from experiments.audit import Audit, Variant
from sandbox.cli.main import main
from tests.sandbox.runtime.test_kill import NEEDS_FORK, ended_well, fork_job, in_one_thread

WARM = (worlds.rumor,)
"""Imported before the first fork, not once in each child."""
SETTINGS = ["world=rumor", "mind=random", "population.size=8", "null_worlds=0", "reactions=0", "steps=2"]
FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "sqlite3.connect", "sqlite3.connect/handle"}
NUM_KILLS = 6
"""Moments at which each study is killed, spread over all its accesses to files."""

SHORT = Audit(plain=[], variants={"other shuffle": Variant(factor="order", overrides=["presentation.shuffle=1"])})
"""An audit of two runs, each of which starts a process."""

Commands = Callable[[Path], list[str]]


def begin_phase(folder: Path) -> list[str]:
    return ["phase", "spreader_share", *SETTINGS, "presentation.shuffle=0,1", f"run_dir={folder}"]


def continue_phase(folder: Path) -> list[str]:
    if (folder / "phase.json").is_file():
        return ["phase", "spreader_share", "--run", str(folder)]
    return begin_phase(folder)


def sweep(folder: Path) -> list[str]:
    return ["run", "-m", *SETTINGS, "seeds=[0],[1]", f"run_dir={folder}"]


def ask(folder: Path) -> list[str]:
    return ["ask", str(folder), "--at", "1", "How are you?"]


def assay(folder: Path) -> list[str]:
    settings = ["world=commons", "population.size=8", "null_worlds=0", "steps=2", "seeds=[0,1]", "reactions=0"]
    return ["assay", "no_contributions", "people_differ", *settings, "--run", str(folder)]


def begin_audit(folder: Path) -> list[str]:
    return ["audit", *SETTINGS, "minds=[rule,random]", "seeds=[0,1]", "--run", str(folder)]


def continue_audit(folder: Path) -> list[str]:
    return ["audit", "--run", str(folder)] if (folder / "audit.json").is_file() else begin_audit(folder)


STUDIES: dict[str, tuple[Commands, Commands, str]] = {
    "phase": (begin_phase, continue_phase, "*.csv"),
    "sweep": (sweep, sweep, "sweep.csv"),
    "ask": (ask, ask, "answers/survey*.csv"),
    "assay": (assay, assay, "assays.csv"),
}
"""How each begins and goes on, and the tables that it ends with."""


def run_command(arguments: list[str]) -> None:
    """Run a command in silence; raise if it fails, other than that an assay of so few seeds finds nothing."""
    with Path(os.devnull).open("w") as nowhere:
        sys.stdout = sys.stderr = nowhere
        code = main(arguments)
        if code and arguments[0] != "assay":
            raise SystemExit(code)


def run_and_die(arguments: list[str], folder: Path, number: int, tally: Path) -> bool:
    """Run a command in a child that dies at the access of this number to its folder; return whether it died.

    If it lives, `tally` says how many accesses there were.
    """
    accesses = count(1)

    def job() -> None:
        def access(event: str, args: tuple[Any, ...]) -> None:
            is_ours = event == "sqlite3.connect/handle" or str(folder) in str(args)
            if event in FILE_EVENTS and is_ours and next(accesses) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(access)
        run_command(arguments)
        tally.write_text(str(next(accesses)), encoding="utf-8")

    return not ended_well(fork_job(job))


def kill_study(home: Path, name: str) -> list[str]:
    """Kill a study at many moments, continue it each time, and return what became of it."""
    begin, resume, tables = STUDIES[name]
    tally, parent = home / "tally", home / "parent"
    parent.mkdir()
    if name == "ask":
        shutil.rmtree(parent)
        assert ended_well(fork_job(lambda: run_command(["run", *SETTINGS, f"run_dir={parent}"])))

    def fresh(label: str) -> Path:
        folder = home / label
        return shutil.copytree(parent, folder) if name == "ask" else folder

    def read_tables(folder: Path) -> list[bytes]:
        files = sorted(folder.glob(tables), key=lambda path: path.stat().st_mtime)
        return [path.read_bytes() for path in files if "retest" not in path.name][-1:]

    complete = fresh("complete")
    assert not run_and_die(begin(complete), complete, 0, tally)
    expected, outcomes = read_tables(complete), list[str]()
    num_accesses = int(tally.read_text(encoding="utf-8"))
    for place in range(NUM_KILLS):
        number = 1 + place * (num_accesses - 1) // NUM_KILLS
        folder = fresh(f"killed-{place}")
        is_dead = run_and_die(begin(folder), folder, number, tally)
        is_over = ended_well(fork_job(lambda folder=folder: run_command(resume(folder))))
        fault = "" if is_over and read_tables(folder) == expected else f" and broken at {number} of {num_accesses}"
        outcomes.append(("killed" if is_dead else "alive") + fault)
    return outcomes


@NEEDS_FORK
@pytest.mark.parametrize("name", STUDIES)
def test_no_moment_of_a_study_is_a_dead_end(tmp_path: Path, name: str) -> None:
    outcomes = in_one_thread(f"kill_study(Path({str(tmp_path)!r}), {name!r})", "tests.experiments.test_killed_studies")
    assert set(outcomes) <= {"killed", "alive"}
    assert outcomes.count("killed") >= NUM_KILLS - 1


def kill_interview(home: Path) -> list[str]:
    """Kill an interview at every access to its files; return where a half was left, or the next one was not whole."""
    parent, tally, faults = home / "parent", home / "tally", list[str]()
    assert ended_well(fork_job(lambda: run_command(["run", *SETTINGS, f"run_dir={parent}"])))
    names = [f"survey-at-1{ending}" for ending in (".csv", ".parquet", ".yaml", "-retest.csv")]
    number, is_dead = 0, True
    while is_dead:
        number += 1
        folder = shutil.copytree(parent, home / f"killed-{number}")
        is_dead = run_and_die(ask(folder), folder / "answers", number, tally)
        table = folder / "answers" / names[0]
        if table.exists() and not all((folder / "answers" / name).exists() for name in names):
            faults.append(f"a half at {number}")
        is_over = ended_well(fork_job(lambda folder=folder: run_command(ask(folder))))
        visible = {path.name for path in (folder / "answers").glob("[!.]*")}
        whole = [name for name in (*names, *(name.replace("at-1", "at-1-2") for name in names)) if name in visible]
        if not (
            is_over
            and visible == set(whole)
            and len(whole) in (4, 8)
            and list(folder.glob("answers/.*")) == [folder / "answers" / ".lock"]
        ):
            faults.append(f"{sorted(visible)} after {number}")
    return [*faults, *(["too few accesses"] if number < 10 else [])]


@NEEDS_FORK
def test_an_interview_appears_whole(tmp_path: Path) -> None:
    assert in_one_thread(f"kill_interview(Path({str(tmp_path)!r}))", "tests.experiments.test_killed_studies") == []


def run_audit(arguments: list[str]) -> None:
    """Run a short audit in a process group of its own, with the processes that it starts."""
    os.setpgrp()
    audit.load_audit = lambda: SHORT
    run_command(arguments)


def kill_audit(home: Path) -> list[str]:
    """Kill an audit and its processes in four ways, continue it, and return those that ended otherwise."""
    complete = home / "complete"
    assert ended_well(fork_job(lambda: run_audit(begin_audit(complete))))
    expected = (complete / "sensitivities.csv").read_bytes()
    moments = {  # the file whose appearance is waited for, and how the audit is continued
        "plain/manifest.json.part": continue_audit,
        "plain/metrics.csv.part": begin_audit,
        "other-shuffle/decisions.sqlite": continue_audit,
        "sensitivities.csv.part": begin_audit,
    }
    faults: list[str] = []
    for number, (file, resume) in enumerate(moments.items()):
        folder = home / f"killed-{number}"
        if not file.startswith("plain"):
            shutil.copytree(complete / "plain", folder / "plain")
            shutil.copy(complete / "audit.json", folder)
        if file.startswith("sensitivities"):
            shutil.copytree(complete / "other-shuffle", folder / "other-shuffle")
        begin = continue_audit if (folder / "audit.json").is_file() else begin_audit
        group = fork_job(lambda folder=folder, begin=begin: run_audit(begin(folder)))
        while not (folder / file).exists() and os.waitid(os.P_PID, group, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            time.sleep(0.0002)
        os.killpg(group, signal.SIGKILL)
        is_dead = not ended_well(group)
        is_over = ended_well(fork_job(lambda folder=folder, resume=resume: run_audit(resume(folder))))
        if not (is_dead and is_over and (folder / "sensitivities.csv").read_bytes() == expected):
            faults.append(f"{file}: killed {is_dead}, continued {is_over}")
    return faults


@NEEDS_FORK
def test_an_audit_that_is_killed_with_its_processes_is_continued(tmp_path: Path) -> None:
    assert in_one_thread(f"kill_audit(Path({str(tmp_path)!r}))", "tests.experiments.test_killed_studies") == []
