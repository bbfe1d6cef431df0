"""Runs as folders: start, resume, branch, replay.

A run's folder holds `manifest.json` (what was run, on what), `decisions.sqlite` (the run itself) and what can be
made again from these two: `metrics.csv`, `tables/`, `figures/`.
"""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NoReturn, TypeAlias

from sandbox.assembly import check_events, check_minds, make_cast, make_events, make_mind, make_worlds, world_class
from sandbox.config import Arm, RunConfig, compose
from sandbox.errors import ConfigError, ContractError, DataError
from sandbox.log import DecisionLog
from sandbox.manifest import Manifest, Segment, other_minds, work_began
from sandbox.mind import Panel
from sandbox.paths import runs_dir
from sandbox.results import Results
from sandbox.runner import Progress, Runner
from sandbox.validation import validated
from sandbox.world import World

LOG = "decisions.sqlite"
Look: TypeAlias = Callable[[int, Sequence[World]], None]


class EndOfLogError(Exception):
    """A replay has come to the end of the log."""


class Run:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = Manifest.read(folder)

    @classmethod
    def start(cls, overrides: Sequence[str], config: RunConfig | None = None) -> "Run":
        """Make the folder of a new run; everything that can be checked without an engine is checked first."""
        config = config or read_config(overrides)
        make_worlds(config)
        check_minds(config)
        kind, _ = world_class(config)
        folder = _make_folder(config.run_dir, kind.__name__.lower())
        Manifest.new(folder, overrides, [Segment(0, config)]).write()
        DecisionLog.create(folder / LOG).close()
        return cls(folder)

    def branch(self, step: int, overrides: Sequence[str], run_dir: Path | None = None) -> "Run":
        """Make a run that equals this one before `step` and differs from it after.

        Raises:
            ConfigError: `step` lies outside the log, or an override would change what came before.
        """
        old = self.manifest.segments[-1].config
        config = self._branched(old, step, overrides)
        named = config.run_dir if config.run_dir != old.run_dir else None
        kind, _ = world_class(config)
        with closing(self.log()) as log:
            self._check_step(step, log)
            if config.events != old.events:
                worlds = self.replay(step)
                switch(worlds, old, config)
                check_events(worlds)
            folder = _make_folder(run_dir or named, f"{kind.__name__.lower()}-branch")
            log.copy_until(folder / LOG, step)
        segments = [part for part in self.manifest.segments if part.from_step < step]
        Manifest.new(folder, [*self.manifest.overrides, *overrides], [*segments, Segment(step, config)]).write()
        return Run(folder)

    def go_on(self, progress: Progress, say: Callable[[str], None]) -> Results:
        """Replay what the log holds, answer the rest live, and write the results."""
        began, config = work_began(), self.manifest.segments[-1].config
        log = DecisionLog.open(self.folder / LOG, write=True)

        def live() -> Panel:
            mind = make_mind(config, say)
            self._take(mind, has_answers=log.num_batches > 0)
            return mind

        with closing(log):
            worlds, runner = self._runner(log, live, progress)
            with closing(runner):
                runner.run(config.steps)
                results = Results.of(worlds)
                results.write(self.folder)
                if self.manifest.status != "finished":
                    self.manifest.finish(log.totals(), began)
        return results

    def replay(self, until: int | None = None, look: Look | None = None) -> list[World]:
        """The worlds as they were after `until` steps, or at the end of the log; asks no mind.

        Args:
            until: Steps to replay; None: all that are logged.
            look: Told how many steps are done, and shown the worlds, before the first step and after each.
        """
        log = DecisionLog.open(self.folder / LOG)

        def stop() -> NoReturn:
            raise EndOfLogError

        steps = self.manifest.segments[-1].config.steps
        with closing(log):
            worlds, runner = self._runner(log, stop, Progress(), look)
            with suppress(EndOfLogError):
                runner.run(steps if until is None else min(until, steps))
                if look is not None:
                    look(worlds[0].now, worlds)
        return worlds

    def results(self) -> Results:
        """Metrics and tables: as written at the end, or replayed as far as the log goes."""
        return Results.read(self.folder) or Results.of(self.replay())

    def log(self) -> DecisionLog:
        """The decision log, to read."""
        return DecisionLog.open(self.folder / LOG)

    def _check_step(self, step: int, log: DecisionLog) -> None:
        """Raise `ConfigError` where no branch can begin at `step`: all steps before it must be whole."""
        start, config = self.manifest.segments[-1]
        is_whole = self.manifest.status == "finished"
        whole = config.steps if is_whole else max((start, *(head[1] for head in log.batches())))
        if not 0 < step <= whole:
            more = "" if is_whole else "; the step after it may be half done: resume the run first"
            raise ConfigError(f"--at {step} must lie in the run's log, from 1 to {whole} (0-based steps){more}")
        if step < start:
            raise ConfigError(f"--at {step} lies before step {start}, where this branch began; branch its parent")

    def _take(self, mind: Panel, has_answers: bool) -> None:
        """Note a run's minds, or close them and raise `ContractError` where others have answered before."""
        found = mind.describe()
        if has_answers and (change := other_minds(self.manifest.minds, found)):
            mind.close()
            raise ContractError(
                f"{self.folder} cannot go on with another model: {change}; bring that one back, or `branch` the run to "
                "go on with this one"
            )
        self.manifest.minds = found
        self.manifest.write()

    def _runner(
        self, log: DecisionLog, mind: Callable[[], Panel], progress: Progress, look: Look | None = None
    ) -> tuple[list[World], Runner]:
        segments = self.manifest.segments
        worlds = make_worlds(segments[0].config)
        switches = {later.from_step: (earlier.config, later.config) for earlier, later in pairwise(segments)}

        def before_step(step: int) -> None:
            if step in switches:
                switch(worlds, *switches[step])
            if look is not None:
                look(step, worlds)

        share = segments[-1].config.max_fallback_share
        return worlds, Runner(worlds, mind, log, max_fallback_share=share, progress=progress, before_step=before_step)

    def _branched(self, old: RunConfig, step: int, overrides: Sequence[str]) -> RunConfig:
        if read_config(self.manifest.overrides) != old:
            raise ConfigError(
                f"the files in conf/ have changed since {self.folder} was run, so overrides cannot be composed; "
                "check out the commit in its manifest.json"
            )
        new = read_config([*self.manifest.overrides, *overrides])
        _refuse_another_past(old, new, step)
        return new


