"""What contestants and guesses make of benchmarks: answers in all orders in, figures out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from sandbox.errors import BackendError, ConfigError, unknown
from sandbox.mind import Mind
from sandbox.question import Answer
from training.evaluate.benchmarks.asking import Order, orders_of, questions_of
from training.evaluate.benchmarks.layouts import ASPECTS, MOTIVEBENCH, TOMBENCH, Item, read_items
from training.evaluate.choices import voiced
from training.evaluate.config import OWN
from training.evaluate.samples import Array, Key, Sample
from training.tasks.moments import hashed

ACCURACY, PRINTED, ALL_THREE, NLL = "accuracy", "accuracy, as printed", "all three correct", "nll"
FAVOURITE = "share of the favourite letter"
UNIFORM, ONE_LETTER = "uniform", "always one letter"
Figures: TypeAlias = dict[tuple[str, str], Sample]
"""By form and figure; the users of a sample are scenes."""


class Told(NamedTuple):
    """What somebody makes of one item."""

    item: Item
    probs: Array
    """(orders, options), by the place where an option is shown."""
    golds: Sequence[int]
    """Place of the right option in each order."""

    @property
    def picks(self) -> Array:
        """(orders, options): 1 for the likeliest, in equal shares where several are."""
        best = self.probs == self.probs.max(1, keepdims=True)
        return best / best.sum(1, keepdims=True)

    @property
    def hits(self) -> Array:
        """Whether the likeliest is right, in each order."""
        return self.picks[range(len(self.golds)), self.golds]

    @property
    def nll(self) -> float:
        """Negative log-likelihood of the right one, in nats, mean over orders."""
        right = self.probs[range(len(self.golds)), self.golds]
        return float(-np.log(np.clip(right, 1e-9, None)).mean())


Figured: TypeAlias = Callable[[Sequence[Told]], Iterator[tuple[str, Sample]]]
"""Names and samples of what somebody makes of all items of a form."""


def benchmark_samples(
    files: Mapping[str, Path], models: Mapping[str, str | None], mind: Mind, most: int | None, seed: int
) -> dict[Key, Sample]:
    """Figures of all contestants and of two guesses, asked in one batch.

    Args:
        files: A file or folder by benchmark, `motivebench` and `tombench`.
        models: Contestants; those with an adapter's folder answer with the voice of their name, others with the base.
        mind: The engine of a simulation.
        most: Scenes of each subset or task, drawn by the seed; None: all.
        seed: Of the draw.

    Raises:
        DataError: A file has another layout.
        BackendError: The engine had no answer.
    """
    items = [item for name, path in files.items() for item in drawn(_read(name, path), most, seed)]
    orders = [orders_of(item) for item in items]
    asked = questions_of(items, orders)
    voices = [name if folder else "" for name, folder in models.items()]
    answers = mind.answer([voiced(question, voice) for voice in voices for question in asked])
    lost = sum(answer.source == "fallback" for answer in answers)
    if lost:
        raise BackendError(f"{lost} of {len(answers)} questions of benchmarks have no answer; look at the engine's log")
    found = guesses(items, orders)
    for place, name in enumerate(models):
        mine = answers[place * len(asked) : (place + 1) * len(asked)]
        found[name] = benchmark_figures(items, orders, mine)
    return {
        Key(name, OWN, form, figure): sample
        for name, figures in found.items()
        for (form, figure), sample in figures.items()
    }


def benchmark_figures(items: Sequence[Item], orders: Sequence[Sequence[Order]], answers: Sequence[Answer]) -> Figures:
    """Figures of one contestant, of every form that an item counts for.

    `accuracy` and `nll` of an item are means over its orders; `accuracy, as printed` is of the first one; `all three
    correct` is of a scene of MotiveBench, the mean over orders of whether all its questions are answered right; `share
    of the favourite letter` says how often the letter is chosen that the contestant chooses most.

    Args:
        items: What was asked.
        orders: Of each item.
        answers: To `questions_of(items, orders)`.
    """
    return _by_form(_told(items, orders, (answer.probs or () for answer in answers)), _figures)


def guesses(items: Sequence[Item], orders: Sequence[Sequence[Order]]) -> dict[str, Figures]:
    """What those make of it who cannot read.

    `always one letter` is, for every form and figure, the letter that does best there: the worst that a liking of
    letters can do to an accuracy.
    """
    sizes = [len(item.options) for item, mine in zip(items, orders, strict=True) for _ in mine]
    uniform = _by_form(_told(items, orders, ([1 / size] * size for size in sizes)), _figures)
    letters = [
        _by_form(_told(items, orders, (_always(letter, size) for size in sizes)), _accuracies)
        for letter in range(max(sizes, default=0))
    ]
    best = {what: max((one[what] for one in letters), key=_mean) for what in (letters[0] if letters else {})}
    return {UNIFORM: uniform, ONE_LETTER: best}


def drawn(items: Sequence[Item], most: int | None, seed: int) -> list[Item]:
    """Items of at most so many scenes of each subset, or of each task and language."""
    scenes: dict[tuple[str, str, str], set[str]] = {}
    for item in items:
        scenes.setdefault((item.benchmark, item.task, item.language), set()).add(item.scene)
    kept = {
        (*part, scene)
        for part, mine in scenes.items()
        for scene in sorted(mine, key=lambda scene: hashed(seed, scene))[:most]
    }
    return [item for item in items if (item.benchmark, item.task, item.language, item.scene) in kept]


def _read(name: str, path: Path) -> list[Item]:
    if name not in (MOTIVEBENCH, TOMBENCH):
        raise ConfigError(f"benchmarks: {unknown('benchmark', name, (MOTIVEBENCH, TOMBENCH))}")
    items = read_items(path)
    if others := {item.benchmark for item in items} - {name}:
        raise ConfigError(f"benchmarks.{name}: {path} holds {', '.join(sorted(others))}; name the other file")
    return items


def _told(items: Sequence[Item], orders: Sequence[Sequence[Order]], probs: Iterable[Sequence[float]]) -> list[Told]:
    rest = iter(probs)
    return [
        Told(item, np.array([next(rest) for _ in mine], float), [order.index(item.gold) for order in mine])
        for item, mine in zip(items, orders, strict=True)
    ]


def _by_form(told: Sequence[Told], figures: Figured) -> Figures:
    forms: dict[str, list[Told]] = {}
    for one in told:
        for form in one.item.forms:
            forms.setdefault(form, []).append(one)
    return {(form, name): sample for form, mine in sorted(forms.items()) for name, sample in figures(mine)}


def _figures(told: Sequence[Told]) -> Iterator[tuple[str, Sample]]:
    """All figures of one form."""
    users = tuple(one.item.scene for one in told)
    yield from _accuracies(told)
    yield NLL, Sample(np.array([one.nll for one in told]), users)
    letters = np.zeros((len(told), max(one.probs.shape[1] for one in told)))
    for place, one in enumerate(told):
        letters[place, : one.probs.shape[1]] = one.picks.mean(0)
    yield FAVOURITE, Sample(letters[:, letters.mean(0).argmax()], users)


def _accuracies(told: Sequence[Told]) -> Iterator[tuple[str, Sample]]:
    users = tuple(one.item.scene for one in told)
    yield ACCURACY, Sample(np.array([one.hits.mean() for one in told]), users)
    yield PRINTED, Sample(np.array([one.hits[0] for one in told]), users)
    scenes: dict[str, list[Array]] = {}
    for one in told:
        scenes.setdefault(one.item.scene, []).append(one.hits)
    if {one.item.aspect for one in told} == set(ASPECTS):
        whole = [float(np.prod(hits, axis=0).mean()) for hits in scenes.values()]
        yield ALL_THREE, Sample(np.array(whole), tuple(scenes))


def _always(letter: int, size: int) -> list[float]:
    """A sure choice of the letter, or of the last one where there are fewer options."""
    return [float(place == min(letter, size - 1)) for place in range(size)]


def _mean(sample: Sample) -> float:
    return float(sample.values.mean())
