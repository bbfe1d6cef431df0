"""`python -m sandbox`: which commands there are, and what they take."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from sandbox.arguments import CommandParser
from sandbox.cli import commands
from sandbox.cli.packages import check_package_origin
from sandbox.cli.parsing import add, as_name_list, as_path, as_positive, as_step_list
from sandbox.cli.study_parsers import add_people_commands, add_study_commands, add_sweep_commands
from sandbox.errors import exit_code, quote_value
from sandbox.key_hosts import allow_named_hosts

EPILOG = """examples:
  python -m sandbox run world=marketplace
  python -m sandbox run world=marketplace mind=rule seeds=[0,1,2] steps=50
  python -m sandbox run world=marketplace mind=rule -m world.ranking=price,rating
  python -m sandbox branch runs/marketplace-20261123-120000 --at 10 world.tax=0.2
"""

RENAMED_FLAGS = {"--who": "--agents", "--people": "--max-agents"}
"""Arguments of earlier versions and their names now."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    args, overrides = build_parser().parse_known_args(arguments)
    flags = [text for text in overrides if text.startswith("-")]
    if flags or (overrides and not args.takes_overrides):
        unknown = (flags or overrides)[0]
        hint = f"see `python -m sandbox {args.name} --help`"
        if unknown in RENAMED_FLAGS:
            hint = f"it is now called {RENAMED_FLAGS[unknown]}"
        print(f"error: unknown argument {quote_value(unknown)}; {hint}", file=sys.stderr)
        return 2

    allow_named_hosts(overrides)

    def run_command() -> int:
        if args.command is not commands.doctor:  # which reports it among everything else
            check_package_origin()
        return int(args.command(args, overrides))

    return exit_code(run_command, "what was answered is in the log", args.debug)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = CommandParser(
        prog="python -m sandbox",
        description="Simulate people with a language model, and compare these agents with real people.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(required=True, metavar="command")
    _add_run_commands(subparsers)
    add_study_commands(subparsers)
    add_sweep_commands(subparsers)
    add_people_commands(subparsers)
    _add_other_commands(subparsers)
    return parser


def _add_run_commands(subparsers: Any) -> None:
    run = add(subparsers, commands.run, "run a world; settings are Hydra overrides such as world=rumor steps=50", True)
    run.add_argument("-m", "--multirun", action="store_true", help="run all combinations of comma-separated values")
    resume = add(subparsers, commands.resume, "continue a run that was interrupted")
    branch = add(
        subparsers,
        commands.branch,
        "copy a run up to a step and continue it with other settings",
        True,
    )
    show = add(subparsers, commands.show, "print the summary of a run")
    plot = add(subparsers, commands.plot, "draw the figures of a run")
    export = add(subparsers, commands.export, "export a run as Parquet, CSV and GraphML")
    describe = add(subparsers, commands.describe, "write the methods section of a run, with its references")
    verify = add(
        subparsers,
        commands.verify,
        "check a run from its folder: does its log replay to its results?",
    )
    bundle = add(
        subparsers, commands.bundle, "pack a run for a repository, with all that a reader needs, into a ZIP file"
    )
    react = add(
        subparsers, commands.react, "ask agents of a run again with one fact changed: does the answer follow the fact?"
    )
    for parser in (resume, branch, show, plot, export, describe, verify, bundle, react):
        parser.add_argument("run", type=as_path, help="folder of the run")
    describe.add_argument("--to", type=as_path, metavar="FILE", help="write to FILE.md, FILE.tex or FILE.docx (pandoc)")
    bundle.add_argument("--to", type=as_path, metavar="FILE", help="ZIP file to write; default: named like the run")
    bundle.add_argument("--licence", default="", metavar="TEXT", help='such as "CC BY 4.0"; default: none is stated')
    resume.add_argument(
        "--drop-damaged", action="store_true", help="go back to the batches of the log that come before any damage"
    )
    show.add_argument("--agent", type=int, metavar="ID", help="print this agent: persona, prompts, answers, memory")
    show.add_argument("--at", type=int, metavar="STEP", help="only this step (0-based), with the memory before it")
    show.add_argument("--arm", metavar="ARM", help="arm of the agent; default: the first")
    show.add_argument("--seed", type=int, metavar="SEED", help="seed of the agent's world; default: the first")
    branch.add_argument("--at", type=int, required=True, metavar="STEP", help="first step that may differ (0-based)")
    plot.add_argument(
        "--at", type=as_step_list, metavar="STEPS", help="also draw the social graph after steps like 0,9"
    )
    plot.add_argument(
        "--animate", action="store_true", help="also draw the social graph over all steps, as a GIF (and MP4)"
    )
    react.add_argument("--arms", type=as_name_list, default=[], metavar="ARMS", help="arms such as base,humanllm")
    react.add_argument("--n", type=as_positive, default=60, metavar="N", help="people per arm and reaction, default 60")
    export.add_argument("--prompts", action="store_true", help="also write the text of every prompt, in `decisions`")
    export.add_argument("--to", type=as_path, metavar="FOLDER", help="folder to write to; default: RUN/export")


def _add_other_commands(subparsers: Any) -> None:
    check = add(subparsers, commands.check, "check that a world meets its contract, and render all its prompts", True)
    check.add_argument("world", help="name of the world")
    new = add(subparsers, commands.new, "create a small example world in this folder: new world NAME")
    new.add_argument("kind", choices=["world"], help="what to create")
    new.add_argument("world", metavar="NAME", help="name of the world: lower-case letters, digits and underscores")
    add(
        subparsers, commands.list_choices, "list worlds, minds, populations, social graphs and experiments", name="list"
    )
    doctor = add(subparsers, commands.doctor, "check what this machine can run, and say how to fix what is missing")
    doctor.add_argument("--model", default="smollm2-135m", help="name, folder or Hugging Face id of the language model")
