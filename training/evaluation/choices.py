"""Choices: ask models and baselines for the probabilities of all options, and score them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np

from sandbox.core.mind import Mind
from sandbox.core.presentation import PLAIN
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.errors import BackendError
from training.evaluation.baselines import SELECTION_FORMS, Baseline
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.calibration import fit_calibration, name_answers
from training.evaluation.cases import EvaluationCase, case_questions, option_keys
from training.evaluation.choice_metrics import (
    POPULATION_DISTANCES,
    SCALE_DISTANCES,
    calibration_error,
    population_distance,
    single_choice_metrics,
    to_columns,
)
from training.evaluation.config import OWN, Control
from training.evaluation.metrics import MetricKey, Metrics, Sample
from training.tasks.list_lookup import LOOKUP_FORMS

CALIBRATED = ", calibrated"
"""What follows the name of a model whose probabilities are corrected."""
NEW_PRODUCTS = "new products"
"""Name of the subset of cases about products that no train user chose."""
LISTED_FORMS = (*SELECTION_FORMS, "choose", "page")
"""Forms whose options are other things in every question, so that their keys have no distribution."""
OPTION_KINDS = ("hard", "uniform", "owned")
"""Kinds of options that were not chosen, as tasks name them."""
OptionProbs: TypeAlias = Sequence[float]
"""Probabilities of a case's options, in declared order."""
Predictions: TypeAlias = dict[tuple[str, Control, str], list[OptionProbs]]
"""By model or baseline, control, and form; in the order of the form's cases."""


class ChoiceSubset(NamedTuple):
    """Choices of one form, restricted to some of their options."""

    cases: Sequence[EvaluationCase]
    options: Sequence[Sequence[int]]
    """For each case, the indices of the options that remain; the chosen option is among them."""

    @property
    def users(self) -> tuple[str, ...]:
        """Who made each choice."""
        return tuple(case.user for case in self.cases)

    @property
    def golds(self) -> list[int]:
        """Index of the chosen option among those that remain."""
        pairs = zip(self.cases, self.options, strict=True)
        return [list(options).index(option_keys(case).index(case.answer)) for case, options in pairs]

    def renormalize(self, probs: Sequence[OptionProbs]) -> list[list[float]]:
        """Return the probabilities of the options that remain, scaled to sum to 1."""
        rows = [[row[index] for index in options] for row, options in zip(probs, self.options, strict=True)]
        return [[share / max(sum(row), 1e-12) for share in row] for row in rows]


def group_by_form(cases: Sequence[EvaluationCase]) -> dict[str, list[EvaluationCase]]:
    """Return the cases of each form, forms in alphabetical order."""
    forms = sorted({case.form for case in cases})
    return {form: [case for case in cases if case.form == form] for form in forms}


def predict_with_baselines(
    choices: Sequence[EvaluationCase], baselines: Mapping[str, Mapping[str, Baseline]]
) -> Predictions:
    """Return the predictions of baselines, which are given by form and name."""
    return {
        (name, OWN, form): [baseline(case) for case in cases]
        for form, cases in group_by_form(choices).items()
        for name, baseline in baselines[form].items()
    }


def predict_with_models(
    models: Mapping[str, str | None],
    choices: Sequence[EvaluationCase],
    people: Mapping[str, Profile],
    controls: Sequence[Control],
    seed: int,
    mind: Mind,
) -> Predictions:
    """Ask every model about the choices, through the mind of a simulation, all in one batch.

    Raises:
        BackendError: The engine had no answer.
    """
    questions: list[Question] = []
    for control in controls:
        for question in case_questions(choices, people, control, seed):
            questions += [assign_mind(question, name if folder else "") for name, folder in models.items()]
    answers = mind.answer(questions)
    if num_missing := sum(answer.source == "fallback" for answer in answers):
        raise BackendError(f"{num_missing} of {len(answers)} choices have no answer; look at the engine's log")
    probs = iter([answer.probs or () for answer in answers])
    predictions: Predictions = {}
    for control in controls:
        for case in choices:
            for name in models:
                predictions.setdefault((name, control, case.form), []).append(next(probs))
    return predictions


def predict_with_calibration(
    name: str,
    predictions: Predictions,
    choices: Sequence[EvaluationCase],
    train: Sequence[EvaluationCase],
    people: Mapping[str, Profile],
    mind: Mind,
) -> Predictions:
    """Correct a base model's predictions by temperature and biases that fit its answers to train tasks.

    Args:
        name: Name of the base model among the predictions.
        predictions: Its own, for the choices.
        choices: What is predicted.
        train: Train tasks that the model is asked to fit the correction.
        people: Profiles by user.
        mind: The engine, whose default answers are those of the base model.

    Returns:
        Predictions under the name and `CALIBRATED`, for forms that have train tasks.
    """
    plain = [case._replace(question=msgspec.structs.replace(case.question, presentation=PLAIN)) for case in train]
    asked = predict_with_models({name: None}, plain, people, [OWN], 0, mind)
    calibrated: Predictions = {}
    by_form = group_by_form(choices)
    for form, fitted in group_by_form(plain).items():
        if form in by_form:
            golds = [option_keys(case).index(case.answer) for case in fitted]
            calibration = fit_calibration(asked[name, OWN, form], name_answers(fitted, fitted), golds)
            answers = name_answers(by_form[form], fitted)
            pairs = zip(predictions[name, OWN, form], answers, strict=True)
            calibrated[name + CALIBRATED, OWN, form] = [calibration.apply(probs, names) for probs, names in pairs]
    return calibrated


