"""What contestants and guesses make of choices: probabilities in, figures out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from scipy.spatial.distance import jensenshannon

from sandbox.errors import BackendError
from sandbox.mind import Mind
from sandbox.people import Profile
from sandbox.question import Question
from training.evaluate.asked import Case, questions
from training.evaluate.baselines import PICKED, baselines, keys
from training.evaluate.config import OWN, Control
from training.evaluate.samples import Array, Key, Sample, Samples
from training.evaluate.scores import Bootstrap, calibration_error, choice_figures, columns
from training.tasks.reading import FORMS

NEW = "new products"
"""Cases about products that no train user chose."""
Probs: TypeAlias = Sequence[float]
"""Of a case's options, in declared order."""
Told: TypeAlias = dict[tuple[str, Control, str], list[Probs]]
"""By contestant, who was asked, and form; in the order of the form's cases."""


class Picked(NamedTuple):
    """Choices of one form, with the options that are looked at."""

    cases: Sequence[Case]
    places: Sequence[Sequence[int]]
    """Of the options, the chosen one among them."""

    @property
    def users(self) -> tuple[str, ...]:
        """Who chose."""
        return tuple(case.user for case in self.cases)

    @property
    def golds(self) -> list[int]:
        """Where the chosen one is, among those that are looked at."""
        return [list(places).index(keys(case).index(case.answer)) for case, places in self._both()]

    def of(self, probs: Sequence[Probs]) -> list[list[float]]:
        """Probabilities of the options that are looked at, made to sum to 1."""
        parts = [[one[place] for place in places] for one, places in zip(probs, self.places, strict=True)]
        return [[share / max(sum(part), 1e-12) for share in part] for part in parts]

    def _both(self) -> Iterator[tuple[Case, Sequence[int]]]:
        return zip(self.cases, self.places, strict=True)


