"""Every fact distinguishes evidence that shows it from evidence that does not."""

import math
from collections.abc import Callable

import pytest

from experiments.facts.evidence import Evidence
from experiments.facts.fact import Fact
from experiments.facts.registry import list_facts
from tests.experiments.facts.synthetic import (
    CONTROLS,
    J,
    forced_and_voluntary,
)
from worlds.marketplace import Marketplace

FACTS = {fact.name: fact for fact in list_facts(Marketplace)}


def test_every_fact_has_controls() -> None:
    assert set(CONTROLS) == set(FACTS)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_fact_accepts_what_shows_it(name: str) -> None:
    assert judge_control(name, CONTROLS[name][0]) == "within"


@pytest.mark.parametrize("name", CONTROLS)
def test_a_fact_refuses_what_does_not_show_it(name: str) -> None:
    assert judge_control(name, CONTROLS[name][1]) == "outside"


def test_forced_stars_with_two_peaks_are_not_unimodal() -> None:
    bimodal = (0.10, 0.30, 0.05, 0.05, 0.50)
    assert judge_control("forced_reviews", lambda: forced_and_voluntary(bimodal, J)) == "outside"


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.name)
def test_a_fact_says_where_it_is_from_and_what_it_cannot_show(fact: Fact) -> None:
    assert fact.name.replace("_", "").isalpha()
    assert any(mark in fact.citation for mark in ("doi:", "arXiv:", "Handbook", "Ta Feng"))
    assert all(text[-1] == "." for text in (fact.statement, fact.note) if text)
    assert fact.band.low < fact.band.high
    assert math.isnan(fact.human) or fact.band.low < fact.human < fact.band.high


def judge_control(name: str, make: Callable[[], Evidence]) -> str:
    """Return the verdict of a fact on the arm `mine`."""
    return FACTS[name].judge(make(), "mine").verdict
