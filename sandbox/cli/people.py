"""The commands that put real people beside simulated ones: predict, score, questionnaire, infer."""

import argparse

from sandbox.errors import ConfigError


def predict(args: argparse.Namespace, _: list[str]) -> int:
    """Write down what a comparison says about people."""
    from experiments import prediction
    from sandbox.output.progress import ReplayBar
    from sandbox.runtime.assembly import resolve_world
    from sandbox.runtime.run import Run

    run = Run(args.run, ReplayBar)
    config = run.manifest.segments[-1].config
    kind, _settings = resolve_world(config)
    prediction.check_run(run)
    forecasts = prediction.list_forecasts(config, kind, run.results().metrics, args.groups)
    written = prediction.write_prediction(forecasts, config, run.manifest.overrides, args.groups, args.to)
    print("\n".join(prediction.describe_prediction(written)))
    return 0


def score(args: argparse.Namespace, _: list[str]) -> int:
    """Hold a prediction against what people did."""
    from experiments import people_arm, prediction
    from sandbox.tables import write_table

    predicted = prediction.read_prediction(args.prediction)
    table = prediction.score_prediction(predicted, people_arm.read_humans(args.humans))
    print("\n".join(prediction.describe_scores(predicted, table)), end="\n\n")
    path = args.to or args.prediction.with_name(f"{args.prediction.stem}-score")
    print("\n".join(map(str, write_table(table, path))))
    return 0


def questionnaire(args: argparse.Namespace, _: list[str]) -> int:
    """Write questions as a page for real people, or collect what they have answered."""
    from experiments import questionnaire, survey
    from sandbox.counting import count_of
    from sandbox.output.progress import ReplayBar
    from sandbox.runtime.run import Run

    if sum(source is not None for source in (args.run, args.survey, args.collect)) != 1:
        raise ConfigError("questionnaire takes one of --survey FILE, --run RUN --template NAME, and --collect FOLDER")
    if args.collect is not None:
        answers = questionnaire.collect_answers(args.collect)
        people = count_of(len({answer.person for answer in answers}), "person")
        print(f"{count_of(len(answers), 'answer')} of {people}\n{questionnaire.write_answers(answers, args.to)}")
        return 0
    if args.survey is not None:
        page = questionnaire.survey_page(survey.read_survey(args.survey))
    else:
        if not args.template:
            raise ConfigError("questionnaire --run needs --template, whose questions people are asked")
        page, number = questionnaire.run_page(Run(args.run, ReplayBar), args.template, args.max_questions)
        print(f"{count_of(number, 'person')} can answer; each types the id that they have in the population")
    print(questionnaire.write_page(page, args.to))
    return 0


def infer(args: argparse.Namespace, _: list[str]) -> int:
    """Estimate what people answer from simulated answers and some real ones."""
    from experiments import answers, inference
    from experiments.reports.inference_chart import draw_inference
    from sandbox.output.progress import notify
    from sandbox.tables import write_table

    if args.humans is None and not args.simulation_only:
        raise ConfigError(
            "simulated answers alone are no estimate of people: name real ones with --humans FILE, or see them all the "
            "same with --simulation-only"
        )
    simulated, scales = answers.read_simulated(args.answers), answers.read_scales(args.answers)
    humans = answers.read_humans(args.humans) if args.humans else []
    table = inference.infer(simulated, humans, scales, args.simulation_only, notify)
    print("\n".join(inference.describe_inference(table)), end="\n\n")
    path = args.to or args.answers.with_name(f"{args.answers.stem}-inference")
    files = write_table(table, path) + draw_inference(
        table, path, f"{args.answers}, {args.humans or 'no real answers'}"
    )
    print("\n".join(map(str, files)))
    return 0
