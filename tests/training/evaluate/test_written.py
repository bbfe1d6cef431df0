from typing import Any

import numpy as np
import pytest

from sandbox.people import NO_MEMORY
from sandbox.question import Write
from training.evaluate.asked import Case
from training.evaluate.samples import Key, Samples
from training.evaluate.scores import Bootstrap
from training.evaluate.style import features
from training.evaluate.written import ANOTHER, PEOPLE, written_samples
from training.tasks.example import Asked

LOUD = "WOW!!! I LOVE it, really really GREAT!!! So so good!!! {} is the BEST!!!"
QUIET = "The {} arrived in due course; it is of the quality which one would expect of it."
THINGS = ("lamp", "chair", "kettle", "book", "radio", "spade")


def place(user: str, text: str) -> Case:
    """A review that somebody wrote."""
    return Case("review", "shop", "reviews", user, Asked("review", {}, Write(60), NO_MEMORY, 0), text, {})


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Three loud and three quiet people, by one who copies them, one who mixes them up, and one with one text."""
    users = [f"u{number}" for number in range(6)]
    kinds = [LOUD, QUIET] * 3
    cases = [place(user, kind.format(thing)) for user, kind, thing in zip(users, kinds, THINGS, strict=True)]
    others = {user: [kind.format("pen"), kind.format("cup")] for user, kind in zip(users, kinds, strict=True)}
    made = {
        "copies": [kind.format("tent") for kind in kinds],
        "mixes up": [kind.format("tent") for kind in reversed(kinds)],
        "one text": ["It is good."] * 6,
    }
    return written_samples(made, cases, others, Bootstrap(50, 0), 0)


def mean(samples: Samples, name: str, figure: str) -> float:
    one: Any = samples[Key(name, "own", "review", figure)]
    return float(np.mean(one.values if hasattr(one, "values") else one.value))


def test_style_tells_people_apart(samples: Samples) -> None:
    assert mean(samples, "copies", "style distance") < 0.5 * mean(samples, "mixes up", "style distance")
    assert mean(samples, "copies", "authorship") > 0.75
    assert mean(samples, "mixes up", "authorship") < 0.25
    assert mean(samples, PEOPLE, "authorship") > 0.75


def test_sameness_is_seen(samples: Samples) -> None:
    assert mean(samples, "one text", "self-similarity") == pytest.approx(1)
    assert mean(samples, PEOPLE, "self-similarity") < 0.9
    assert mean(samples, "one text", "distinct-2") < mean(samples, PEOPLE, "distinct-2")


def test_a_real_text_means_what_it_means(samples: Samples) -> None:
    assert mean(samples, PEOPLE, "similarity to the real text") == pytest.approx(1)
    assert mean(samples, ANOTHER, "similarity to the real text") < 0.95
    assert mean(samples, PEOPLE, "distance of lengths") == mean(samples, PEOPLE, "JS divergence of lengths") == 0
    assert mean(samples, PEOPLE, "variance ratio of lengths") == pytest.approx(1)
    assert mean(samples, "one text", "variance ratio of lengths") == 0
    assert mean(samples, "one text", "JS divergence of lengths") > 0.1
    assert mean(samples, PEOPLE, "unusable") == 0
    assert mean(samples, "one text", "distance of lengths") == pytest.approx(mean(samples, PEOPLE, "words") - 3)


def test_style_is_numbers() -> None:
    loud, quiet, nothing = features([LOUD, QUIET, ""])
    assert len(loud) == len(quiet) == len(nothing)
    assert np.isfinite([loud, quiet, nothing]).all()