def _refuse_another_past(old: RunConfig, new: RunConfig, step: int) -> None:
    """Raise `ConfigError` where a branch's configuration would change what came before `step`, or cannot be."""
    for name in ("population", "graph", "seeds", "memory", "presentation"):
        if getattr(new, name) != getattr(old, name):
            raise ConfigError(f"{name} shapes a run from its first step and cannot change in a branch")
    if new.arms() != old.arms():
        raise ConfigError("minds and the names of treatments shape a run from its first step; start a new run")
    if world_class(old)[0] is not world_class(new)[0]:
        raise ConfigError("a branch stays in its world; start a new run for another one")
    for arm in new.arms():
        _refuse_another_past_of(arm, old, new, step)


def _refuse_another_past_of(arm: Arm, old: RunConfig, new: RunConfig, step: int) -> None:
    kind, params = world_class(old, arm.treatment)
    _, changed = world_class(new, arm.treatment)
    for name in sorted(params.fixed):
        if getattr(params, name) != getattr(changed, name):
            raise ConfigError(f"world.{name} shapes the world when it is made and cannot change in a branch")
    make_cast(new, kind, arm.mind)
    known = make_events(kind, params, old.events, old.steps)
    for event in make_events(kind, changed, new.events, new.steps):
        if event.step < step and event not in known:
            raise ConfigError(f"an event at step {event.step} would change what came before --at {step}")


def switch(worlds: Sequence[World], old: RunConfig, new: RunConfig) -> None:
    """Give running worlds the parameters, cast and events in which a new configuration differs."""
    arms = [arm for arm in new.arms() for _ in new.seeds]
    for world, arm in zip(worlds, arms, strict=True):
        kind, before = world_class(old, arm.treatment)
        _, after = world_class(new, arm.treatment)
        changes = {name: getattr(after, name) for name in type(after).model_fields}
        world.change(**{name: value for name, value in changes.items() if getattr(before, name) != value})
        world.recast(make_cast(new, kind, arm.mind))
        world.events = list(make_events(kind, after, new.events, new.steps))


def read_config(overrides: Sequence[str]) -> RunConfig:
    """Compose and validate."""
    return validated(RunConfig, compose(overrides))


def _refuse_a_run(folder: Path) -> None:
    if (folder / LOG).exists():
        raise DataError(f"{folder} holds a run already; resume it or choose another run_dir")


def _make_folder(named: Path | None, kind: str) -> Path:
    """Make the folder of a new run: the one that is named, else one under `runs/` that no other run has."""
    if named is not None:
        _refuse_a_run(named)
    try:
        return _new_folder(kind) if named is None else _made(named, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"cannot make the folder {named or runs_dir()} for the run ({error.strerror}); name another run_dir"
        ) from error


def _new_folder(kind: str) -> Path:
    """Named after kind, time and, where several runs begin in one second, a number."""
    name = f"{kind}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    number = 1
    while True:
        try:
            return _made(runs_dir() / (name if number == 1 else f"{name}-{number}"), exist_ok=False)
        except FileExistsError:
            number += 1


def _made(folder: Path, exist_ok: bool) -> Path:
    folder.mkdir(parents=True, exist_ok=exist_ok)
    return folder
