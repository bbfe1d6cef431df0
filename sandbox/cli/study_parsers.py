"""Arguments of the commands that turn runs into findings."""

from typing import Any

from sandbox.cli import people, studies
from sandbox.cli.parsing import add, as_amount, as_name_list, as_path, as_positive, as_price


def add_study_commands(subparsers: Any) -> None:
    """Add the commands that compare, test and interview."""
    compare = add(
        subparsers, studies.compare, "compare arms (conditions) with one another and with people, over seeds", True
    )
    contrast = add(
        subparsers, studies.contrast, "say how a run differs from another with the same seeds: contrast PARENT BRANCH"
    )
    estimate = add(
        subparsers,
        studies.estimate,
        "count what a language model would be asked with these settings, and say what it costs, before it is asked",
        True,
    )
    preregister = add(
        subparsers,
        studies.preregister,
        "write down what a comparison will test, with time and hash, before it runs: preregister ... --to plan.yaml",
        True,
    )
    power = add(
        subparsers,
        studies.power,
        "play a cheap pilot and say how many seeds a comparison with these settings needs",
        True,
    )
    contrast.add_argument("first", type=as_path, help="folder of the run that is subtracted, such as the parent")
    contrast.add_argument("second", type=as_path, help="folder of the other run, such as the branch")
    contrast.add_argument(
        "--outcomes", type=as_name_list, default=[], metavar="METRICS", help="such as sales,gini_sales@last"
    )
    contrast.add_argument(
        "--from", dest="from_step", type=int, metavar="STEP", help="first step that counts; default: where they part"
    )
    contrast.add_argument("--to", type=as_path, metavar="FOLDER", help="folder to write to; default: SECOND/contrast")
    estimate.add_argument(
        "--as",
        dest="command_name",
        choices=["run", "compare"],
        help="command that the settings are meant for; default: compare if they name several arms",
    )
    estimate.add_argument(
        "--rate", type=as_amount, metavar="N", help="new tokens per second; default: as measured in earlier runs"
    )
    for name, what in (("input", "read"), ("output", "written")):
        estimate.add_argument(
            f"--price-{name}", type=as_price, metavar="DOLLARS", help=f"price of a million tokens that are {what}"
        )
    estimate.add_argument("--to", type=as_path, metavar="FILE", help="also write all counts to this JSON file")
    preregister.add_argument(
        "--to", type=as_path, required=True, metavar="FILE", help="YAML file to write; it must not exist"
    )
    power.add_argument("--pilot", type=int, default=8, metavar="N", help="number of seeds of the pilot")
    power.add_argument("--minds", metavar="NAMES", help="minds of the pilot, such as rule,random (the default)")
    power.add_argument("--effect", default="10%", help="difference to look for: 10%% of the mean, or 0.2 in its unit")
    audit = add(subparsers, studies.audit, "measure how much outcomes change when something irrelevant changes", True)
    assay = add(
        subparsers,
        studies.assay,
        "try a world's stylised facts on people of known behaviour: assay [FACT ...]",
        True,
    )
    ask = add(
        subparsers,
        studies.ask,
        'interview agents as they were at a step: ask RUN --at 10 "Why did you buy that?"',
        True,
    )
    compare.add_argument("--run", type=as_path, help="folder of a comparison to resume or to analyse again")
    audit.add_argument("--run", type=as_path, help="folder of an audit to resume")
    assay.add_argument(
        "--record", action="store_true", help="store the table beside the facts, where their cards show it"
    )
    assay.add_argument("--run", type=as_path, help="folder of an assay to resume")
    ask.add_argument("run", type=as_path, help="folder of the run")
    ask.add_argument("--survey", type=as_path, help="YAML file with several questions (likert, choice or open)")
    ask.add_argument("--at", type=int, required=True, metavar="STEP", help="number of steps before the interview")
    ask.add_argument("--agents", metavar="WHO", help="a role, or ids such as 3,17; default: all agents")
    ask.add_argument(
        "--remembers", metavar="KIND", help="ask only agents who remember an event of this kind, such as purchase"
    )
    ask.add_argument("--max-agents", type=int, metavar="N", help="ask at most this many agents of each replicate")


