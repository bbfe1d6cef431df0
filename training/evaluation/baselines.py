"""Baselines that a model must beat: predictors that know no language.

All but `uniform` learn from what train users did. Decisions of experiments and panels have the domain's own model
(`training.evaluation.domain_models`). For purchases and threads, `popular` knows how often a category was
chosen, `last` what the person chose last, and `tastes` what the person chooses overall. Each has one parameter, how
strongly choices follow that feature, fitted on train tasks (a conditional logit; McFadden 1974).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import exp, log
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from sandbox.core.profile import Profile
from training.evaluation.cases import EvaluationCase, option_keys
from training.evaluation.domain_models import DOMAIN_MODELS, fit_domain_model
from training.tasks.list_lookup import LOOKUP_FORMS

Baseline = Callable[[EvaluationCase], list[float]]
"""Returns probabilities of a case's options, in declared order."""
SELECTION_FORMS = ("purchase", "thread")
"""Forms in which people pick one of several products or threads."""
RATING_FORMS = ("stars", "verdict", "experience")


def fit_baselines(train: Sequence[EvaluationCase], people: Mapping[str, Profile], form: str) -> dict[str, Baseline]:
    """Return the baselines for one form, by name.

    Args:
        train: Train tasks of that form.
        people: Profiles by user, of train users and of held-out users.
        form: Form of the tasks.
    """
    baselines: dict[str, Baseline] = {"uniform": _uniform_probs}
    if form in LOOKUP_FORMS:
        return baselines
    if form in SELECTION_FORMS:
        return {**baselines, **_category_baselines(train, people)}
    if model := DOMAIN_MODELS.get(form):
        baselines[model.name] = fit_domain_model(model, train)
    counts = Counter(case.answer for case in train)
    baselines["majority"] = lambda case: _normalize([counts[key] + 1 for key in option_keys(case)])
    if form in RATING_FORMS:
        baselines["own stars"] = lambda case: _own_star_probs(people[case.user], case)
    return baselines


def _uniform_probs(case: EvaluationCase) -> list[float]:
    num_options = len(option_keys(case))
    return [1 / num_options] * num_options


def _category_baselines(train: Sequence[EvaluationCase], people: Mapping[str, Profile]) -> dict[str, Baseline]:
    counts = Counter(case.meta["places"][case.answer] for case in train)
    features: dict[str, Callable[[EvaluationCase, str], float]] = {
        "popular": lambda case, category: log(counts[category] + 1),
        "last": lambda case, category: float(category == case.meta["last"]),
        "tastes": lambda case, category: log(people[case.user].tastes.get(category, 0) + 0.01),
    }
    return {name: _fit_logit(feature, train) for name, feature in features.items()}


def _fit_logit(feature: Callable[[EvaluationCase, str], float], train: Sequence[EvaluationCase]) -> Baseline:
    """Fit a conditional logit with one feature of the option's category."""

    def scores(case: EvaluationCase) -> list[float]:
        return [feature(case, case.meta["places"][key]) for key in option_keys(case)]

    observations = [(np.array(scores(case)), option_keys(case).index(case.answer)) for case in train]

    def loss(strength: float) -> float:
        return sum(np.logaddexp.reduce(strength * row) - strength * row[gold] for row, gold in observations)

    fit: Any = minimize_scalar(loss, bounds=(0, 10), method="bounded") if observations else None
    strength = float(fit.x) if fit else 0.0
    return lambda case: _normalize([exp(strength * score) for score in scores(case)])


def _own_star_probs(profile: Profile, case: EvaluationCase) -> list[float]:
    shares = profile.star_shares or (0.2,) * 5
    return _normalize([shares[int(key) - 1] + 1e-3 for key in option_keys(case)])


def _normalize(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]
