"""Runs as folders: start, resume, branch, replay.

A run's folder holds `manifest.json` (what was run, on what), `decisions.sqlite` (the run itself) and what can be
reproduced from these two: `metrics.csv`, `tables/`, `reactions/`, `figures/`.
"""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from sandbox.core.assignment import MindRouter
from sandbox.core.world import World
from sandbox.errors import ConfigError, ContractError, DataError, unknown
from sandbox.folders import make_folder
from sandbox.paths import dated_run_dir, runs_dir
from sandbox.runtime.assembly import (
    build_minds,
    build_worlds,
    check_interventions,
    check_minds,
    check_outcomes,
    resolve_world,
)
from sandbox.runtime.branching import list_switches, refuse_changed_past, switch_config
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.manifest import Manifest, Segment, describe_mind_change, work_began
from sandbox.runtime.reactions import Ask, QuestionSample, measure_reactions, read_reactions, write_reactions
from sandbox.runtime.results import Results
from sandbox.runtime.runner import Progress, Runner, Track, untracked

LOG = "decisions.sqlite"
MIND_SETTINGS = ("mind", "extra_minds", "assignment", "model")
"""Settings that say who answers; all but the arms' minds can change in a branch."""
Observer: TypeAlias = Callable[[int, Sequence[World[Any]]], None]
"""Receives the number of finished steps and the worlds as they are then."""


class EndOfLogError(Exception):
    """A replay has reached the end of the log."""


