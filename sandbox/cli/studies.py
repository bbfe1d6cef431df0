"""The commands that turn runs into findings: compare, predict, audit, ask, infer and so on."""

import argparse
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from sandbox.cli.commands import finish_run, say_how_to_continue
from sandbox.errors import ConfigError

if TYPE_CHECKING:
    from sandbox.runtime.run import Run


def compare(args: argparse.Namespace, overrides: list[str]) -> int:
    """Compare arms with each other and with people."""
    from experiments import comparison, power
    from sandbox.output.progress import notify
    from sandbox.runtime.manifest import FILE

    is_new = args.run is None
    run = _open_or_start(args.run, overrides, "compare", lambda: comparison.start(overrides))
    with say_how_to_continue("compare --run", run.folder, FILE):
        if is_new:
            power.foresee(overrides, print)
        finish_run(run)
        notify("comparing the arms with one another and with people")
        report, *_ = comparison.conclude(run, run.results(), print)
    print(f"\nreport: {report}")
    return 0


def contrast(args: argparse.Namespace, _: list[str]) -> int:
    """Say how one run differs from another."""
    from experiments import run_contrast
    from sandbox.output.progress import ReplayBar, notify
    from sandbox.output.writable import writable_folder
    from sandbox.runtime.run import Run

    first, second = Run(args.first, ReplayBar), Run(args.second, ReplayBar)
    found = run_contrast.contrast_runs(first, second, args.outcomes, args.from_step)
    substitute = Path.cwd() / f"{second.folder.resolve().name}-contrast"
    folder = args.to or writable_folder(second.folder / "contrast", substitute, notify)
    files = run_contrast.write_contrast(found, second, folder)
    print("\n".join([*run_contrast.describe_contrast(found), "", *map(str, files)]))
    return 0


def estimate(args: argparse.Namespace, overrides: list[str]) -> int:
    """Say what a run or a comparison would cost."""
    from experiments import estimate, estimate_costs
    from sandbox.output.progress import ProgressBar, notify

    estimate_costs.check_prices(args.price_input, args.price_output)
    command, config = estimate.load_settings(overrides, args.command_name)
    with ProgressBar(config.steps) as progress:
        estimated = estimate.estimate(overrides, command, progress, notify)
    rate = estimate_costs.Rate(args.rate, "as stated", True) if args.rate else None
    rate = rate or estimate_costs.find_rate(estimated.readings)
    costs = estimate_costs.Costs(estimated, rate, args.price_input, args.price_output)
    print("\n".join(estimate_costs.describe(costs, overrides)))
    if args.to is not None:
        estimate_costs.write_costs(costs, overrides, args.to)
        print(args.to)
    return 0


def preregister(args: argparse.Namespace, overrides: list[str]) -> int:
    """Write down what a comparison will test."""
    from experiments import comparison, power, preregistration

    _, config = comparison.load(overrides)
    preregistration.check_new(config, args.to)
    lines: list[str] = []
    power.foresee(overrides, lines.append)
    registration = preregistration.register(config, overrides, lines, args.to)
    print("\n".join(lines))
    print(f"\n{registration.path}: registered at {registration.registered}, SHA-256 {registration.sha256}")
    return 0


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
    from experiments import audit, audit_folder
    from sandbox.output.progress import notify
    from sandbox.paths import dated_run_dir

    folder = args.run or dated_run_dir("audit")
    with say_how_to_continue("audit --run", folder, audit_folder.RECORD):
        files = audit.write(audit.run_all(overrides, folder, notify))
    for path in files:
        print(path)
    return 0


def assay(args: argparse.Namespace, words: list[str]) -> int:
    """Try the facts of a world on people of known behaviour."""
    from experiments import assay
    from sandbox.paths import dated_run_dir

    folder = args.run or dated_run_dir("assay")
    overrides = [word for word in words if "=" in word]
    with say_how_to_continue(" ".join(("assay", *map(quote, words), "--run")), folder, assay.RECORD):
        table = assay.run_assays(overrides, [word for word in words if "=" not in word], folder)
    path = assay.record_assays(table, assay.assayed_world(overrides)) if args.record else folder / assay.FILE
    print("\n".join((*assay.describe_assays(table), "", str(path))))
    return int(False in table["is_right"].to_list())


