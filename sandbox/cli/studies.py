"""The commands that turn runs into findings: compare, power, audit, assay, ask, phase."""

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.cli.commands import run_to_end
from sandbox.errors import ConfigError, SandboxError

if TYPE_CHECKING:
    from sandbox.runtime.run import Run


def compare(args: argparse.Namespace, overrides: list[str]) -> int:
    """Compare arms with each other and with people."""
    from experiments import comparison, power
    from sandbox.output.progress import notify

    is_new = args.run is None
    run = _open_or_start(args.run, overrides, "compare", lambda: comparison.start(overrides))
    if is_new:
        power.foresee(overrides, print)
    code = run_to_end(run, "compare --run")
    notify("comparing the arms with one another and with people")
    report, *_ = comparison.conclude(run, run.results(), print)
    print(f"\nreport: {report}")
    return code


def power(args: argparse.Namespace, overrides: list[str]) -> int:
    """Say how many seeds a comparison needs."""
    from experiments import power
    from sandbox.counting import count_of
    from sandbox.output.progress import resume_with_bar
    from sandbox.tables import write_table

    plan = power.make_plan(overrides)
    minds = args.minds.split(",") if args.minds else []
    run = power.start_pilot(plan, overrides, minds, args.pilot, None)
    pilot_config, results = run.manifest.segments[-1].config, resume_with_bar(run)
    table = power.power_table(plan, results, pilot_config, args.effect)
    labels = {outcome.name: outcome.label for outcome in plan.outcomes}
    pilot = f"{count_of(args.pilot, 'seed')} of {', '.join(pilot_config.minds)}"
    print(f"pilot: {pilot}; power 80 %, {args.effect} looked for\n")
    print("\n".join(power.describe_power(table, labels)), end="\n\n")
    for path in write_table(table, run.folder / "power"):
        print(path)
    return 0


def audit(args: argparse.Namespace, overrides: list[str]) -> int:
    """Measure what moves although it should not."""
    from experiments import audit
    from sandbox.output.progress import notify

    for path in audit.write(audit.run_all(overrides, args.run, notify)):
        print(path)
    return 0


def assay(args: argparse.Namespace, words: list[str]) -> int:
    """Try the facts of a world on people of known behaviour."""
    from experiments import assay
    from sandbox.paths import dated_run_dir

    folder = args.run or dated_run_dir("assay")
    overrides = [word for word in words if "=" in word]
    table = assay.run_assays(overrides, [word for word in words if "=" not in word], folder)
    path = assay.record_assays(table, assay.assayed_world(overrides)) if args.record else folder / assay.FILE
    print("\n".join((*assay.describe_assays(table), "", str(path))))
    return int(False in table["is_right"].to_list())


def ask(args: argparse.Namespace, words: list[str]) -> int:
    """Interview agents off the timeline."""
    from experiments import survey
    from sandbox.output.progress import ReplayBar, notify
    from sandbox.runtime.run import Run

    question = " ".join(words) or None  # argparse takes no positional after an option, so it is among the overrides
    chosen_survey = survey.choose_survey(question, args.survey, args.agents, args.max_agents)
    run = Run(args.run, ReplayBar)
    table = survey.ask(run, args.at, chosen_survey, notify)
    files = survey.write_answers(table, run, chosen_survey)
    print("\n".join((*survey.summarize(table), "", *map(str, files))))
    return 0


def phase(args: argparse.Namespace, overrides: list[str]) -> int:
    """Map a metric over one or two settings."""
    from experiments import phase
    from sandbox.output.progress import notify, resume_with_bar

    def resume(run: "Run") -> None:
        notify(f"cell run {run.folder.name}")
        resume_with_bar(run)

    if args.run is not None and overrides:
        raise ConfigError("phase takes settings for a new map, or the folder of an earlier one, not both")
    folder = args.run or phase.create(overrides, args.metric)
    try:
        phase.run_all(folder, resume)
    except (SandboxError, OSError, KeyboardInterrupt):
        print(f"\nto continue: python -m sandbox phase {args.metric} --run {shlex.quote(str(folder))}", file=sys.stderr)
        raise
    files, sentences = phase.write(folder, args.metric)
    print("\n".join([*sentences, "", *map(str, files)]))
    return 0


def _open_or_start(folder: Path | None, overrides: list[str], command: str, start: "Callable[[], Run]") -> "Run":
    """Return the run in the folder, or start the one that the settings describe."""
    from sandbox.runtime.run import Run

    if folder is not None and overrides:
        raise ConfigError(f"{command} takes settings for a new run, or the folder of an earlier one, not both")
    return start() if folder is None else Run(folder)
