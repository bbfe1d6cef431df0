"""The commands around runs, worlds and machines. Heavy imports wait until a command needs them."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sandbox.errors import ConfigError, SandboxError

if TYPE_CHECKING:
    from sandbox.runtime.results import Results
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
    from sandbox.runtime.run import Run

    return run_to_end(Run(args.run))


def branch(args: argparse.Namespace, overrides: list[str]) -> int:
    """Create a branch of a run, and run it."""
    from sandbox.runtime.run import Run

    return run_to_end(Run(args.run).branch(args.at, overrides))


def show(args: argparse.Namespace, _: list[str]) -> int:
    """Summarise a run."""
    from sandbox.output.summary import print_summary
    from sandbox.runtime.run import Run

    run = Run(args.run)
    print_summary(run, run.results())
    return 0


def plot(args: argparse.Namespace, _: list[str]) -> int:
    """Draw a run's figures and, if asked for, its network over steps."""
    from sandbox.runtime.run import Run

    run = Run(args.run)
    for path in [*_draw_figures(run, run.results()), *_draw_dynamics(run, args.at, args.animate)]:
        print(path)
    return 0


def export(args: argparse.Namespace, _: list[str]) -> int:
    """Export a run."""
    from sandbox.output.export import export_run
    from sandbox.runtime.run import Run

    for path in export_run(Run(args.run), args.to):
        print(path)
    return 0


def react(args: argparse.Namespace, _: list[str]) -> int:
    """Measure what moves agents."""
    from sandbox.output.progress import notify
    from sandbox.output.reactions import draw_reactions, print_reactions
    from sandbox.runtime.run import Run

    run = Run(args.run)
    files = run.react(args.n, args.arms, notify)
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


def run_to_end(run: "Run", command: str = "resume") -> int:
    """Run a run to its end and summarise it.

    Args:
        run: New, or stopped at any moment.
        command: The command that resumes it.
    """
    from sandbox.output.progress import resume_with_bar
    from sandbox.output.summary import print_summary

    try:
        results = resume_with_bar(run)
    except (SandboxError, OSError, KeyboardInterrupt):
        print(f"\nto continue: python -m sandbox {command} {run.folder}", file=sys.stderr)
        raise
    _draw_figures(run, results)
    print_summary(run, results)
    return 0


def _draw_figures(run: "Run", results: "Results") -> list[Path]:
    from sandbox.figures.null_model import NullModel
    from sandbox.output.plot import draw_figures
    from sandbox.output.progress import notify
    from sandbox.runtime.assembly import build_worlds, resolve_world
    from sandbox.runtime.null import load_null

    config = run.manifest.segments[0].config
    kind, _ = resolve_world(config)
    moments = load_null(run, notify)
    null = None if moments is None else NullModel(moments, {arm.name: arm.treatment or "main" for arm in config.arms()})
    return draw_figures(results, kind, lambda: build_worlds(config)[0].network.G, run.folder, null)


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
    from sandbox.runtime.run import Run
    from sandbox.runtime.sweep import check_names, sweep

    def run_job(job: list[str], folder: Path) -> int:
        try:
            return run_to_end(Run.start([*job, f"run_dir={folder}"]))
        except SandboxError as error:
            print(f"error: {' '.join(job)}: {error}", file=sys.stderr)
            return 1

    check_names(overrides)
    return sweep(allow_new_keys(overrides), run_job)
