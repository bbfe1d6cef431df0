"""Answers to benchmarks, given in all orders of the options, and their metrics."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from sandbox.core.answer import Answer
from sandbox.core.mind import Mind
from sandbox.errors import BackendError, ConfigError, unknown
from training.evaluation.benchmarks.items import ASPECTS, MOTIVEBENCH, TOMBENCH, BenchmarkItem, load_items
from training.evaluation.benchmarks.questions import OptionOrder, build_questions, list_option_orders
from training.evaluation.choices import assign_mind
from training.evaluation.config import OWN
from training.evaluation.metrics import Array, MetricKey, Sample
from training.tasks.decision_points import stable_hash

ACCURACY, PRINTED, ALL_THREE, NLL = "accuracy", "accuracy, as printed", "all three correct", "nll"
FAVOURITE = "share of the favourite letter"
UNIFORM, ONE_LETTER = "uniform", "always one letter"
FormMetrics: TypeAlias = dict[tuple[str, str], Sample]
"""By form and metric; the users of a sample are scenes."""


class ItemPrediction(NamedTuple):
    """The probabilities that a model or a baseline gives to the options of one item."""

    item: BenchmarkItem
    probs: Array
    """(orders, options), by the position where an option is displayed."""
    golds: Sequence[int]
    """Position of the right option in each order."""

    @property
    def picks(self) -> Array:
        """(orders, options): 1 for the likeliest option, in equal shares where several are."""
        best = self.probs == self.probs.max(1, keepdims=True)
        return best / best.sum(1, keepdims=True)

    @property
    def hits(self) -> Array:
        """Whether the likeliest option is right, in each order."""
        return self.picks[range(len(self.golds)), self.golds]

    @property
    def nll(self) -> float:
        """Negative log-likelihood of the right option, in nats, mean over orders."""
        right = self.probs[range(len(self.golds)), self.golds]
        return float(-np.log(np.clip(right, 1e-9, None)).mean())


Scorer: TypeAlias = Callable[[Sequence[ItemPrediction]], Iterator[tuple[str, Sample]]]
"""Yields names and samples of metrics, given the predictions for all items of a form."""


def score_benchmarks(
    files: Mapping[str, Path], models: Mapping[str, str | None], mind: Mind, max_scenes: int | None, seed: int
) -> dict[MetricKey, Sample]:
    """Score all models, asked in one batch, and two baselines.

    Args:
        files: A file or folder by benchmark, `motivebench` and `tombench`.
        models: Models under evaluation; those with an adapter's folder answer by the mind of their name, others by
            the default one.
        mind: The engine of a simulation.
        max_scenes: Maximum number of scenes of each subset or task, sampled by the seed; None: all.
        seed: Seed of the sample.

    Raises:
        ConfigError: A benchmark is unknown, or a file holds another one.
        DataError: A file has another format.
        BackendError: The engine had no answer.
    """
    items = [
        item for name, path in files.items() for item in sample_scenes(_load_benchmark(name, path), max_scenes, seed)
    ]
    orders = [list_option_orders(item) for item in items]
    questions = build_questions(items, orders)
    adapters = [name if folder else "" for name, folder in models.items()]
    answers = mind.answer([assign_mind(question, adapter) for adapter in adapters for question in questions])
    if num_missing := sum(answer.source == "fallback" for answer in answers):
        raise BackendError(
            f"{num_missing} of {len(answers)} questions of benchmarks have no answer; look at the engine's log"
        )
    by_model = score_baselines(items, orders)
    for index, name in enumerate(models):
        model_answers = answers[index * len(questions) : (index + 1) * len(questions)]
        by_model[name] = score_answers(items, orders, model_answers)
    return {
        MetricKey(name, OWN, form, metric): sample
        for name, form_metrics in by_model.items()
        for (form, metric), sample in form_metrics.items()
    }


def score_answers(
    items: Sequence[BenchmarkItem], orders: Sequence[Sequence[OptionOrder]], answers: Sequence[Answer]
) -> FormMetrics:
    """Score one model's answers, for every form that an item belongs to.

    `accuracy` and `nll` of an item are means over its orders; `accuracy, as printed` is that of the first order. `all
    three correct` belongs to a scene of MotiveBench: the share of orders in which all three of its questions are
    answered correctly. `share of the favourite letter` is how often the model chooses the letter that it chooses most.

    Args:
        items: The items.
        orders: Orders of the options, for each item.
        answers: Answers to `build_questions(items, orders)`.
    """
    return _score_by_form(_predictions(items, orders, (answer.probs or () for answer in answers)), _all_metrics)


def score_baselines(items: Sequence[BenchmarkItem], orders: Sequence[Sequence[OptionOrder]]) -> dict[str, FormMetrics]:
    """Score two baselines that do not read the items.

    `always one letter` takes, for every form and metric, the letter that does best: an upper bound on what a
    preference for a letter can add to an accuracy.
    """
    sizes = [len(item.options) for item, item_orders in zip(items, orders, strict=True) for _ in item_orders]
    uniform = _score_by_form(_predictions(items, orders, ([1 / size] * size for size in sizes)), _all_metrics)
    by_letter = [
        _score_by_form(_predictions(items, orders, (_always_letter(letter, size) for size in sizes)), _accuracies)
        for letter in range(max(sizes, default=0))
    ]
    keys = by_letter[0] if by_letter else {}
    best = {key: max((form_metrics[key] for form_metrics in by_letter), key=_sample_mean) for key in keys}
    return {UNIFORM: uniform, ONE_LETTER: best}


def sample_scenes(items: Sequence[BenchmarkItem], max_scenes: int | None, seed: int) -> list[BenchmarkItem]:
    """Return the items of up to `max_scenes` scenes of each subset, or of each task and language."""
    scenes: dict[tuple[str, str, str], set[str]] = {}
    for item in items:
        scenes.setdefault((item.benchmark, item.task, item.language), set()).add(item.scene)
    sampled = {
        (*part, scene)
        for part, part_scenes in scenes.items()
        for scene in sorted(part_scenes, key=lambda scene: stable_hash(seed, scene))[:max_scenes]
    }
    return [item for item in items if (item.benchmark, item.task, item.language, item.scene) in sampled]


def _load_benchmark(name: str, path: Path) -> list[BenchmarkItem]:
    if name not in (MOTIVEBENCH, TOMBENCH):
        raise ConfigError(f"benchmarks: {unknown('benchmark', name, (MOTIVEBENCH, TOMBENCH))}")
    items = load_items(path)
    if unexpected := {item.benchmark for item in items} - {name}:
        raise ConfigError(f"benchmarks.{name}: {path} holds {', '.join(sorted(unexpected))}; name a file of {name}")
    return items


def _predictions(
    items: Sequence[BenchmarkItem], orders: Sequence[Sequence[OptionOrder]], probs: Iterable[Sequence[float]]
) -> list[ItemPrediction]:
    """Assign probabilities, one list per question, to their items."""
    remaining = iter(probs)
    return [
        ItemPrediction(
            item,
            np.array([next(remaining) for _ in item_orders], float),
            [order.index(item.gold) for order in item_orders],
        )
        for item, item_orders in zip(items, orders, strict=True)
    ]


def _score_by_form(predictions: Sequence[ItemPrediction], scorer: Scorer) -> FormMetrics:
    forms: dict[str, list[ItemPrediction]] = {}
    for prediction in predictions:
        for form in prediction.item.forms:
            forms.setdefault(form, []).append(prediction)
    return {
        (form, name): sample
        for form, form_predictions in sorted(forms.items())
        for name, sample in scorer(form_predictions)
    }


def _all_metrics(predictions: Sequence[ItemPrediction]) -> Iterator[tuple[str, Sample]]:
    """Yield all metrics of one form."""
    users = tuple(prediction.item.scene for prediction in predictions)
    yield from _accuracies(predictions)
    yield NLL, Sample(np.array([prediction.nll for prediction in predictions]), users)
    letters = np.zeros((len(predictions), max(prediction.probs.shape[1] for prediction in predictions)))
    for index, prediction in enumerate(predictions):
        letters[index, : prediction.probs.shape[1]] = prediction.picks.mean(0)
    yield FAVOURITE, Sample(letters[:, letters.mean(0).argmax()], users)


def _accuracies(predictions: Sequence[ItemPrediction]) -> Iterator[tuple[str, Sample]]:
    users = tuple(prediction.item.scene for prediction in predictions)
    yield ACCURACY, Sample(np.array([prediction.hits.mean() for prediction in predictions]), users)
    yield PRINTED, Sample(np.array([prediction.hits[0] for prediction in predictions]), users)
    scenes: dict[str, list[Array]] = {}
    for prediction in predictions:
        scenes.setdefault(prediction.item.scene, []).append(prediction.hits)
    if {prediction.item.aspect for prediction in predictions} == set(ASPECTS):
        complete = [float(np.prod(hits, axis=0).mean()) for hits in scenes.values()]
        yield ALL_THREE, Sample(np.array(complete), tuple(scenes))


def _always_letter(letter: int, size: int) -> list[float]:
    """Return a certain choice of the letter, or of the last one if there are fewer options."""
    return [float(position == min(letter, size - 1)) for position in range(size)]


def _sample_mean(sample: Sample) -> float:
    return float(sample.values.mean())