def by_form(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Cases of each form."""
    return {form: [one for one in cases if one.form == form] for form in sorted({one.form for one in cases})}


def guessed(choices: Sequence[Case], train: Sequence[Case], people: Mapping[str, Profile]) -> Told:
    """What baselines make of the choices."""
    told: Told = {}
    for form, mine in by_form(choices).items():
        for name, guess in baselines([one for one in train if one.form == form], people, form).items():
            told[name, OWN, form] = [guess(one) for one in mine]
    return told


def chosen(
    models: Mapping[str, str | None],
    choices: Sequence[Case],
    people: Mapping[str, Profile],
    whos: Sequence[Control],
    seed: int,
    mind: Mind,
) -> Told:
    """What every contestant makes of the choices, through the mind of a simulation, all in one batch.

    Raises:
        BackendError: The engine had no answer.
    """
    asked: list[Question] = []
    for who in whos:
        for question in questions(choices, people, who, seed):
            asked += [voiced(question, name if folder else "") for name, folder in models.items()]
    answers = mind.answer(asked)
    if lost := sum(answer.source == "fallback" for answer in answers):
        raise BackendError(f"{lost} of {len(answers)} choices have no answer; look at the engine's log")
    probs = iter([answer.probs or () for answer in answers])
    told: Told = {}
    for who in whos:
        for case in choices:
            for name in models:
                told.setdefault((name, who, case.form), []).append(next(probs))
    return told


def choice_samples(told: Told, choices: Sequence[Case], bootstrap: Bootstrap) -> Samples:
    """Figures of every form, of what was picked among hard and among other options apart, and of new products."""
    samples: Samples = {}
    for form, mine in by_form(choices).items():
        for kind in [None, *_kinds(form, mine)]:
            looked = _looked_at(mine, kind)
            for (name, who, asked), probs in told.items():
                if asked == form:
                    kept = [one for one, case in zip(probs, mine, strict=True) if _has(case, kind)]
                    samples |= _figures((name, who, _label(form, kind)), looked, looked.of(kept), bootstrap)
        if form not in (*PICKED, *FORMS):
            samples |= _marginals(form, told, mine, bootstrap)
    return samples


def _figures(what: tuple[str, Control, str], looked: Picked, probs: list[list[float]], bootstrap: Bootstrap) -> Samples:
    users, golds = looked.users, looked.golds
    figures = columns([choice_figures(one, gold) for one, gold in zip(probs, golds, strict=True)])
    made: Samples = {Key(*what, figure): Sample(values, users) for figure, values in figures.items()}
    error = bootstrap.whole(users, lambda weights: calibration_error(probs, golds, weights))
    return {**made, Key(*what, "ECE"): error}


def _marginals(form: str, told: Told, cases: Sequence[Case], bootstrap: Bootstrap) -> Samples:
    """How far what all people together are expected to answer is from what they answered: shape and spread."""
    users = tuple(case.user for case in cases)
    human = np.zeros((len(cases), len(keys(cases[0]))))
    human[range(len(cases)), [keys(case).index(case.answer) for case in cases]] = 1
    samples: Samples = {}
    for (name, who, asked), probs in told.items():
        if asked == form and who == OWN:
            for figure, measure in (_MARGINAL | (_SCALED if human.shape[1] > 2 else {})).items():
                found = bootstrap.whole(users, _between(np.array(probs), human, measure))
                samples[Key(name, who, form, figure)] = found
    return samples


def _between(model: Array, human: Array, measure: Callable[[Array, Array], Array]) -> Callable[[Array], Array]:
    def figure(weights: Array) -> Array:
        total = weights.sum(1, keepdims=True)
        return measure(weights @ model / total, weights @ human / total)

    return figure


def _entropy_gap(model: Array, human: Array) -> Array:
    return np.abs(_entropy(model) - _entropy(human))


def _entropy(shares: Array) -> Array:
    return -(shares * np.log(np.clip(shares, 1e-12, None))).sum(-1)


def _divergence(model: Array, human: Array) -> Array:
    found: Any = jensenshannon  # its annotation lacks the axis
    distances: Array = found(model, human, axis=-1, base=2)
    return distances**2


_MARGINAL = {"entropy gap": _entropy_gap, "JS divergence": _divergence}
"""Of the distribution of all answers (draws, options): difference of its entropy from the humans', in nats, and its
Jensen-Shannon divergence from theirs, in bits."""


def _earth_mover(model: Array, human: Array) -> Array:
    return np.abs(np.cumsum(model - human, -1)).sum(-1)


def _variance_ratio(model: Array, human: Array) -> Array:
    return _variance(model) / np.clip(_variance(human), 1e-12, None)


def _variance(shares: Array) -> Array:
    places = np.arange(shares.shape[-1])
    return (shares * places**2).sum(-1) - (shares * places).sum(-1) ** 2


_SCALED = {"Wasserstein distance": _earth_mover, "variance ratio": _variance_ratio}
"""The same of a scale's options: in places; and the variance as a share of the humans'."""


def _kinds(form: str, cases: Sequence[Case]) -> list[str]:
    """Kinds of options that were not chosen, where there are several; and new products, where there are others too."""
    found = {kind for case in cases for kind in case.meta.get("kinds", {}).values()} - {"chosen"}
    kinds = sorted(found) if form in PICKED and len(found) > 1 else []
    return [*kinds, NEW] if form not in FORMS and len({case.is_new for case in cases}) > 1 else kinds


def _label(form: str, kind: str | None) -> str:
    if kind is None:
        return form
    return f"{form}, {NEW}" if kind == NEW else f"{form}, {kind} options"


def _looked_at(cases: Sequence[Case], kind: str | None) -> Picked:
    """All options of all cases, or of those about new products; or the chosen one and those of one kind."""
    kept = [case for case in cases if _has(case, kind)]
    return Picked(kept, [[i for i, key in enumerate(keys(case)) if _is_shown(case, key, kind)] for case in kept])


def _is_shown(case: Case, key: str, kind: str | None) -> bool:
    return kind in (None, NEW) or case.meta["kinds"][key] in ("chosen", kind)


def _has(case: Case, kind: str | None) -> bool:
    return kind is None or (case.is_new if kind == NEW else kind in case.meta["kinds"].values())


def voiced(question: Question, voice: str) -> Question:
    """The question, to be answered by that voice."""
    return msgspec.structs.replace(question, voice=voice)
