"""Choices of held-out people, for arms that speak as a contestant of the evaluation did that ships with an adapter.

These are no results of the run: whoever answers in it was shown, once, what real people had before them, and the
evaluation says how likely it finds what they did (`python -m training evaluate`).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from agents.shipped import FOLDER, SHIPPED
from experiments.facts.measures import Frame
from experiments.scorecard import normalised
from sandbox.config import RunConfig, targeted

BASE, HUMANLLM = "base", "humanllm"
"""What the evaluation calls the model as it is, and with the shipped adapter."""
OWN_RECORD = ("last", "tastes", "own stars")
"""Guesses that know the person's own earlier record."""
GUESSES = ("uniform", "majority", "popular", *OWN_RECORD)
NOBODYS = ("general prose", "base's own chat")
"""Forms of the evaluation that are no answers of people, but show what a model forgets."""


def scores_of(config: RunConfig) -> Path | None:
    """The evaluation that ships with the adapter for a run's model; None where none does."""
    path = FOLDER / Path(config.model).name / "scores.csv"
    return path if Path(config.model).name == config.model and path.is_file() else None


def contestants_of(config: RunConfig) -> dict[str, str]:
    """Arms that answer as a contestant of that evaluation, by name, and which one.

    Left out are arms with another engine, another adapter, or roles that the cast gives voices of their own.
    """
    if config.cast:
        return {}
    found = {arm.name: _contestant(config, arm.mind) for arm in config.arms()}
    return {arm: name for arm, name in found.items() if name}


def _contestant(config: RunConfig, mind: str) -> str:
    """Empty: none."""
    kind, settings = targeted(config.voices.get(mind, config.mind), "mind")
    voice = (mind if mind not in config.voices else "") or settings.get("speaker") or kind.name
    if kind.name != BASE:
        return ""
    if voice == BASE:
        return BASE
    return HUMANLLM if settings.get("adapters", {}).get(voice) == SHIPPED else ""


def individual_rows(scores: Path, contestants: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """Rows of the scorecard: how likely the arms find what held-out people really chose.

    The floor is a uniform guess, the ceiling the best guess that knows only the person's own earlier record; forms
    without such a guess are `left_out`.
    """
    for form, by_name in _choices(scores).items():
        if not _own(by_name):
            continue
        floor = float(by_name.loc["uniform", "value"])
        ceiling = float(by_name.loc[_own(by_name), "value"].min())
        for arm, name in contestants.items():
            if name in by_name.index:
                value, low, high = (float(by_name.loc[name, column]) for column in ("value", "low", "high"))
                scored = [normalised(one, floor, ceiling) for one in (value, high, low)]
                numbers = (*scored, value, floor, ceiling, value, float("nan"), int(by_name.loc[name, "users"]))
                yield ("individual", f"{form}_choices", "people", arm, *numbers, _WHAT)


def left_out(scores: Path) -> list[str]:
    """Forms of the evaluation that the scorecard does not show, each with why, in words."""
    table: Frame = pd.read_csv(scores)
    choices = _choices(scores)
    forms = [one for one in table["form"].unique() if "," not in one and one not in NOBODYS]
    bare = [form for form in forms if form in choices and not _own(choices[form])]
    texts = [form for form in forms if form not in choices]
    whys = ((bare, "no guess knows the person's own record"), (texts, "texts, which have no such guess either"))
    return [f"{', '.join(names).replace('_', ' ')} ({why})" for names, why in whys if names]


def _choices(scores: Path) -> dict[str, Frame]:
    """Likelihoods of choices by form, a row per contestant; variants of a form with other options are left out."""
    table: Frame = pd.read_csv(scores)
    table = table[(table["figure"] == "nll") & (table["who"] == "own") & ~table["form"].str.contains(",")]
    return {str(form): rows.set_index("contestant") for form, rows in table.groupby("form")}


def _own(by_name: Frame) -> list[str]:
    """Guesses from the person's own record, where there is a uniform one to hold them against."""
    return [name for name in by_name.index if name in OWN_RECORD and "uniform" in by_name.index]


_WHAT = "negative log-likelihood of what held-out people chose (nats); ceiling: their own earlier choices"
