"""Every fact tells evidence that shows it from evidence that does not."""

import math
from collections.abc import Callable

import pytest

from experiments.facts.evidence import Evidence
from experiments.facts.fact import Fact
from experiments.facts.table import facts
from tests.experiments.facts.synthetic import CONTROLS

FACTS = {fact.name: fact for fact in facts()}


def test_every_fact_has_controls() -> None:
    assert set(CONTROLS) == set(FACTS)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_fact_accepts_what_shows_it(name: str) -> None:
    assert _judged(name, CONTROLS[name][0]) == "within"


@pytest.mark.parametrize("name", CONTROLS)
def test_a_fact_refuses_what_does_not_show_it(name: str) -> None:
    assert _judged(name, CONTROLS[name][1]) == "outside"


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.name)
def test_a_fact_says_where_it_is_from_and_what_it_cannot_show(fact: Fact) -> None:
    assert fact.name.replace("_", "").isalpha()
    assert any(mark in fact.citation for mark in ("doi:", "arXiv:", "Handbook", "Ta Feng"))
    assert all(text[-1] == "." for text in (fact.statement, fact.note) if text)
    assert fact.band.low < fact.band.high
    assert math.isnan(fact.band.human) or fact.band.low < fact.band.human < fact.band.high


def _judged(name: str, make: Callable[[], Evidence]) -> str:
    return FACTS[name].judge(make(), "mine").answer
