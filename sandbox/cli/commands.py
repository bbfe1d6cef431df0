"""The commands around runs, worlds and machines. Heavy imports wait until a command needs them."""

import argparse
import shlex
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sandbox.errors import ConfigError, SandboxError, format_error

if TYPE_CHECKING:
    from sandbox.runtime.run import Run

Command: TypeAlias = Callable[[argparse.Namespace, list[str]], int]
"""Takes the parsed arguments and the Hydra overrides; returns the exit code."""


def run(args: argparse.Namespace, overrides: list[str]) -> int:
    """Run a world, or sweep over settings."""
    from sandbox.runtime.run import Run

    if args.multirun:
        return _sweep(overrides)
    return run_to_end(Run.start(overrides))


def resume(args: argparse.Namespace, _: list[str]) -> int:
    """Resume a run that was stopped."""
    from sandbox.output.progress import notify
    from sandbox.runtime.run import Run

    run = Run(args.run)
    if args.drop_damaged:
        notify(run.drop_damaged())
    return run_to_end(run)


def branch(args: argparse.Namespace, overrides: list[str]) -> int:
    """Create a branch of a run, and run it."""
    from sandbox.runtime.run import Run

    return run_to_end(Run(args.run).branch(args.at, overrides))


def show(args: argparse.Namespace, _: list[str]) -> int:
    """Summarise a run, or print one of its agents."""
    from sandbox.output.progress import ReplayBar, notify
    from sandbox.output.summary import print_summary
    from sandbox.output.transcript import describe_agent
    from sandbox.runtime.inputs import describe_changes
    from sandbox.runtime.run import Run

    run = Run(args.run, ReplayBar)
    if args.agent is not None:
        print("\n".join(describe_agent(run, args.agent, args.at, args.arm, args.seed)))
        return 0
    if flags := [name for name in ("at", "arm", "seed") if getattr(args, name) is not None]:
        raise ConfigError(f"show --{flags[0]} needs --agent ID, whose decisions it shows")
    print_summary(run, run.results())
    for change in describe_changes(run.manifest.inputs):
        notify(f"{change}; the summary is of the run as it was.")
    return 0


def plot(args: argparse.Namespace, _: list[str]) -> int:
    """Draw a run's figures and, if asked for, its network over steps."""
    from sandbox.output.progress import ReplayBar
    from sandbox.output.run_figures import draw_run
    from sandbox.runtime.run import Run

    run = Run(args.run, ReplayBar)
    for path in [*draw_run(run, run.results()), *_draw_dynamics(run, args.at, args.animate)]:
        print(path)
    return 0


def export(args: argparse.Namespace, _: list[str]) -> int:
    """Export a run."""
    from sandbox.output.export import export_run
    from sandbox.output.progress import ReplayBar
    from sandbox.runtime.run import Run

    for path in export_run(Run(args.run, ReplayBar), args.to, args.prompts):
        print(path)
    return 0


def describe(args: argparse.Namespace, _: list[str]) -> int:
    """Write the methods section of a run."""
    from sandbox.output.methods import describe_run, write_methods
    from sandbox.output.progress import ReplayBar
    from sandbox.runtime.run import Run

    text = describe_run(Run(args.run, ReplayBar))
    if args.to is None:
        print(text)
        return 0
    for path in write_methods(text, args.to):
        print(path)
    return 0


def verify(args: argparse.Namespace, _: list[str]) -> int:
    """Check a run from its folder."""
    from sandbox.output.progress import ReplayBar
    from sandbox.runtime.run import Run
    from sandbox.runtime.verification import verify_run

    num_failed = 0
    for verdict, sentence in verify_run(Run(args.run, ReplayBar)):
        num_failed += verdict == "FAILED"
        print(f"{verdict:<6}  {sentence}", flush=True)
    print("the run does not hold" if num_failed else "the run holds", flush=True)
    return int(num_failed > 0)


def bundle(args: argparse.Namespace, _: list[str]) -> int:
    """Pack a run for a repository."""
    from sandbox.output.bundle import bundle_run
    from sandbox.output.progress import ReplayBar
    from sandbox.runtime.run import Run

    run = Run(args.run, ReplayBar)
    path = bundle_run(run, args.to or Path(f"{run.folder.resolve().name}.zip"), args.licence)
    print(path)
    return 0


