from typing import Any

import numpy as np
import pytest

from sandbox.core.form import Write
from sandbox.core.memory import NO_MEMORY
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.cases import EvaluationCase
from training.evaluation.generated_texts import ANOTHER, PEOPLE, score_texts
from training.evaluation.metrics import MetricKey, Metrics
from training.evaluation.style import style_features
from training.tasks.forms import TaskQuestion

LOUD = "WOW!!! I LOVE it, really really GREAT!!! So so good!!! {} is the BEST!!!"
QUIET = "The {} arrived in due course; it is of the quality which one would expect of it."
PRODUCTS = ("lamp", "chair", "kettle", "book", "radio", "spade")


def review_case(user: str, text: str) -> EvaluationCase:
    """A review that somebody wrote."""
    question = TaskQuestion("review", {}, Write(60), NO_MEMORY, 0)
    return EvaluationCase("review", "shop", "reviews", user, question, text, {})


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    """Three loud and three quiet people, and models that copy them, mix them up, or write one text for all."""
    users = [f"u{number}" for number in range(6)]
    styles = [LOUD, QUIET] * 3
    cases = [
        review_case(user, style.format(product)) for user, style, product in zip(users, styles, PRODUCTS, strict=True)
    ]
    other_texts = {user: [style.format("pen"), style.format("cup")] for user, style in zip(users, styles, strict=True)}
    generated = {
        "copies": [style.format("tent") for style in styles],
        "mixes up": [style.format("tent") for style in reversed(styles)],
        "one text": ["It is good."] * 6,
    }
    return score_texts(generated, cases, other_texts, Bootstrap(50, 0), 0)


def mean_metric(metrics: Metrics, name: str, metric: str) -> float:
    result: Any = metrics[MetricKey(name, "own", "review", metric)]
    return float(np.mean(result.values if hasattr(result, "values") else result.value))


def test_style_tells_people_apart(metrics: Metrics) -> None:
    assert mean_metric(metrics, "copies", "style distance") < 0.5 * mean_metric(metrics, "mixes up", "style distance")
    assert mean_metric(metrics, "copies", "authorship") > 0.75
    assert mean_metric(metrics, "mixes up", "authorship") < 0.25
    assert mean_metric(metrics, PEOPLE, "authorship") > 0.75


def test_sameness_is_seen(metrics: Metrics) -> None:
    assert mean_metric(metrics, "one text", "self-similarity") == pytest.approx(1)
    assert mean_metric(metrics, PEOPLE, "self-similarity") < 0.9
    assert mean_metric(metrics, "one text", "distinct-2") < mean_metric(metrics, PEOPLE, "distinct-2")


def test_a_real_text_means_what_it_means(metrics: Metrics) -> None:
    assert mean_metric(metrics, PEOPLE, "similarity to the real text") == pytest.approx(1)
    assert mean_metric(metrics, ANOTHER, "similarity to the real text") < 0.95
    assert mean_metric(metrics, PEOPLE, "distance of lengths") == 0
    assert mean_metric(metrics, PEOPLE, "JS divergence of lengths") == 0
    assert mean_metric(metrics, PEOPLE, "variance ratio of lengths") == pytest.approx(1)
    assert mean_metric(metrics, "one text", "variance ratio of lengths") == 0
    assert mean_metric(metrics, "one text", "JS divergence of lengths") > 0.1
    assert mean_metric(metrics, PEOPLE, "unusable") == 0
    mean_words = mean_metric(metrics, PEOPLE, "words")
    assert mean_metric(metrics, "one text", "distance of lengths") == pytest.approx(mean_words - 3)


def test_style_is_numbers() -> None:
    loud, quiet, empty = style_features([LOUD, QUIET, ""])
    assert len(loud) == len(quiet) == len(empty)
    assert np.isfinite([loud, quiet, empty]).all()
