"""Choices of held-out people, for arms that answer as a model did in the evaluation that ships with its adapter.

These are not results of the run: the model behind an arm was once given what real people had in front of them, and the
evaluation says how likely the model finds what they did (`python -m training evaluate`).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from agents.shipped import ADAPTERS_DIR, SHIPPED
from experiments.frames import column, rows_where
from experiments.scorecard import normalized_score
from sandbox.composition import resolve_target
from sandbox.runtime.config import RunConfig

BASE, HUMANLLM = "base", "humanllm"
"""Names in the evaluation of the base model, and of the base model with the shipped adapter."""
PREDICTORS = ("last", "tastes", "own stars", "majority", "popular")
"""Simple predictors: from the person's own earlier record, or from what everybody does."""
UNIFORM = "uniform"
NOT_PEOPLE = ("general prose", "base's own chat")
"""Forms of the evaluation that are not answers of people, but show what a model forgets."""


def evaluation_scores(config: RunConfig) -> Path | None:
    """Return the evaluation that ships with the adapter for a run's model; None if there is none."""
    path = ADAPTERS_DIR / Path(config.model).name / "scores.csv"
    return path if Path(config.model).name == config.model and path.is_file() else None


def evaluated_models(config: RunConfig) -> dict[str, str]:
    """Return, by arm, the name in that evaluation of the model that answers.

    Arms with another engine or adapter are left out, and so are all arms if the assignment gives roles their own minds.
    """
    if config.assignment:
        return {}
    models = {arm.name: _evaluated_model(config, arm.mind) for arm in config.arms()}
    return {arm: name for arm, name in models.items() if name}


def _evaluated_model(config: RunConfig, mind: str) -> str:
    """Return the name of an arm's model in the evaluation; empty if it was not evaluated."""
    kind, settings = resolve_target(config.extra_minds.get(mind, config.mind), "mind")
    adapter = (mind if mind not in config.extra_minds else "") or settings.get("default_adapter") or kind.name
    if kind.name != BASE:
        return ""
    if adapter == BASE:
        return BASE
    return HUMANLLM if settings.get("adapters", {}).get(adapter) == SHIPPED else ""


def individual_rows(scores: Path, models: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """Yield rows of the scorecard: how likely the arms find what held-out people really chose.

    The floor is a uniform guess. The other end is the best simple predictor, which is no bound: people's own
    test-retest reliability would be, but nobody in the logs decides the same twice. Forms without a predictor that
    beats a uniform guess are listed by `unscored_forms`.
    """
    for form, by_model in _choice_likelihoods(scores).items():
        if not _predictors(by_model):
            continue
        floor = float(by_model.loc[UNIFORM, "value"])
        ceiling = float(by_model.loc[_predictors(by_model), "value"].min())
        for arm, name in models.items():
            if name in by_model.index:
                value, low, high = (float(by_model.loc[name, end]) for end in ("value", "low", "high"))
                normalized = [normalized_score(number, floor, ceiling) for number in (value, high, low)]
                num_people = int(by_model.loc[name, "users"])
                numbers = (*normalized, value, floor, ceiling, value, float("nan"), num_people)
                yield ("individual", f"{form}_choices", "predictor", arm, *numbers, _DISTANCE_MEASURE)


def unscored_forms(scores: Path) -> list[str]:
    """Return the forms of the evaluation that are missing from the scorecard, each with the reason, in words."""
    table = pd.read_csv(scores)
    choices = _choice_likelihoods(scores)
    forms = [form for form in column(table, "form").unique() if "," not in form and form not in NOT_PEOPLE]
    without_baseline = [form for form in forms if form in choices and not _predictors(choices[form])]
    texts = [form for form in forms if form not in choices]
    reasons = (
        (without_baseline, "no simple predictor is significantly better than a uniform guess"),
        (texts, "texts, which have no simple predictor"),
    )
    return [f"{', '.join(names).replace('_', ' ')} ({reason})" for names, reason in reasons if names]


def _choice_likelihoods(scores: Path) -> dict[str, pd.DataFrame]:
    """Return likelihoods of choices by form, a row per model; variants of a form with other options are left out."""
    table = pd.read_csv(scores)
    is_own = (column(table, "metric") == "nll") & (column(table, "control") == "own")
    table = rows_where(table, is_own & ~column(table, "form").str.contains(","))
    return {str(form): rows.set_index("model") for form, rows in table.groupby("form")}


def _predictors(by_model: pd.DataFrame) -> list[str]:
    """Return the simple predictors that are significantly better than a uniform guess."""
    if UNIFORM not in by_model.index:
        return []
    uniform = float(by_model.loc[UNIFORM, "value"])
    return [name for name in by_model.index if name in PREDICTORS and float(by_model.loc[name, "high"]) < uniform]


_DISTANCE_MEASURE = "negative log-likelihood of what held-out people chose (nats); 1: best simple predictor"
