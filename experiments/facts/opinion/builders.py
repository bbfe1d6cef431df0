"""Facts of the opinion world that are one number of one kind of group, or the effect of a network."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs
from experiments.facts.opinion.behaviours import ESTIMATES, NEWS
from experiments.facts.opinion.values import ROUNDS, difference_after_rounds
from experiments.facts.partners import arm_with
from experiments.facts.reference import Level, Reference
from sandbox.core.mind import Rule

SIZE = ("population.size=80", f"steps={ROUNDS}")
NEWS_SIZE = ("population.size=240", f"steps={ROUNDS}", "world.about=news", "world.group_size=20")
"""Twelve networks of 20, one for each piece of news."""
JUDGING_NEWS: Mapping[str, Sequence[Any]] = {"about": ("news",), "network": ("decentralised",), "shown": ("mean",)}
ESTIMATING: Mapping[str, Sequence[Any]] = {**JUDGING_NEWS, "about": ("quantities",)}


def group_fact(
    name: str,
    statement: str,
    measure: str,
    metric: str,
    statistic: Callable[[str], Callable[[Tables], Any]],
    reference: Reference,
    margin: float,
    level: Level,
    shows: Mapping[str, Rule],
    lacks: Mapping[str, Rule],
    *,
    is_news: bool = False,
) -> Fact:
    """Return a fact about groups in decentralised networks.

    Args:
        name: Name of the fact.
        statement: What is true of real people.
        measure: What the statistic is, in words.
        metric: Which metric it is taken from.
        statistic: From the metric to the value by seed.
        reference: The value of real people.
        margin: How far from its interval a value still counts as human.
        level: Heading of the scorecard.
        shows: How people revise who are made to show it, by name.
        lacks: The same of people who are made not to.
        is_news: Whether people judge news rather than estimate quantities.
    """
    return Fact(
        name=name,
        statement=statement,
        citation=NEWS if is_news else ESTIMATES,
        measure=measure,
        statistic=statistic(metric),
        band=reference.around(margin),
        needs=Needs({"metrics": (metric,)}, world=JUDGING_NEWS if is_news else ESTIMATING, steps=ROUNDS),
        reference=reference,
        level=level,
        controls=Controls(
            shows={people: {"revise": rule} for people, rule in shows.items()},
            lacks={people: {"revise": rule} for people, rule in lacks.items()},
            settings=NEWS_SIZE if is_news else SIZE,
        ),
    )


def network_fact(
    name: str,
    statement: str,
    metric: str,
    measure: str,
    reference: Reference,
    margin: float,
    shows: Mapping[str, Rule],
    lacks: Mapping[str, Rule],
) -> Fact:
    """Return the fact of what a decentralised network does, against people who revise alone; see `group_fact`."""
    return Fact(
        name=name,
        statement=statement,
        citation=ESTIMATES,
        measure=measure,
        statistic=difference_after_rounds(metric),
        band=reference.around(margin),
        needs=Needs({"metrics": (metric,)}, world=ESTIMATING, steps=ROUNDS, partner=arm_with("network", "alone")),
        reference=reference,
        level="dynamics",
        controls=Controls(
            shows={people: {"revise": rule} for people, rule in shows.items()},
            lacks={people: {"revise": rule} for people, rule in lacks.items()},
            settings=(*SIZE, "treatments={alone: {network: alone}, decentralised: {network: decentralised}}"),
            treatment="decentralised",
        ),
    )