def react(args: argparse.Namespace, _: list[str]) -> int:
    """Measure what moves agents."""
    from sandbox.output.progress import ReplayBar, notify, track
    from sandbox.output.reactions import draw_reactions, print_reactions
    from sandbox.runtime.run import Run

    run = Run(args.run, ReplayBar)
    files = run.react(args.n, args.arms, notify, track)
    print_reactions(run)
    for path in [*draw_reactions(run), *files]:
        print(path)
    return 0


def check(args: argparse.Namespace, overrides: list[str]) -> int:
    """Test a world against the contract."""
    from sandbox.runtime.contract import check_world

    if named := [text for text in overrides if text.startswith("world=")]:
        raise ConfigError(f"check takes the world's name alone: {args.world}; leave {named[0]} out")
    for promise in check_world([f"world={args.world}", *overrides]):
        print(f"ok  {promise}")
    return 0


def new(args: argparse.Namespace, _: list[str]) -> int:
    """Write a small world of the user's own."""
    from sandbox.cli.new import write_world

    for path in write_world(args.world, Path.cwd()):
        print(path)
    print(
        f"\ntry it:  python -m sandbox check {args.world}\n"
        f"         python -m sandbox run world={args.world} mind=rule\n"
        f"         python -m pytest test_{args.world}.py"
    )
    return 0


def list_choices(_: argparse.Namespace, __: list[str]) -> int:
    """List what there is to choose from."""
    from sandbox.cli.listing import print_list

    print_list()
    return 0


def doctor(args: argparse.Namespace, _: list[str]) -> int:
    """Check this machine."""
    from sandbox.cli.doctor import examine, print_report

    return print_report(examine(args.model))


def run_to_end(run: "Run") -> int:
    """Run a run, new or stopped at any moment, to its end and summarise it; if it stops, say how to continue."""
    from sandbox.runtime.manifest import FILE

    with say_how_to_continue("resume", run.folder, FILE):
        finish_run(run)
    return 0


def finish_run(run: "Run") -> None:
    """Run a run to its end, draw it and summarise it."""
    from sandbox.output.progress import resume_with_bar
    from sandbox.output.run_figures import draw_run
    from sandbox.output.summary import print_summary

    results = resume_with_bar(run)
    draw_run(run, results)
    print_summary(run, results)


@contextmanager
def say_how_to_continue(command: str, folder: Path, record: str) -> Generator[None]:
    """Say how to continue what an error or a signal stops.

    Args:
        command: The command that continues it; the folder follows.
        folder: Where it is.
        record: The file in the folder that says what was begun; without it, there is nothing to continue.
    """
    try:
        yield
    except (SandboxError, OSError, KeyboardInterrupt):
        if (folder / record).is_file():
            print(f"\nto continue: python -m sandbox {command} {shlex.quote(str(folder))}", file=sys.stderr)
        raise


def _draw_dynamics(run: "Run", steps: list[int] | None, is_animated: bool) -> list[Path]:
    """Draw maps of chosen steps, and the animation, if asked for."""
    if not (steps or is_animated):
        return []
    from experiments import dynamics

    figures, paths = run.folder / "figures", list[Path]()
    if steps:
        paths += dynamics.draw_steps(dynamics.frames_of(run, steps), figures / "network_steps")
    if is_animated:
        paths += dynamics.animate(dynamics.frames_of(run), figures / "network")
    return paths


def _sweep(overrides: list[str]) -> int:
    """Let Hydra's sweeper and launcher run every combination."""
    from sandbox.composition import allow_new_keys
    from sandbox.quoting import quote
    from sandbox.runtime.manifest import FILE
    from sandbox.runtime.run import Run
    from sandbox.runtime.sweep import check_names, sweep

    def run_job(job: list[str], folder: Path) -> int:
        try:
            run = Run(folder) if (folder / FILE).is_file() else Run.start([*job, f"run_dir={quote(folder)}"])
            return 0 if run.manifest.status == "finished" else run_to_end(run)
        except SandboxError as error:
            print(f"error: {' '.join(job)}: {format_error(error)}", file=sys.stderr)
            return 1

    check_names(overrides)
    return sweep(allow_new_keys(overrides), run_job)
