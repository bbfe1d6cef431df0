"""`python -m sandbox`: which commands there are, and what they take."""

import argparse
import sys
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from sandbox.arguments import CommandParser
from sandbox.cli import commands, studies
from sandbox.cli.packages import check_package_origin
from sandbox.errors import exit_code, quote_value
from sandbox.key_hosts import allow_named_hosts
from sandbox.paths import expand_user

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
    _add_study_commands(subparsers)
    _add_people_commands(subparsers)
    _add_other_commands(subparsers)
    return parser


def _add(
    subparsers: Any, command: commands.Command, summary: str, takes_overrides: bool = False, name: str = ""
) -> Any:
    name = name or command.__name__
    parser = subparsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.set_defaults(command=command, name=name, takes_overrides=takes_overrides)
    parser.add_argument("--debug", action="store_true", help="print the traceback of an error")
    return parser


def _add_run_commands(subparsers: Any) -> None:
    run = _add(subparsers, commands.run, "run a world; settings are Hydra overrides such as world=rumor steps=50", True)
    run.add_argument("-m", "--multirun", action="store_true", help="run all combinations of comma-separated values")
    resume = _add(subparsers, commands.resume, "continue a run that was interrupted")
    branch = _add(
        subparsers,
        commands.branch,
        "copy a run up to a step and continue it with other settings",
        True,
    )
    show = _add(subparsers, commands.show, "print the summary of a run")
    plot = _add(subparsers, commands.plot, "draw the figures of a run")
    export = _add(subparsers, commands.export, "export a run as Parquet, CSV and GraphML")
    describe = _add(subparsers, commands.describe, "write the methods section of a run, with its references")
    verify = _add(
        subparsers,
        commands.verify,
        "check a run from its folder: does its log replay to its results?",
    )
    bundle = _add(
        subparsers, commands.bundle, "pack a run for a repository, with all that a reader needs, into a ZIP file"
    )
    react = _add(
        subparsers, commands.react, "ask agents of a run again with one fact changed: does the answer follow the fact?"
    )
    for parser in (resume, branch, show, plot, export, describe, verify, bundle, react):
        parser.add_argument("run", type=_path, help="folder of the run")
    describe.add_argument("--to", type=_path, metavar="FILE", help="write to FILE.md, FILE.tex or FILE.docx (pandoc)")
    bundle.add_argument("--to", type=_path, metavar="FILE", help="ZIP file to write; default: named like the run, here")
    bundle.add_argument("--licence", default="", metavar="TEXT", help='such as "CC BY 4.0"; default: none is stated')
    resume.add_argument(
        "--drop-damaged", action="store_true", help="go back to the batches of the log that come before any damage"
    )
    show.add_argument("--agent", type=int, metavar="ID", help="print this agent: persona, prompts, answers, memory")
    show.add_argument("--at", type=int, metavar="STEP", help="only this step (0-based), with the memory before it")
    show.add_argument("--arm", metavar="ARM", help="arm of the agent; default: the first")
    show.add_argument("--seed", type=int, metavar="SEED", help="seed of the agent's world; default: the first")
    branch.add_argument("--at", type=int, required=True, metavar="STEP", help="first step that may differ (0-based)")
    plot.add_argument("--at", type=_step_list, metavar="STEPS", help="also draw the social graph after steps like 0,10")
    plot.add_argument(
        "--animate", action="store_true", help="also draw the social graph over all steps, as a GIF (and MP4)"
    )
    react.add_argument("--arms", type=_name_list, default=[], metavar="ARMS", help="arms such as base,humanllm")
    react.add_argument("--n", type=_positive, default=60, metavar="N", help="people per arm and reaction; default: 60")
    export.add_argument("--prompts", action="store_true", help="also write the text of every prompt, in `decisions`")
    export.add_argument("--to", type=_path, metavar="FOLDER", help="folder to write to; default: RUN/export")


