"""What a model must beat: guesses that know no language.

Each but `uniform` has what train users did at its disposal. Of goods and threads, `popular` knows how often a category
was chosen, `last` what the person chose last, `tastes` what they choose on the whole; one number, how strongly to go
by that, is fitted on train tasks (a conditional logit; McFadden 1974).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import exp, log
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from sandbox.people import Profile
from sandbox.question import Choose
from training.evaluate.asked import Case
from training.tasks.reading import FORMS

Guess = Callable[[Case], list[float]]
"""Probabilities of a case's options, in declared order."""
PICKED = ("purchase", "thread")
"""Forms in which people pick one of several things."""
SCALES = ("stars", "verdict")


def baselines(train: Sequence[Case], people: Mapping[str, Profile], form: str) -> dict[str, Guess]:
    """Guesses for one form, by name.

    Args:
        train: Train tasks of that form.
        people: Profiles by user, of train and of held-out users.
        form: Of the tasks.
    """
    found: dict[str, Guess] = {"uniform": lambda case: [1 / len(keys(case))] * len(keys(case))}
    if form in FORMS:
        return found
    if form in PICKED:
        return {**found, **_by_place(train, people)}
    counts = Counter(case.answer for case in train)
    found["majority"] = lambda case: _shares([counts[key] + 1 for key in keys(case)])
    if form in SCALES:
        found["own stars"] = lambda case: _own_stars(people[case.user], case)
    return found


def keys(case: Case) -> list[str]:
    """Keys of a choice's options, in declared order."""
    form = case.asked.form
    return [option.key for option in form.options] if isinstance(form, Choose) else []


def _by_place(train: Sequence[Case], people: Mapping[str, Profile]) -> dict[str, Guess]:
    chosen = Counter(case.meta["places"][case.answer] for case in train)
    cues: dict[str, Callable[[Case, str], float]] = {
        "popular": lambda case, place: log(chosen[place] + 1),
        "last": lambda case, place: float(place == case.meta["last"]),
        "tastes": lambda case, place: log(people[case.user].tastes.get(place, 0) + 0.01),
    }
    return {name: _fitted(cue, train) for name, cue in cues.items()}


def _fitted(cue: Callable[[Case, str], float], train: Sequence[Case]) -> Guess:
    """Go by a cue as strongly as train tasks want it."""

    def scores(case: Case) -> list[float]:
        return [cue(case, case.meta["places"][key]) for key in keys(case)]

    known = [(np.array(scores(case)), keys(case).index(case.answer)) for case in train]

    def loss(strength: float) -> float:
        return sum(np.logaddexp.reduce(strength * one) - strength * one[gold] for one, gold in known)

    found: Any = minimize_scalar(loss, bounds=(0, 10), method="bounded") if known else None
    best = float(found.x) if found else 0.0
    return lambda case: _shares([exp(best * score) for score in scores(case)])


def _own_stars(profile: Profile, case: Case) -> list[float]:
    shares = profile.star_shares or (0.2,) * 5
    return _shares([shares[int(key) - 1] + 1e-3 for key in keys(case)])


def _shares(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]
