"""The command line: one function a command. Heavy imports wait until a command needs them."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.errors import ConfigError, SandboxError, exit_code

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
    return exit_code(lambda: command(args, overrides), "what was answered is in the log")


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


def _go_on(run: "Run", command: str = "resume") -> int:
    """Go on with a run to its end, and show it; `command` is what goes on with it where it stops."""
    from sandbox.progress import ProgressBar, say

    try:
        with ProgressBar(run.manifest.segments[-1].config.steps) as progress:
            results = run.go_on(progress, say)
    except (SandboxError, OSError, KeyboardInterrupt):
        print(f"\ngo on with: python -m sandbox {command} {run.folder}", file=sys.stderr)
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
    for path in [*_draw(run, run.results()), *_unfolded(run, args)]:
        print(path)
    return 0


def _unfolded(run: "Run", args: argparse.Namespace) -> list[Path]:
    """Maps of chosen steps, and the animation, where they are asked for."""
    if not (args.at or args.animate):
        return []
    dynamics, figures = _from_above("experiments.dynamics"), run.folder / "figures"
    drawn: list[Path] = []
    if args.at:
        drawn += dynamics.draw_steps(dynamics.frames_of(run, args.at), figures / "network_steps")
    if args.animate:
        drawn += dynamics.animate(dynamics.frames_of(run), figures / "network")
    return drawn


def _export(args: argparse.Namespace, _: list[str]) -> int:
    from sandbox.export import export
    from sandbox.run import Run

    for path in export(Run(args.run), args.to):
        print(path)
    return 0


def _compare(args: argparse.Namespace, overrides: list[str]) -> int:
    comparison = _from_above("experiments.comparison")
    run = _new_or_begun(args.run, overrides, "compare", lambda: comparison.start(overrides))
    code = _go_on(run, "compare --run")
    report, *_ = comparison.conclude(run, run.results())
    print(f"\nreport: {report}")
    return code


def _audit(args: argparse.Namespace, overrides: list[str]) -> int:
    audit = _from_above("experiments.audit")
    from sandbox.progress import say

    for path in audit.write(audit.run_all(overrides, args.run, say)):
        print(path)
    return 0


def _ask(args: argparse.Namespace, words: list[str]) -> int:
    surveys = _from_above("experiments.survey")
    from sandbox.progress import say
    from sandbox.run import Run

    question = " ".join(words) or None  # argparse takes no positional after an option, so it is among the rest
    survey, run = surveys.chosen_survey(question, args.survey, args.who, args.people), Run(args.run)
    table = surveys.ask(run, args.at, survey, say)
    files = surveys.write_answers(table, run, survey)
    print("\n".join((*surveys.summary(table), "", *map(str, files))))
    return 0


def _phase(args: argparse.Namespace, overrides: list[str]) -> int:
    phase = _from_above("experiments.phase")
    run = _new_or_begun(args.run, overrides, "phase", lambda: phase.start(overrides, args.metric))
    _go_on(run, f"phase {args.metric} --run")
    for path in phase.draw_phase(run, run.results(), args.metric):
        print(path)
    return 0


def _new_or_begun(folder: Path | None, overrides: list[str], command: str, start: "Callable[[], Run]") -> "Run":
    """The run that settings describe, or the one in the folder."""
    from sandbox.run import Run

    if folder is not None and overrides:
        raise ConfigError(f"{command} takes settings for a new run, or the folder of one that was begun, not both")
    return start() if folder is None else Run(folder)


def _from_above(module: str) -> Any:
    """A module of a layer above this one, for the commands that it brings."""
    return importlib.import_module(module)


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
            print(f"error: {' '.join(each)}: {error}", file=sys.stderr)
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


def _steps(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


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
    compare = add("compare", _compare, "arms and seeds in one run, held against each other and against people", True)
    compare.add_argument("--run", type=Path, help="go on with a comparison that was begun, or judge it again")
    audit = add("audit", _audit, "how far outcomes move when what should not matter is changed", True)
    audit.add_argument("--run", type=Path, help="go on with an audit that was begun in this folder")
    ask = add("ask", _ask, 'ask people of a run, as they were at a step: ask RUN --at 10 "Why did you buy that?"', True)
    ask.add_argument("run", type=Path)
    ask.add_argument("--survey", type=Path, help="in place of one question: YAML with items (likert, choice or open)")
    ask.add_argument("--at", type=int, required=True, metavar="STEP", help="after so many steps")
    ask.add_argument("--who", help="a role, or ids such as 3,17; default: everybody")
    ask.add_argument("--people", type=int, help="no more than so many in each replicate")
    phase = add(
        "phase", _phase, "a metric over two swept parameters: phase gini_sales world.rent=2,5 world.entry=0,0.5", True
    )
    phase.add_argument("metric")
    phase.add_argument(
        "--run", type=Path, help="go on with what was begun in this folder, or draw another metric of it"
    )
    add("resume", _resume, "go on with a run that was stopped").add_argument("run", type=Path)
    branch = add("branch", _branch, "a run that equals RUN before a step and differs after it, by overrides", True)
    branch.add_argument("run", type=Path)
    branch.add_argument("--at", type=int, required=True, metavar="STEP", help="first step (0-based) that may differ")
    add("show", _show, "sum up a run").add_argument("run", type=Path)
    plot = add("plot", _plot, "draw a run's figures")
    plot.add_argument("run", type=Path)
    plot.add_argument(
        "--at", type=_steps, metavar="STEPS", help="also the network after so many steps, such as 0,10,20"
    )
    plot.add_argument("--animate", action="store_true", help="also the network over all steps, as GIF (and MP4)")
    export = add("export", _export, "write a run as Parquet, CSV and GraphML")
    export.add_argument("run", type=Path)
    export.add_argument("--to", type=Path, help="folder; default: RUN/export")
    add("list", _list, "list worlds, minds, populations, graphs and models")
    check = add("check", _check, "test a world against the contract", True)
    check.add_argument("world")
    doctor = add("doctor", _doctor, "say what this machine can do and how to mend what is missing")
    doctor.add_argument("--model", default="smollm2-135m")
    return parser
