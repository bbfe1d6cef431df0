"""Every fact tells evidence that shows it from evidence that does not."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from experiments.facts.evidence import Evidence
from experiments.facts.fact import Fact
from experiments.facts.measures import Frame
from experiments.facts.table import facts
from tests.experiments.facts.synthetic import CONTROLS, J, Maker, forced, influence, popular, steep

FACTS = {fact.name: fact for fact in facts()}


def test_every_fact_has_controls() -> None:
    assert set(CONTROLS) == set(FACTS)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_fact_accepts_what_shows_it(name: str) -> None:
    assert _judged(name, CONTROLS[name][0]) == "within"


@pytest.mark.parametrize("name", CONTROLS)
def test_a_fact_refuses_what_does_not_show_it(name: str) -> None:
    assert _judged(name, CONTROLS[name][1]) == "outside"


def test_forced_stars_with_two_peaks_are_not_unimodal() -> None:
    assert _judged("forced_reviews", lambda: forced((0.10, 0.30, 0.05, 0.05, 0.50), J)) == "outside"


@pytest.mark.parametrize("name", ["influence_inequality", "influence_unpredictability"])
def test_influence_is_seldom_found_where_there_is_none(name: str) -> None:
    judged = [_judged(name, lambda draw=draw: influence(_redrawn(draw), _redrawn(draw))) for draw in range(60)]
    assert judged.count("within") <= 6  # 2.5 % are expected; 7 or more have a chance of 0.1 %


@pytest.mark.parametrize("name", ["influence_inequality", "influence_unpredictability"])
def test_fewer_choices_are_no_influence(name: str) -> None:
    def few(rng: np.random.Generator) -> Frame:
        return _redrawn(1)(rng).head(150)

    assert _judged(name, lambda: influence(few, _redrawn(2))) != "within"
    assert _judged(name, lambda: influence(_redrawn(2), few)) != "outside"


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.name)
def test_a_fact_says_where_it_is_from_and_what_it_cannot_show(fact: Fact) -> None:
    assert fact.name.replace("_", "").isalpha()
    assert any(mark in fact.citation for mark in ("doi:", "arXiv:", "Handbook", "Ta Feng"))
    assert all(text[-1] == "." for text in (fact.statement, fact.note) if text)
    assert fact.band.low < fact.band.high
    assert math.isnan(fact.band.human) or fact.band.low < fact.band.human < fact.band.high


def _redrawn(draw: int) -> Maker:
    """Choices among the same goods in every arm and world, drawn again."""
    return lambda rng: popular(steep)(np.random.default_rng([draw, int(rng.integers(2**31))]))


def _judged(name: str, make: Callable[[], Evidence]) -> str:
    return FACTS[name].judge(make(), "mine").answer
