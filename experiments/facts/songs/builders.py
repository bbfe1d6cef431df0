"""Facts of the song market that differ in one word: what is measured in social worlds, and what counts do to it."""

from collections.abc import Mapping
from typing import Any

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs
from experiments.facts.partners import arm_with
from experiments.facts.reference import Band, Level, Reference
from experiments.facts.songs.behaviours import CITATION
from experiments.facts.values import value_at_end
from sandbox.core.mind import Rules

NUM_COMPARED = 200
"""Downloads at which people's worlds were compared."""
DESIGN = (
    "population.size=300",
    "steps=50",
    f"world={{num_social: 3, num_independent: 1, cohort: 0.05, num_compared: {NUM_COMPARED}}}",
)
"""Settings of the worlds in which facts are tried: those of `conf/experiment/songs.yaml`."""
WORLD: Mapping[str, Any] = {"counts": ("world",), "order": ("random",), "num_compared": (NUM_COMPARED,)}
"""Settings of the world without which people's values are of something else."""


def social_fact(
    name: str,
    metric: str,
    statement: str,
    measure: str,
    reference: Reference,
    margin: float,
    level: Level,
    shows: Mapping[str, Rules],
    lacks: Mapping[str, Rules],
    world: Mapping[str, Any] | None = None,
) -> Fact:
    """Return a fact about social worlds alone.

    Args:
        name: Name of the fact.
        metric: Its value after the last step is the statistic.
        statement: What is true of real people.
        measure: What the statistic is, in words.
        reference: People's value.
        margin: How far beyond people's interval the band reaches.
        level: Heading of the scorecard.
        shows: People who are made to show it.
        lacks: People who are made not to.
        world: Further settings that the world must have.
    """
    return Fact(
        name=name,
        statement=statement,
        citation=CITATION,
        measure=f"{measure}, at the first {NUM_COMPARED} downloads of each world",
        statistic=value_at_end(metric),
        band=reference.around(margin),
        needs=Needs({"metrics": (metric,)}, world={**WORLD, **(world or {})}),
        reference=reference,
        level=level,
        controls=Controls(shows=shows, lacks=lacks, settings=DESIGN),
    )


def influence_fact(
    name: str,
    metric: str,
    statement: str,
    measure: str,
    reference: Reference,
    band: Band,
    shows: Mapping[str, Rules],
    lacks: Mapping[str, Rules],
) -> Fact:
    """Return a fact about what counts change: the same worlds with counts and without.

    Args:
        name: Name of the fact.
        metric: The difference of its values after the last step is the statistic.
        statement: What is true of real people.
        measure: What the metric is, in words.
        reference: People's difference.
        band: Differences that count as human.
        shows: People who are made to show it.
        lacks: People who are made not to.
    """

    def statistic(tables: Tables, partner: Tables) -> Any:
        return (value_at_end(metric)(tables) - value_at_end(metric)(partner)).dropna()

    return Fact(
        name=name,
        statement=statement,
        citation=CITATION,
        measure=f"{measure}, minus that without counts, at the first {NUM_COMPARED} downloads of each world",
        statistic=statistic,
        band=band,
        needs=Needs({"metrics": (metric,)}, world=WORLD, partner=arm_with("counts", "hidden")),
        reference=reference,
        level="dynamics",
        controls=Controls(
            shows=shows,
            lacks=lacks,
            settings=(*DESIGN, "treatments={social: {}, independent: {counts: hidden}}"),
            treatment="social",
        ),
    )
