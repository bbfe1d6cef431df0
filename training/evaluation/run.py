"""One evaluation: all models on the same tasks, people and bootstrap draws.

scores.csv      one row per model, control, form and metric: value, 95 % interval, number of tasks and users
contrasts.csv   the same for differences: from the reference model, from baselines, and from the model's own controls
reactions.csv   one row per model and declared reaction: the slope of its answers on a fact that was changed
texts.jsonl     what the models wrote, with form and user; real people's texts stay in the corpus
report.md       summary and tables, with figures/nll.png
manifest.json   settings, versions, hardware
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pandas as pd
import polars as pl

from sandbox.composition import compose
from sandbox.core.profile import Profile
from sandbox.counting import count_of
from sandbox.errors import DataError
from sandbox.files import replace_file, replace_text
from sandbox.runtime.manifest import environment
from sandbox.settings import validate
from training.evaluation.baselines import fit_baselines
from training.evaluation.benchmarks.scoring import score_benchmarks
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.cases import (
    ChatCase,
    EvaluationCase,
    load_cases,
    load_chats,
    load_people,
    load_synthetic_chats,
    mark_new_products,
)
from training.evaluation.choices import (
    Predictions,
    group_by_form,
    predict_with_baselines,
    predict_with_calibration,
    predict_with_models,
    score_choices,
)
from training.evaluation.config import OWN, Control, EvaluateConfig
from training.evaluation.engines import EngineGroup, group_by_engine, open_judge, open_mind
from training.evaluation.generated_texts import generate_texts, score_texts, write_texts
from training.evaluation.metrics import Aggregate, MetricKey, Metrics, Sample
from training.evaluation.pairwise_judge import check_judge, generate_answers, score_preferences, select_short
from training.evaluation.reactions import vary_cases
from training.evaluation.report import write_report

TRAIN_CASES = 4000
"""Maximum number of train tasks of a form that baselines learn from."""
Notify = Callable[[str], None]


def load_evaluate_config(overrides: Sequence[str]) -> tuple[EvaluateConfig, dict[str, Any]]:
    """Return the checked configuration, and the plain values that it was made from (the manifest records these)."""
    values = compose(overrides, "evaluate", ("mind",))
    return validate(EvaluateConfig, values), values


def evaluate(config: EvaluateConfig, composed: dict[str, Any], notify: Notify = print) -> Path:
    """Compare all models; return the path of the report.

    Args:
        config: The evaluation.
        composed: The configuration as plain values, for the manifest.
        notify: Reports progress.

    Raises:
        DataError: The corpus has no tasks for this evaluation.
    """
    tasks = config.corpus_dir / "tasks"
    people = load_people(config.corpus_dir)
    split = tasks / f"{config.split}.jsonl"
    all_cases = load_cases(split, config.per_form, config.seed)
    cases = mark_new_products(_select_known_users(all_cases, people), config.corpus_dir)
    chats = load_chats(split, config.per_text, config.seed)
    if not cases:
        raise DataError(f"{split} has no task in the sandbox's forms about a person of the corpus; rebuild the corpus")
    train = _select_known_users(load_cases(tasks / "train.jsonl", TRAIN_CASES, config.seed), people)
    num_users = len({case.user for case in (*cases, *chats)})
    notify(f"{count_of(len(cases) + len(chats), 'task')} of {count_of(num_users, 'user')}")
    judged_chats = _load_judged_chats(config, split, notify) if config.judge.mind else []
    bootstrap = Bootstrap(config.resamples, config.seed)
    answer_metrics, slopes = _score_answers(config, cases, train, people, bootstrap, notify)
    metrics = {
        **answer_metrics,
        **_score_judged_answers(config, judged_chats, notify),
        **_score_likelihoods(config, cases, chats, people, notify),
    }
    scores = [_score_row(key, bootstrap.estimate(result), result) for key, result in metrics.items()]
    contrasts = list(_contrast_rows(metrics, bootstrap, list(config.models), _list_controls(config)))
    reactions = [] if slopes is None else cast("list[dict[str, Any]]", slopes.to_dict("records"))
    for name, table in (("scores", scores), ("contrasts", contrasts), ("reactions", reactions)):
        with replace_file(config.out_dir / f"{name}.csv") as draft:
            pl.DataFrame(table).write_csv(draft)
    manifest = {"settings": composed, **environment(("peft", "polars", "scipy"))}
    replace_text(config.out_dir / "manifest.json", json.dumps(manifest, indent=2, default=str) + "\n")
    human_forms = {case.form for case in (*cases, *chats)}
    return write_report(config.out_dir, scores, contrasts, reactions, list(config.models), human_forms)


def _score_answers(
    config: EvaluateConfig,
    cases: Sequence[EvaluationCase],
    train: Sequence[EvaluationCase],
    people: Mapping[str, Profile],
    bootstrap: Bootstrap,
    notify: Notify,
) -> tuple[Metrics, pd.DataFrame | None]:
    """Score choices, benchmarks and generated texts, answered through the engine of a simulation.

    Returns:
        The scores, and the slopes of reactions, if any could be measured.
    """
    choices = [case for case in cases if case.is_choice]
    texts = _select_texts(cases, config.written)
    trained = group_by_form(train)
    baselines = {form: fit_baselines(trained.get(form, []), people, form) for form in group_by_form(choices)}
    predictions: Predictions = predict_with_baselines(choices, baselines)
    varied = vary_cases(choices, people, config.reactions)
    slopes: list[pd.DataFrame] = []
    metrics: Metrics = {}
    generated: dict[str, list[str]] = {}
    for group in _groups_with_models(config):
        names = " and ".join(group.models)
        with closing(open_mind(config, group, notify)) as mind:
            notify(f"asking {names} about {len(choices)} choices")
            controls = _list_controls(config)
            predictions |= predict_with_models(group.models, choices, people, controls, config.seed, mind)
            reference = next(iter(config.models))
            if config.calibration and config.models[reference] is None and reference in group.models:
                notify(f"calibrating {reference} on up to {config.calibration} train tasks of each form")
                asked = _sample_forms([case for case in train if case.is_choice], config.calibration)
                predictions |= predict_with_calibration(reference, predictions, choices, asked, people, mind)
            for world, varied_cases in varied.items():
                notify(f"asking {names} about {len(varied_cases)} choices of {world} with a fact changed")
                slopes += [
                    varied_cases.measure(name, mind, is_adapter=bool(folder), baselines=baselines)
                    for name, folder in group.models.items()
                ]
            if config.benchmarks:
                notify(f"asking {names} the questions of {' and '.join(config.benchmarks)}")
                metrics |= score_benchmarks(config.benchmarks, group.models, mind, config.benchmark_scenes, config.seed)
            notify(f"generating {len(texts)} texts with {names}")
            generated |= generate_texts(group.models, texts, people, config.seed, mind)
    if texts:
        write_texts(config.out_dir / "texts.jsonl", texts, generated)
        metrics |= score_texts(generated, texts, _other_texts(config, texts), bootstrap, config.seed)
    return metrics | score_choices(predictions, choices, bootstrap), pd.concat(slopes) if slopes else None


def _groups_with_models(config: EvaluateConfig) -> list[EngineGroup]:
    return [group for group in group_by_engine(config) if group.models]


def _load_judged_chats(config: EvaluateConfig, split: Path, notify: Notify) -> list[ChatCase]:
    """Load the tasks for the judge.

    Raises:
        ConfigError: The judge has a stake.
        DataError: The corpus has no such tasks.
    """
    check_judge(config)
    synthetic = load_synthetic_chats(split, config.per_text, config.seed)
    short = select_short(synthetic)
    if not short:
        raise DataError(
            f"{split} has {len(synthetic)} synthetic tasks, none of them short enough for a judge; "
            "build the corpus with synthesizer=llm, or do not set judge.model"
        )
    if len(short) < len(synthetic):
        notify(f"skipped as too long for a judge: {len(synthetic) - len(short)} of {len(synthetic)} tasks")
    return short


def _score_judged_answers(config: EvaluateConfig, chats: Sequence[ChatCase], notify: Notify) -> Metrics:
    """Let another model judge the answers to synthetic tasks, whose reference answers a model wrote."""
    if not chats:
        return {}
    answers: dict[str, list[str]] = {}
    for group in _groups_with_models(config):
        with closing(open_mind(config, group, notify)) as mind:
            notify(f"generating answers to {len(chats)} synthetic tasks with {' and '.join(group.models)}")
            answers |= generate_answers(group.models, chats, mind, config.seed)
    answers = {name: answers[name] for name in config.models}
    with closing(open_judge(config, notify)) as judge:
        check_judge(config, judge)
        notify(f"asking the judge about {len(chats) * (len(config.models) - 1)} pairs, in both orders")
        return score_preferences(answers, chats, judge, config.seed)


def _other_texts(config: EvaluateConfig, cases: Sequence[EvaluationCase]) -> dict[str, list[str]]:
    """Return all texts of the split by user, except for those that the models were asked to write."""
    excluded = {(case.user, case.answer) for case in cases}
    split = load_cases(config.corpus_dir / "tasks" / f"{config.split}.jsonl", sys.maxsize, config.seed)
    texts: dict[str, list[str]] = {}
    for case in split:
        if not case.is_choice and (case.user, case.answer) not in excluded:
            texts.setdefault(case.user, []).append(case.answer)
    return texts


def _select_texts(cases: Sequence[EvaluationCase], per_form: int) -> list[EvaluationCase]:
    """Return the first `per_form` texts of each form."""
    return _sample_forms([case for case in cases if not case.is_choice], per_form)


def _sample_forms(cases: Sequence[EvaluationCase], per_form: int) -> list[EvaluationCase]:
    """Return the first `per_form` cases of each form."""
    return [case for form_cases in group_by_form(cases).values() for case in form_cases[:per_form]]


def _score_likelihoods(
    config: EvaluateConfig,
    cases: Sequence[EvaluationCase],
    chats: Sequence[ChatCase],
    people: Mapping[str, Profile],
    notify: Notify,
) -> Metrics:
    """Score what people wrote by its likelihood under the models themselves."""
    from training.evaluation.likelihoods import LikelihoodRun  # takes seconds to import

    run = LikelihoodRun(config, _select_texts(cases, config.per_text), chats, people, _list_controls(config))
    for group in group_by_engine(config):
        run.score_group(group, notify)
    return run.metrics()


def _contrast_rows(
    metrics: Metrics, bootstrap: Bootstrap, models: Sequence[str], controls: Sequence[Control]
) -> Iterator[dict[str, Any]]:
    """Yield differences on the same answers and draws: from the reference model, from controls, from baselines."""
    for key, result in metrics.items():
        if key.model not in models or key.control != OWN:
            continue
        opponents = {f"{key.model} - {models[0]}": key._replace(model=models[0])}
        opponents |= {
            f"{key.model} - {key.model}, {control}": key._replace(control=control) for control in controls[1:]
        }
        baselines = {candidate.model for candidate in metrics if candidate.form == key.form} - set(models)
        opponents |= {f"{key.model} - {name}": key._replace(model=name) for name in sorted(baselines)}
        for contrast, opponent in opponents.items():
            if opponent != key and opponent in metrics:
                difference = bootstrap.difference(result, metrics[opponent])
                yield {"contrast": contrast, **_score_row(key, difference, result)}


def _score_row(key: MetricKey, estimate: Estimate, result: Sample | Aggregate) -> dict[str, Any]:
    counts = {"tasks": len(result.users), "users": len(set(result.users))}
    return {**key._asdict(), **estimate._asdict(), **counts}


def _select_known_users(cases: Sequence[EvaluationCase], people: Mapping[str, Profile]) -> list[EvaluationCase]:
    return [case for case in cases if case.user in people]


def _list_controls(config: EvaluateConfig) -> list[Control]:
    return [OWN, *(control for control in config.controls if control != OWN)]
