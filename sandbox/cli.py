"""The command line: one function a command. Heavy imports wait until a command needs them."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from sandbox.results import Results
    from sandbox.run import Run

EPILOG = """examples:
  python -m sandbox run world=marketplace
  python -m sandbox run world=marketplace mind=rule seeds=[0,1,2] steps=50
  python -m sandbox run world=marketplace mind=rule -m world.ranking=price,rating
  python -m sandbox branch runs/marketplace-20261123-120000 --at 10 world.tax=0.2
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    args, overrides = _parser().parse_known_args(arguments)
    command: Callable[[argparse.Namespace, list[str]], int] = args.command
    if (stray := [one for one in overrides if one.startswith("-")]) or (overrides and not args.takes_overrides):
        print(
            f"error: unknown argument {(stray or overrides)[0]!r}; see `python -m sandbox {args.name} --help`",
            file=sys.stderr,
        )
        return 2
    try:
        return command(args, overrides)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what was answered is in the log", file=sys.stderr)
        return 130


def _run(args: argparse.Namespace, overrides: list[str]) -> int:
    from sandbox.run import Run

    if args.multirun:
        return _sweep(overrides)
    return _go_on(Run.start(overrides))


def _resume(args: argparse.Namespace, _: list[str]) -> int:
    from sandbox.run import Run

    return _go_on(Run(args.run))


def _branch(args: argparse.Namespace, overrides: list[str]) -> int:
    from sandbox.run import Run

    return _go_on(Run(args.run).branch(args.at, overrides))


def _go_on(run: "Run") -> int:
    from sandbox.progress import ProgressBar, say

    try:
        with ProgressBar(run.manifest.segments[-1].config.steps) as progress:
            results = run.go_on(progress, say)
    except (SandboxError, KeyboardInterrupt):
        print(f"\ngo on with: python -m sandbox resume {run.folder}", file=sys.stderr)
        raise
    _draw(run, results)
    return _print(run, results)


def _show(args: argparse.Namespace, _: list[str]) -> int:
    from sandbox.run import Run

    run = Run(args.run)
    return _print(run, run.results())


def _plot(args: argparse.Namespace, _: list[str]) -> int:
    from sandbox.run import Run

    run = Run(args.run)
    for path in _draw(run, run.results()):
        print(path)
    return 0


def _export(args: argparse.Namespace, _: list[str]) -> int:
    from sandbox.export import export
    from sandbox.run import Run

    for path in export(Run(args.run), args.to):
        print(path)
    return 0


def _list(_: argparse.Namespace, __: list[str]) -> int:
    from sandbox.listing import print_list

    print_list()
    return 0


def _check(args: argparse.Namespace, overrides: list[str]) -> int:
    from sandbox.contract import check_world

    for promise in check_world([f"world={args.world}", *overrides]):
        print(f"ok  {promise}")
    return 0


def _doctor(args: argparse.Namespace, _: list[str]) -> int:
    from sandbox.doctor import examine, print_report

    return print_report(examine(args.model))


def _sweep(overrides: list[str]) -> int:
    """Let Hydra's sweeper and launcher run every combination."""
    from sandbox.config import open_overrides
    from sandbox.sweep import sweep

    def run_one(each: list[str]) -> int:
        try:
            return _run(argparse.Namespace(multirun=False), each)
        except SandboxError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1

    return sweep(open_overrides(overrides), run_one)


def _draw(run: "Run", results: "Results") -> list[Path]:
    from sandbox.assembly import make_worlds, world_class
    from sandbox.plot import draw_figures

    config = run.manifest.segments[0].config
    kind, _ = world_class(config)

    return draw_figures(results, kind, lambda: make_worlds(config)[0].network.G, run.folder)


def _print(run: "Run", results: "Results") -> int:
    from sandbox.summary import print_summary

    print_summary(run, results)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A population of believable people in a computer.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(
        name: str, command: Callable[..., int], what: str, takes_overrides: bool = False
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=what)
        made.set_defaults(command=command, name=name, takes_overrides=takes_overrides)
        return made

    run = add("run", _run, "run a world; settings are Hydra overrides such as world=marketplace steps=50", True)
    run.add_argument("-m", "--multirun", action="store_true", help="sweep over comma-separated values")
    add("resume", _resume, "go on with a run that was stopped").add_argument("run", type=Path)
    branch = add("branch", _branch, "a run that equals RUN before a step and differs after it, by overrides", True)
    branch.add_argument("run", type=Path)
    branch.add_argument("--at", type=int, required=True, metavar="STEP", help="first step (0-based) that may differ")
    add("show", _show, "sum up a run").add_argument("run", type=Path)
    add("plot", _plot, "draw a run's figures").add_argument("run", type=Path)
    export = add("export", _export, "write a run as Parquet, CSV and GraphML")
    export.add_argument("run", type=Path)
    export.add_argument("--to", type=Path, help="folder; default: RUN/export")
    add("list", _list, "list worlds, minds, populations, graphs and models")
    check = add("check", _check, "test a world against the contract", True)
    check.add_argument("world")
    doctor = add("doctor", _doctor, "say what this machine can do and how to mend what is missing")
    doctor.add_argument("--model", default="smollm2-135m")
    return parser