class Run:
    """One run's folder."""

    def __init__(self, folder: Path, watch_replay: Callable[[int], Progress] = lambda steps: Progress()) -> None:
        """Open a run.

        Args:
            folder: The run's folder.
            watch_replay: Takes the number of steps of a replay; returns what shows its progress.
        """
        self.folder = folder
        self.manifest = Manifest.read(folder)
        self._watch_replay = watch_replay

    @classmethod
    def start(cls, overrides: Sequence[str], config: RunConfig | None = None) -> "Run":
        """Create the folder of a new run, after all checks that need no engine."""
        config = config or load_run_config(overrides)
        build_worlds(config)
        check_minds(config)
        kind, _ = resolve_world(config)
        check_outcomes(config, kind)
        folder = _make_folder(config.run_dir, kind.name)
        Manifest.new(folder, overrides, [Segment(0, config)]).write()
        DecisionLog.create(folder / LOG).close()
        return cls(folder)

    def branch(self, step: int, overrides: Sequence[str], run_dir: Path | None = None) -> "Run":
        """Create a run that equals this one before `step` and differs from it after.

        Raises:
            ConfigError: `step` lies outside the log, or an override would change what came before.
        """
        old = self.manifest.segments[-1].config
        config = self._compose_branch(old, step, overrides)
        run_dir = run_dir or (config.run_dir if config.run_dir != old.run_dir else None)
        kind, _ = resolve_world(config)
        with closing(self.log()) as log:
            self._check_step(step, log)
            if config.interventions != old.interventions:
                worlds = self.replay(step)
                switch_config(worlds, old, config)
                check_interventions(worlds)
            folder = _make_folder(run_dir, f"{kind.name}-branch")
            log.copy_until(folder / LOG, step)
        segments = [part for part in self.manifest.segments if part.from_step < step]
        Manifest.new(folder, [*self.manifest.overrides, *overrides], [*segments, Segment(step, config)]).write()
        return Run(folder)

    def resume(self, progress: Progress, notify: Callable[[str], None]) -> Results:
        """Replay what the log holds, answer the rest live, measure reactions, and write the results."""
        began, config = work_began(), self.manifest.segments[-1].config
        log = DecisionLog.open(self.folder / LOG, write=True)

        def build() -> MindRouter:
            minds = build_minds(config, notify)
            self._record_minds(minds, began, has_answers=log.num_batches > 0)
            return minds

        with closing(log):
            sample = self._new_sample(config.reactions)
            worlds, runner = self._build_runner(log, build, progress, sample=sample)
            with closing(runner):
                runner.run(config.steps)
                results = Results.of(worlds)
                results.write(self.folder)
                if config.reactions and read_reactions(self.folder, "slopes") is None:
                    self._measure_reactions(sample, runner.ask_aside, track=progress.track)
                if self.manifest.status != "finished":
                    self.manifest.finish(log.totals(), [end for *_, end in log.batches()], began)
        return results

    def react(
        self, num_people: int, arms: Sequence[str], notify: Callable[[str], None], track: Track = untracked
    ) -> list[Path]:
        """Measure reactions on the run's questions, and write them into its folder; return the files.

        Args:
            num_people: Most people for each arm and reaction.
            arms: Names of the arms; empty: all.
            notify: Receives what takes a while.
            track: Shows how far it is.

        Raises:
            ConfigError: There is no such arm, or the world declares no reactions.
        """
        config = self.manifest.segments[-1].config
        kind, _ = resolve_world(config)
        names = [arm.name for arm in config.arms()]
        if strangers := [name for name in arms if name not in names]:
            raise ConfigError(f"--arms: {unknown('arm', strangers[0], names)}")
        if not kind.reactions:
            raise ConfigError(
                f"world {kind.name} declares no reactions; say in `{kind.__name__}.reactions` which facts should move "
                "which answers"
            )
        sample = self._new_sample(num_people)
        self.replay(sample=sample)
        with closing(build_minds(config, notify)) as minds:
            return self._measure_reactions(sample, minds.answer, arms, track)

    def replay(
        self, until: int | None = None, observer: Observer | None = None, sample: QuestionSample | None = None
    ) -> list[World[Any]]:
        """Return the worlds as they were after `until` steps, or at the end of the log; asks no mind.

        Args:
            until: Steps to replay; None: all that are logged.
            observer: Called before the first step and after each.
            sample: Receives the questions.
        """
        log = DecisionLog.open(self.folder / LOG)

        def stop() -> NoReturn:
            raise EndOfLogError

        steps = self.manifest.segments[-1].config.steps
        steps = steps if until is None else min(until, steps)
        with closing(log), self._watch_replay(steps) as progress:
            worlds, runner = self._build_runner(log, stop, progress, observer, sample)
            with suppress(EndOfLogError):
                runner.run(steps)
                if observer is not None:
                    observer(worlds[0].now, worlds)
        return worlds

    def results(self) -> Results:
        """Return metrics and tables: as written at the end, or replayed as far as the log goes."""
        return Results.read(self.folder) or Results.of(self.replay())

    def log(self) -> DecisionLog:
        """Open the decision log for reading."""
        return DecisionLog.open(self.folder / LOG)

    def _check_step(self, step: int, log: DecisionLog) -> None:
        """Raise `ConfigError` if no branch can begin at `step`: all steps before it must be complete."""
        start, config = self.manifest.segments[-1]
        is_finished = self.manifest.status == "finished"
        last = config.steps if is_finished else max((start, *(batch[1] for batch in log.batches())))
        if not 0 < step <= last:
            hint = "" if is_finished else "; the step after it may be incomplete: resume the run first"
            raise ConfigError(f"--at {step} must lie in the run's log, from 1 to {last} (0-based steps){hint}")
        if step < start:
            raise ConfigError(f"--at {step} lies before step {start}, where this branch began; branch its parent")

    def _record_minds(self, minds: MindRouter, began: float, has_answers: bool) -> None:
        """Record a run's minds and when work began; close minds and raise `ContractError` if others answered before."""
        description = minds.describe()
        if has_answers and (change := describe_mind_change(self.manifest.minds, description)):
            minds.close()
            raise ContractError(
                f"{self.folder} cannot continue with another model: {change}; restore the earlier one, or `branch` the "
                "run to continue with this one"
            )
        self.manifest.minds = description
        self.manifest.sessions.append(began)
        self.manifest.write()

    def _build_runner(
        self,
        log: DecisionLog,
        make_minds: Callable[[], MindRouter],
        progress: Progress,
        observer: Observer | None = None,
        sample: QuestionSample | None = None,
    ) -> tuple[list[World[Any]], Runner]:
        segments = self.manifest.segments
        worlds = build_worlds(segments[0].config)
        switches = list_switches(segments)

        def before_step(step: int) -> None:
            if step in switches:
                switch_config(worlds, *switches[step])
            if observer is not None:
                observer(step, worlds)

        rate = segments[-1].config.max_fallback_rate
        listen = (sample or self._new_sample(0)).add
        runner = Runner(
            worlds, make_minds, log, max_fallback_rate=rate, progress=progress, before_step=before_step, listen=listen
        )
        return worlds, runner

    def _new_sample(self, num_people: int) -> QuestionSample:
        """Return an empty sample of the questions that are answered by the minds that the run has now."""
        start, segments = 0, self.manifest.segments
        for earlier, later in pairwise(segments):
            if any(getattr(earlier.config, name) != getattr(later.config, name) for name in MIND_SETTINGS):
                start = later.from_step
        kind, _ = resolve_world(segments[-1].config)
        return QuestionSample(kind.reactions, num_people, start)

    def _measure_reactions(
        self, sample: QuestionSample, ask: Ask, arms: Sequence[str] = (), track: Track = untracked
    ) -> list[Path]:
        """Ask sampled questions again with one fact changed, and write what comes of it; nothing if there are none."""
        kind, _ = resolve_world(self.manifest.segments[-1].config)
        varied = list(sample.vary(arms))
        if not varied:
            return []
        return write_reactions(measure_reactions(varied, ask, kind.rules, track), kind.reactions, self.folder)

    def _compose_branch(self, old: RunConfig, step: int, overrides: Sequence[str]) -> RunConfig:
        if load_run_config(self.manifest.overrides) != old:
            raise ConfigError(
                f"the files in conf/ have changed since {self.folder} was run, so overrides cannot be composed; "
                "check out the commit in its manifest.json"
            )
        new = load_run_config([*self.manifest.overrides, *overrides])
        refuse_changed_past(old, new, step)
        return new


def _make_folder(run_dir: Path | None, kind: str) -> Path:
    """Create the folder of a new run: `run_dir`, or else a new one under `runs/`."""
    if run_dir is None:
        return _make_new_folder(kind)
    if (make_folder(run_dir, "run_dir") / LOG).exists():
        raise DataError(f"{run_dir} already holds a run; resume it or choose another run_dir")
    return run_dir


def _make_new_folder(kind: str) -> Path:
    """Create a folder named after the kind of run and the time; runs that start in one second get a number."""
    dated = dated_run_dir(kind)
    for number in count(1):
        folder = dated if number == 1 else dated.with_name(f"{dated.name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise _cannot_create(runs_dir(), error) from error
        return folder
    raise AssertionError("count never ends")


def _cannot_create(folder: Path, error: OSError) -> DataError:
    return DataError(f"cannot create the folder {folder} for the run ({error.strerror}); name another run_dir")
