"""Choices: ask models and baselines for the probabilities of all options, and score them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np

from sandbox.core.mind import Mind
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.errors import BackendError
from training.evaluation.baselines import SELECTION_FORMS, fit_baselines, option_keys
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.cases import EvaluationCase, case_questions
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

NEW_PRODUCTS = "new products"
"""Name of the subset of cases about products that no train user chose."""
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
    choices: Sequence[EvaluationCase], train: Sequence[EvaluationCase], people: Mapping[str, Profile]
) -> Predictions:
    """Fit the baselines on `train` and return their predictions for the choices."""
    predictions: Predictions = {}
    for form, cases in group_by_form(choices).items():
        for name, baseline in fit_baselines([case for case in train if case.form == form], people, form).items():
            predictions[name, OWN, form] = [baseline(case) for case in cases]
    return predictions


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


def score_choices(predictions: Predictions, choices: Sequence[EvaluationCase], bootstrap: Bootstrap) -> Metrics:
    """Score the predictions by form; also separately among hard and uniform options, and for new products."""
    metrics: Metrics = {}
    for form, cases in group_by_form(choices).items():
        for kind in [None, *_subset_kinds(form, cases)]:
            subset = _restrict(cases, kind)
            for (name, control, predicted_form), probs in predictions.items():
                if predicted_form == form:
                    rows = [row for row, case in zip(probs, cases, strict=True) if _has_kind(case, kind)]
                    key = MetricKey(name, control, _subset_label(form, kind), "")
                    metrics |= _score_subset(key, subset, subset.renormalize(rows), bootstrap)
        if form not in (*SELECTION_FORMS, *LOOKUP_FORMS) and _have_same_options(cases):
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

    These are the kinds of options that were not chosen, if there are several, and new products, if not all cases or
    none are about them.
    """
    option_kinds = {kind for case in cases for kind in case.meta.get("kinds", {}).values()} - {"chosen"}
    kinds = sorted(option_kinds) if form in SELECTION_FORMS and len(option_kinds) > 1 else []
    return [*kinds, NEW_PRODUCTS] if form not in LOOKUP_FORMS and len({case.is_new for case in cases}) > 1 else kinds


def _subset_label(form: str, kind: str | None) -> str:
    if kind is None:
        return form
    return f"{form}, {NEW_PRODUCTS}" if kind == NEW_PRODUCTS else f"{form}, {kind} options"


def _restrict(cases: Sequence[EvaluationCase], kind: str | None) -> ChoiceSubset:
    """Restrict cases to one subset; for a kind of options, to the chosen option and those of that kind."""
    selected = [case for case in cases if _has_kind(case, kind)]
    options = [[i for i, key in enumerate(option_keys(case)) if _keeps_option(case, key, kind)] for case in selected]
    return ChoiceSubset(selected, options)


def _keeps_option(case: EvaluationCase, key: str, kind: str | None) -> bool:
    return kind in (None, NEW_PRODUCTS) or case.meta["kinds"][key] in ("chosen", kind)


def _has_kind(case: EvaluationCase, kind: str | None) -> bool:
    return kind is None or (case.is_new if kind == NEW_PRODUCTS else kind in case.meta["kinds"].values())


def assign_mind(question: Question, mind: str) -> Question:
    """Return the question, to be answered by the mind of that name."""
    return msgspec.structs.replace(question, mind=mind)