def score_choices(predictions: Predictions, choices: Sequence[EvaluationCase], bootstrap: Bootstrap) -> Metrics:
    """Score the predictions by form; also by source, among hard and uniform options, and for new products."""
    metrics: Metrics = {}
    for form, cases in group_by_form(choices).items():
        for kind in [None, *_subset_kinds(form, cases)]:
            subset = _restrict(cases, kind)
            for (name, control, predicted_form), probs in predictions.items():
                if predicted_form == form:
                    rows = [row for row, case in zip(probs, cases, strict=True) if _has_kind(case, kind)]
                    key = MetricKey(name, control, _subset_label(form, kind), "")
                    metrics |= _score_subset(key, subset, subset.renormalize(rows), bootstrap)
        if form not in (*LISTED_FORMS, *LOOKUP_FORMS) and _have_same_options(cases):
            metrics |= _score_population(form, predictions, cases, bootstrap)
    return metrics


def _score_subset(key: MetricKey, subset: ChoiceSubset, probs: list[list[float]], bootstrap: Bootstrap) -> Metrics:
    users, golds = subset.users, subset.golds
    columns = to_columns([single_choice_metrics(row, gold) for row, gold in zip(probs, golds, strict=True)])
    metrics: Metrics = {key._replace(metric=name): Sample(values, users) for name, values in columns.items()}
    error = bootstrap.aggregate(users, partial(calibration_error, probs, golds))
    return {**metrics, key._replace(metric="ECE"): error}


def _have_same_options(cases: Sequence[EvaluationCase]) -> bool:
    """Return whether all cases offer the same, so that their answers have one distribution; panels' often do not."""
    return len({tuple(option_keys(case)) for case in cases}) == 1


def _score_population(
    form: str, predictions: Predictions, cases: Sequence[EvaluationCase], bootstrap: Bootstrap
) -> Metrics:
    """Compare the expected distribution of everybody's answers with the actual one: its shape and its spread."""
    users = tuple(case.user for case in cases)
    human = np.zeros((len(cases), len(option_keys(cases[0]))))
    human[range(len(cases)), [option_keys(case).index(case.answer) for case in cases]] = 1
    distances = {**POPULATION_DISTANCES, **(SCALE_DISTANCES if human.shape[1] > 2 else {})}
    metrics: Metrics = {}
    for (name, control, predicted_form), probs in predictions.items():
        if predicted_form == form and control == OWN:
            for metric, distance in distances.items():
                statistic = population_distance(np.array(probs), human, distance)
                metrics[MetricKey(name, control, form, metric)] = bootstrap.aggregate(users, statistic)
    return metrics


def _subset_kinds(form: str, cases: Sequence[EvaluationCase]) -> list[str]:
    """Return the subsets worth scoring separately.

    These are the sources, if there are several; the kinds of options that were not chosen, likewise; and new products,
    if not all cases or none are about them.
    """
    sources = sorted({case.source for case in cases})
    option_kinds = {kind for case in cases for kind in case.meta.get("kinds", {}).values()} - {"chosen"}
    kinds = sources if len(sources) > 1 else []
    kinds += sorted(option_kinds) if form in SELECTION_FORMS and len(option_kinds) > 1 else []
    return [*kinds, NEW_PRODUCTS] if form not in LOOKUP_FORMS and len({case.is_new for case in cases}) > 1 else kinds


def _subset_label(form: str, kind: str | None) -> str:
    if kind is None:
        return form
    return f"{form}, {kind} options" if kind in OPTION_KINDS else f"{form}, {kind}"


def _restrict(cases: Sequence[EvaluationCase], kind: str | None) -> ChoiceSubset:
    """Restrict cases to one subset; for a kind of options, to the chosen option and those of that kind."""
    selected = [case for case in cases if _has_kind(case, kind)]
    options = [[i for i, key in enumerate(option_keys(case)) if _keeps_option(case, key, kind)] for case in selected]
    return ChoiceSubset(selected, options)


def _keeps_option(case: EvaluationCase, key: str, kind: str | None) -> bool:
    return kind not in OPTION_KINDS or case.meta["kinds"][key] in ("chosen", kind)


def _has_kind(case: EvaluationCase, kind: str | None) -> bool:
    if kind in OPTION_KINDS:
        return kind in case.meta["kinds"].values()
    return kind is None or (case.is_new if kind == NEW_PRODUCTS else case.source == kind)


def assign_mind(question: Question, mind: str) -> Question:
    """Return the question, to be answered by the mind of that name."""
    return msgspec.structs.replace(question, mind=mind)