def add_sweep_commands(subparsers: Any) -> None:
    """Add the commands that vary settings."""
    phase = add(
        subparsers,
        studies.phase,
        "map a metric over one or two settings of any kind: phase sales world.rent=2,5 graph.rewire=0,1",
        True,
    )
    sensitivity = add(
        subparsers,
        studies.sensitivity,
        "rank settings by how much they move a metric: sensitivity sales world.rent=0..10 graph.rewire=0.0..1.0",
        True,
    )
    calibrate = add(
        subparsers,
        studies.calibrate,
        "find settings at which a world does what people did: calibrate humans=FILE world.first=1..10",
        True,
    )
    for parser in (phase, sensitivity):
        parser.add_argument(
            "metric", help="name of the metric (mean over steps), or NAME@last (value at the last step)"
        )
    phase.add_argument("--run", type=as_path, help="folder of an earlier map, to resume it or to draw another metric")
    sensitivity.add_argument("--method", choices=["morris", "sobol", "pawn"], help="default: morris")
    sensitivity.add_argument(
        "--samples", type=as_positive, metavar="N", help="trajectories (morris), base samples (sobol) or points (pawn)"
    )
    calibrate.add_argument("--points", type=as_positive, metavar="N", help="points of each of two rounds; default: 256")
    calibrate.add_argument("--run", type=as_path, help="folder of an earlier study, to resume it")
    sensitivity.add_argument("--run", type=as_path, help="folder of an earlier study, or for another metric")


def add_people_commands(subparsers: Any) -> None:
    """Add the commands that put real people beside simulated ones."""
    predict = add(
        subparsers, people.predict, "write down what a finished comparison says about people, with intervals and date"
    )
    score = add(subparsers, people.score, "hold a prediction against what people did")
    questionnaire = add(
        subparsers, people.questionnaire, "write questions as a page for real people, and collect what they answer"
    )
    infer = add(
        subparsers,
        people.infer,
        "estimate what people answer, from simulated answers and a few real ones",
    )
    questionnaire.add_argument("--survey", type=as_path, metavar="FILE", help="survey, as for ask")
    questionnaire.add_argument("--run", type=as_path, help="folder of a run, whose agents' questions people are asked")
    questionnaire.add_argument("--template", metavar="NAME", help="which of the run's questions, such as contribute")
    questionnaire.add_argument(
        "--max-questions", type=as_positive, default=12, metavar="N", help="most questions of a run for each person"
    )
    questionnaire.add_argument("--collect", type=as_path, metavar="FOLDER", help="folder of files that people saved")
    questionnaire.add_argument(
        "--to", type=as_path, required=True, metavar="FILE", help="page to write, .html; with --collect, answers, .csv"
    )
    predict.add_argument("run", type=as_path, help="folder of the comparison")
    predict.add_argument(
        "--groups",
        type=as_positive,
        default=1,
        metavar="N",
        help="groups of people whose mean is meant; default: 1",
    )
    predict.add_argument("--to", type=as_path, required=True, metavar="FILE", help="new YAML file to write")
    score.add_argument("prediction", type=as_path, help="file that `predict` wrote")
    score.add_argument("--humans", required=True, metavar="FILE", help="effects on people, as for compare humans=FILE")
    score.add_argument("--to", type=as_path, metavar="PATH", help="files to write, no suffix; default: near PREDICTION")
    infer.add_argument("answers", type=as_path, help="table of answers that `ask` wrote, RUN/answers/NAME-at-STEP.csv")
    infer.add_argument(
        "--humans", type=as_path, metavar="FILE", help="CSV file of real answers: person, answer and, if several, item"
    )
    infer.add_argument(
        "--simulation-only",
        action="store_true",
        help="also show items that no real person answered",
    )
    infer.add_argument("--to", type=as_path, metavar="PATH", help="files to write, no suffix; default: beside ANSWERS")
