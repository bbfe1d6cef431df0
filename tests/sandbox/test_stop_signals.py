"""A signal that asks a process to end has the same end as Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ["world=rumor", "mind=rule", "population.size=100", "steps=4000", "null_worlds=0", "reactions=0"]


def run_python(code: str) -> "subprocess.CompletedProcess[str]":
    """Run code in a process of its own."""
    imports = "import os, signal, sys; from sandbox.errors import exit_code; "
    return subprocess.run([sys.executable, "-c", imports + code], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_ends_a_command_in_words(name: str, code: int) -> None:
    process = run_python(
        f"signal.signal(signal.{name}, signal.default_int_handler if {name == 'SIGINT'} else signal.SIG_DFL); "
        f"print(exit_code(lambda: os.kill(os.getpid(), signal.{name}) or 0, 'what was answered is in the log')); "
        "print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    )
    assert process.stdout.split() == [str(code), "True"]
    assert process.stderr == "\nstopped; what was answered is in the log\n"


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    process = run_python(
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "print(exit_code(lambda: os.kill(os.getpid(), signal.SIGHUP) or 7, ''))"
    )
    assert process.stdout == "7\n"


def test_a_child_ends_as_without_us() -> None:
    process = run_python(
        "exit_code(lambda: print(os.waitpid(child, 0)[1], flush=True) or 0 "
        "if (child := os.fork()) else os.kill(os.getpid(), signal.SIGTERM), 'stopped')"
    )
    assert process.stdout == f"{int(signal.SIGTERM)}\n"
    assert process.stderr == ""


def test_a_run_that_a_scheduler_stops_says_how_to_continue(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "sandbox", "run", *RUN, f"run_dir={folder}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wal = folder / "decisions.sqlite-wal"
        while process.poll() is None and not (wal.exists() and wal.stat().st_size > 1_000_000):
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGTERM)
        _, errors = process.communicate()
    assert process.returncode == 143
    assert f"\nto continue: python -m sandbox resume {folder}\n\nstopped; what was answered is in the log\n" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(("code", "state"), [(0, "finished"), (1, "over, with exit code 1,")])
def test_a_signal_while_the_process_ends_says_that_the_command_was_over(code: int, state: str) -> None:
    process = run_python(
        "import atexit; from sandbox.errors import leave; "
        f"atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM)); leave({code})"
    )
    assert process.returncode == 143
    assert process.stderr == f"\nstopped by SIGTERM while the process ended; the command was {state} before\n"
