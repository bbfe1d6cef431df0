"""Runs as folders: start, resume, branch, replay.

A run's folder holds `manifest.json` (what was run, on what), `decisions.sqlite` (the run itself) and what can be
reproduced from these two: `metrics.csv`, `tables/`, `reactions/`, `figures/`.
"""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from sandbox.core.assignment import MindRouter
from sandbox.core.mind import RuleMind
from sandbox.core.world import World
from sandbox.errors import ConfigError, ContractError, unknown
from sandbox.runtime.assembly import (
    build_minds,
    build_worlds,
    check_interventions,
    check_minds,
    check_start,
    resolve_world,
)
from sandbox.runtime.beginning import LOG, begin_run, make_run_folder
from sandbox.runtime.branching import (
    check_branch_step,
    compose_branch,
    last_change_of_minds,
    list_switches,
    switch_config,
)
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.fallbacks import Ask, bound_fallbacks
from sandbox.runtime.inputs import add_inputs, check_inputs
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.log_chain import DamagedLogError
from sandbox.runtime.log_repair import drop_damaged
from sandbox.runtime.manifest import Manifest, Segment, describe_mind_change, work_began
from sandbox.runtime.reactions import (
    QuestionListener,
    QuestionSample,
    measure_reactions,
    read_reactions,
    write_reactions,
)
from sandbox.runtime.results import Results
from sandbox.runtime.runner import Progress, Runner, Track, untracked
from sandbox.runtime.treatments import list_interventions

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
        self._is_checked = False
        """Whether this process has read the log for damage, which takes seconds for a million decisions."""

    @classmethod
    def start(cls, overrides: Sequence[str], config: RunConfig | None = None) -> "Run":
        """Create the folder of a new run, after all checks that need no engine."""
        notes: list[str] = []
        if config is None and (config := load_run_config(overrides)).preregistration:
            raise ConfigError("only `compare` keeps to a preregistration; leave preregistration= out")
        config, inputs = check_start(config, notes.append)
        kind, _ = resolve_world(config)
        folder = make_run_folder(config.run_dir, kind.name)
        begin_run(Manifest.new(folder, overrides, [Segment(0, config)], inputs, notes))
        return cls(folder)

    def branch(self, step: int, overrides: Sequence[str], run_dir: Path | None = None) -> "Run":
        """Create a run that equals this one before `step` and differs from it after.

        Raises:
            ConfigError: `step` lies outside the log, or an override would change what came before.
        """
        self.check_inputs()
        old = self.manifest.segments[-1].config
        config, inputs = compose_branch(self.manifest, step, overrides)
        run_dir = run_dir or (config.run_dir if config.run_dir != old.run_dir else None)
        kind, _ = resolve_world(config)
        with closing(self.log()) as log:
            check_branch_step(self.manifest, step, log)
            if list_interventions(config) != list_interventions(old):
                worlds = self.replay(step)
                switch_config(worlds, old, config)
                check_interventions(worlds)
            folder = make_run_folder(run_dir, f"{kind.name}-branch")
            segments = [*(part for part in self.manifest.segments if part.from_step < step), Segment(step, config)]
            overrides, inputs = [*self.manifest.overrides, *overrides], add_inputs(self.manifest.inputs, inputs)
            manifest = Manifest.new(folder, overrides, segments, inputs, self.manifest.notes)
            begin_run(manifest, lambda copy: log.copy_until(copy, step))
        return Run(folder)

    def resume(self, progress: Progress, notify: Callable[[str], None]) -> Results:
        """Replay what the log holds, answer the rest live, measure reactions, and write the results."""
        began, config = work_began(), self.manifest.segments[-1].config
        for note in self.manifest.notes:
            notify(note)
        log = self.log(write=True)

        def build() -> MindRouter:
            self.check_inputs(is_live=True)
            minds = build_minds(config, notify)
            self._record_minds(minds, began, has_answers=log.num_batches > 0)
            return minds

        with closing(log):
            sample = self._new_sample(config.reactions)
            worlds, runner = self._build_runner(log, build, progress, sample=sample, notify=notify)
            with closing(runner):
                runner.run(config.steps)
                results = Results.of(worlds)
                results.write(self.folder)
                if config.reactions and read_reactions(self.folder, "slopes") is None:
                    ask = bound_fallbacks(runner.ask_aside, config.max_fallback_rate, notify)
                    self._measure_reactions(sample, ask, track=progress.track)
                if self.manifest.status != "finished":
                    self.manifest.finish(log.totals(), [end for *_, end in log.batches()], began)
        return results

    def drop_damaged(self) -> str:
        """Go back to the batches of the log before any damage; say what was done.

        Raises:
            DataError: The file is no decision log of this version.
        """
        try:
            self.log(write=True).close()
        except DamagedLogError as error:
            self.manifest.status = "running"
            self.manifest.write()
            file = drop_damaged(self.folder / LOG)
            return f"{error.reason}: the {error.num_intact} batches before it are kept, and the damaged file as {file}."
        return "the log is intact: nothing is dropped."

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
        check_minds(config.model_copy(update={"reactions": num_people}))
        if not kind.reactions:
            raise ConfigError(
                f"world {kind.name} declares no reactions; say in `{kind.__name__}.reactions` which facts should move "
                "which answers"
            )
        sample = self._new_sample(num_people)
        self.replay(sample=sample)
        with closing(self.build_minds(notify)) as minds:
            ask = bound_fallbacks(minds.answer, config.max_fallback_rate, notify)
            return self._measure_reactions(sample, ask, arms, track)

    def replay(
        self, until: int | None = None, observer: Observer | None = None, sample: QuestionListener | None = None
    ) -> list[World[Any]]:
        """Return the worlds as they were after `until` steps, or at the end of the log; asks no mind.

        Args:
            until: Steps to replay; None: all that are logged.
            observer: Called before the first step and after each.
            sample: Receives the questions.
        """

        def stop() -> NoReturn:
            raise EndOfLogError

        steps = self.manifest.segments[-1].config.steps
        steps = steps if until is None else min(until, steps)
        with closing(self.log()) as log, self._watch_replay(steps) as progress:
            worlds, runner = self._build_runner(log, stop, progress, observer, sample)
            with suppress(EndOfLogError):
                runner.run(steps)
                if observer is not None:
                    observer(worlds[0].now, worlds)
        return worlds

    def build_worlds(self) -> list[World[Any]]:
        """Return the run's worlds before their first step, from the files that it was run with."""
        self.check_inputs()
        return build_worlds(self.manifest.segments[0].config)

    def build_minds(self, notify: Callable[[str], None]) -> MindRouter:
        """Build the minds that the run has now; raise `SandboxError` if they are others than those that answered."""
        self.check_inputs(is_live=True)
        minds = build_minds(self.manifest.segments[-1].config, notify)
        self._refuse_other_minds(minds)
        return minds

    def check_inputs(self, is_live: bool = False) -> None:
        """Raise `DataError` if a file of the run has changed; see `inputs.check_inputs`."""
        check_inputs(self.manifest.inputs, self.folder, is_live)

    def results(self) -> Results:
        """Return metrics and tables: as written at the end, or replayed as far as the log goes."""
        return Results.read(self.folder) or Results.of(self.replay())

    def log(self, write: bool = False) -> DecisionLog:
        """Open the decision log, and check it the first time."""
        log = DecisionLog.open(self.folder / LOG, write, self._is_checked)
        if self.manifest.status == "finished" and not self._is_checked:
            log.check_end(self.manifest.totals.get("decisions"))
        self._is_checked = True
        return log

    def _record_minds(self, minds: MindRouter, began: float, has_answers: bool) -> None:
        """Record a run's minds and when work began; close minds and raise `ContractError` if others answered before."""
        if has_answers:
            self._refuse_other_minds(minds)
        self.manifest.minds = minds.describe()
        self.manifest.sessions.append(began)
        self.manifest.write()

    def _refuse_other_minds(self, minds: MindRouter) -> None:
        if change := describe_mind_change(self.manifest.minds, minds.describe()):
            minds.close()
            raise ContractError(
                f"{self.folder} cannot continue with another model: {change}; restore the earlier one, or `branch` the "
                "run to continue with this one"
            )

    def _build_runner(
        self,
        log: DecisionLog,
        make_minds: Callable[[], MindRouter],
        progress: Progress,
        observer: Observer | None = None,
        sample: QuestionListener | None = None,
        notify: Callable[[str], None] | None = None,
    ) -> tuple[list[World[Any]], Runner]:
        """Return fresh worlds and their runner; without `notify`, it only reads the log, whatever that holds."""
        segments = self.manifest.segments
        worlds = self.build_worlds()
        switches = list_switches(segments)

        def before_step(step: int) -> None:
            if step in switches:
                switch_config(worlds, *switches[step])
            if observer is not None:
                observer(step, worlds)

        is_unfinished = notify is not None and self.manifest.status != "finished"
        runner = Runner(
            worlds,
            make_minds,
            log,
            max_fallback_rate=1.0 if notify is None else segments[-1].config.max_fallback_rate,
            progress=progress,
            before_step=before_step,
            listen=(sample or self._new_sample(0)).add,
            ask_again_from=segments[-1].from_step if is_unfinished else None,
            notify=notify or (lambda text: None),
        )
        return worlds, runner

    def _new_sample(self, num_people: int) -> QuestionSample:
        """Return an empty sample of the questions that are answered by the minds that the run has now."""
        segments = self.manifest.segments
        kind, _ = resolve_world(segments[-1].config)
        return QuestionSample(kind.reactions, num_people, last_change_of_minds(segments))

    def _measure_reactions(
        self, sample: QuestionSample, ask: Ask, arms: Sequence[str] = (), track: Track = untracked
    ) -> list[Path]:
        """Ask sampled questions again with one fact changed, and write what comes of it; nothing if there are none."""
        kind, _ = resolve_world(self.manifest.segments[-1].config)
        varied = list(sample.vary(arms))
        measured = measure_reactions(varied, ask, RuleMind(kind.rules).answer, track)
        return write_reactions(measured, kind.reactions, self.folder) if varied else []