def _add_study_commands(subparsers: Any) -> None:
    compare = _add(
        subparsers, studies.compare, "compare arms (conditions) with one another and with people, over seeds", True
    )
    estimate = _add(
        subparsers,
        studies.estimate,
        "count what a language model would be asked with these settings, and say what it costs, before it is asked",
        True,
    )
    preregister = _add(
        subparsers,
        studies.preregister,
        "write down what a comparison will test, with time and hash, before it runs: preregister ... --to plan.yaml",
        True,
    )
    power = _add(
        subparsers,
        studies.power,
        "play a cheap pilot and say how many seeds a comparison with these settings needs",
        True,
    )
    estimate.add_argument(
        "--as",
        dest="command_name",
        choices=["run", "compare"],
        help="command that the settings are meant for; default: compare if they name several arms",
    )
    estimate.add_argument(
        "--rate", type=_amount, metavar="N", help="new tokens per second; default: as measured in earlier runs"
    )
    for name, what in (("input", "read"), ("output", "written")):
        estimate.add_argument(
            f"--price-{name}", type=_price, metavar="DOLLARS", help=f"price of a million tokens that are {what}"
        )
    estimate.add_argument("--to", type=_path, metavar="FILE", help="also write all counts to this JSON file")
    preregister.add_argument(
        "--to", type=_path, required=True, metavar="FILE", help="YAML file to write; it must not exist"
    )
    power.add_argument("--pilot", type=int, default=8, metavar="N", help="number of seeds of the pilot")
    power.add_argument("--minds", metavar="NAMES", help="minds of the pilot, such as rule,random (the default)")
    power.add_argument("--effect", default="10%", help="difference to look for: 10%% of the mean, or 0.2 in its unit")
    audit = _add(subparsers, studies.audit, "measure how much outcomes change when something irrelevant changes", True)
    assay = _add(
        subparsers,
        studies.assay,
        "try a world's stylised facts on people of known behaviour: assay [FACT ...]",
        True,
    )
    ask = _add(
        subparsers,
        studies.ask,
        'interview agents as they were at a step: ask RUN --at 10 "Why did you buy that?"',
        True,
    )
    phase = _add(
        subparsers,
        studies.phase,
        "map a metric over one or two settings of any kind: phase sales world.rent=2,5 graph.rewire=0,1",
        True,
    )
    phase.add_argument("metric", help="name of the metric (mean over steps), or NAME@last (value at the last step)")
    compare.add_argument("--run", type=_path, help="folder of a comparison to resume or to analyse again")
    audit.add_argument("--run", type=_path, help="folder of an audit to resume")
    assay.add_argument(
        "--record", action="store_true", help="store the table beside the facts, where their cards show it"
    )
    assay.add_argument("--run", type=_path, help="folder of an assay to resume")
    phase.add_argument("--run", type=_path, help="folder of an earlier map, to resume it or to draw another metric")
    ask.add_argument("run", type=_path, help="folder of the run")
    ask.add_argument("--survey", type=_path, help="YAML file with several questions (likert, choice or open)")
    ask.add_argument("--at", type=int, required=True, metavar="STEP", help="number of steps before the interview")
    ask.add_argument("--agents", metavar="WHO", help="a role, or ids such as 3,17; default: all agents")
    ask.add_argument(
        "--remembers", metavar="KIND", help="ask only agents who remember an event of this kind, such as purchase"
    )
    ask.add_argument("--max-agents", type=int, metavar="N", help="ask at most this many agents of each replicate")


def _add_people_commands(subparsers: Any) -> None:
    """Add the commands that put real people beside simulated ones."""
    predict = _add(
        subparsers, studies.predict, "write down what a finished comparison says about people, with intervals and date"
    )
    score = _add(subparsers, studies.score, "hold a prediction against what people did")
    infer = _add(
        subparsers,
        studies.infer,
        "estimate what people answer, from simulated answers and a few real ones",
    )
    predict.add_argument("run", type=_path, help="folder of the comparison")
    predict.add_argument(
        "--groups", type=_positive, default=1, metavar="N", help="groups of people whose mean is predicted; default: 1"
    )
    predict.add_argument("--to", type=_path, required=True, metavar="FILE", help="new YAML file to write")
    score.add_argument("prediction", type=_path, help="file that `predict` wrote")
    score.add_argument("--humans", required=True, metavar="FILE", help="effects on people, as for compare humans=FILE")
    score.add_argument("--to", type=_path, metavar="PATH", help="files to write, no suffix; default: beside PREDICTION")
    infer.add_argument("answers", type=_path, help="table of answers that `ask` wrote, RUN/answers/NAME-at-STEP.csv")
    infer.add_argument(
        "--humans", type=_path, metavar="FILE", help="CSV file of real answers: person, answer and, if several, item"
    )
    infer.add_argument(
        "--simulation-only",
        action="store_true",
        help="also show items that no real person answered",
    )
    infer.add_argument("--to", type=_path, metavar="PATH", help="files to write, no suffix; default: beside ANSWERS")


def _add_other_commands(subparsers: Any) -> None:
    check = _add(subparsers, commands.check, "check that a world meets its contract, and render all its prompts", True)
    check.add_argument("world", help="name of the world")
    new = _add(subparsers, commands.new, "create a small example world in this folder: new world NAME")
    new.add_argument("kind", choices=["world"], help="what to create")
    new.add_argument("world", metavar="NAME", help="name of the world: lower-case letters, digits and underscores")
    _add(
        subparsers, commands.list_choices, "list worlds, minds, populations, social graphs and experiments", name="list"
    )
    doctor = _add(subparsers, commands.doctor, "check what this machine can run, and say how to fix what is missing")
    doctor.add_argument("--model", default="smollm2-135m", help="name, folder or Hugging Face id of the language model")


def _path(text: str) -> Path:
    """Return a path, the user's home folder in place of `~`: not every shell expands it."""
    return expand_user(text)


def _name_list(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _price(text: str) -> float:
    number = float(text)
    if not (number >= 0 and isfinite(number)):
        raise ValueError
    return number


def _amount(text: str) -> float:
    number = _price(text)
    if not number:
        raise ValueError
    return number


def _step_list(text: str) -> list[int]:
    return [int(step) for step in text.split(",")]