def ask(args: argparse.Namespace, words: list[str]) -> int:
    """Interview agents off the timeline."""
    from experiments import survey, survey_files
    from sandbox.output.progress import ReplayBar, notify
    from sandbox.output.writable import writable_folder
    from sandbox.runtime.run import Run

    question = " ".join(words) or None  # argparse takes no positional after an option, so it is among the overrides
    chosen_survey = survey.choose_survey(question, args.survey, args.agents, args.max_agents, args.remembers)
    run = Run(args.run, ReplayBar)
    substitute = Path.cwd() / f"{run.folder.resolve().name}-{survey_files.FOLDER}"
    folder = writable_folder(run.folder / survey_files.FOLDER, substitute, notify)
    table = survey.ask(run, args.at, chosen_survey, notify)
    files = survey.write_answers(table, folder, run, chosen_survey, args.survey)
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
    with say_how_to_continue(f"phase {args.metric} --run", folder, phase.PhasePlan.file):
        phase.run_all(folder, resume)
    files, sentences = phase.write(folder, args.metric)
    print("\n".join([*sentences, "", *map(str, files)]))
    return 0


def sensitivity(args: argparse.Namespace, overrides: list[str]) -> int:
    """Rank settings by how much they move an outcome."""
    from experiments import points, sensitivity
    from experiments.reports.sensitivity_chart import draw_indices
    from sandbox.output.progress import notify, track
    from sandbox.runtime.config import load_run_config
    from sandbox.tables import write_table

    if args.run is not None and (overrides or args.method or args.samples):
        raise ConfigError("sensitivity takes settings for a new study, or the folder of an earlier one, not both")
    folder = args.run or sensitivity.create(overrides, args.metric, args.method or "morris", args.samples)
    plan = sensitivity.SensitivityPlan.read(folder)
    label = sensitivity.check_metric(load_run_config(plan.overrides), args.metric)
    design = sensitivity.draw_design(plan)
    with say_how_to_continue(f"sensitivity {args.metric} --run", folder, plan.file):
        results = points.play_points(plan.overrides, design.points, folder / sensitivity.POINTS, track, notify)
    table = sensitivity.index_table(plan, design, results, args.metric)
    path = folder / f"sensitivity_{args.metric.replace('@', '_')}"
    origin = f"{len(design.points)} points; settings: {' '.join(plan.overrides)}."
    files = write_table(table, path) + draw_indices(table, plan.method, label, path, origin)
    print("\n".join([*sensitivity.describe_indices(plan, table, label), "", *map(str, files)]))
    return 0


def calibrate(args: argparse.Namespace, overrides: list[str]) -> int:
    """Find the values of settings at which a world does what people did."""
    from experiments import calibration, posterior
    from experiments.reports.posterior_chart import draw_posterior
    from sandbox.output.progress import notify, track
    from sandbox.tables import write_table

    if args.run is not None and (overrides or args.points):
        raise ConfigError("calibrate takes settings for a new study, or the folder of an earlier one, not both")
    folder = args.run or calibration.create(overrides, args.points)
    plan = calibration.CalibrationPlan.read(folder)
    with say_how_to_continue("calibrate --run", folder, plan.file):
        found = calibration.calibrate(plan, folder / calibration.POINTS, track, notify)
    files = write_table(posterior.setting_table(found), folder / "settings")
    files += write_table(posterior.target_table(found), folder / "fit")
    files += draw_posterior(found, folder, f"humans={plan.humans}; settings: {' '.join(plan.overrides)}.")
    print("\n".join([*posterior.describe_posterior(found), "", *map(str, files)]))
    return 0


def _open_or_start(folder: Path | None, overrides: list[str], command: str, start: "Callable[[], Run]") -> "Run":
    """Return the run in the folder, or start the one that the settings describe."""
    from sandbox.runtime.run import Run

    if folder is not None and overrides:
        raise ConfigError(f"{command} takes settings for a new run, or the folder of an earlier one, not both")
    return start() if folder is None else Run(folder)
