"""Facts of the feed that differ in a few words: what seeded votes do, and what threads look like."""

from collections.abc import Mapping

import pandas as pd

from experiments.facts.controls import Controls
from experiments.facts.evidence import Tables
from experiments.facts.fact import Fact, Needs, Statistic
from experiments.facts.feed.behaviours import FORUM, MUCHNIK, REDDIT, act_with, ignore_score
from experiments.facts.partners import arm_with
from experiments.facts.reference import Band, Level, Reference
from experiments.facts.values import value_at_end
from sandbox.core.mind import Rules

SEEDED_SIZE = "population.size=120"
"""A world in which an effect on first votes can be measured: one reader in twenty votes."""


def difference_of_end(metric: str) -> Statistic:
    """Return the statistic that is a metric's value after the last step minus the partner's, by seed."""
    value = value_at_end(metric)

    def statistic(tables: Tables, partner: Tables) -> pd.Series:
        return (value(tables) - value(partner)).dropna()

    return statistic


def seeded_fact(name: str, param: str, statement: str, band: Band, reference: Reference | None, note: str) -> Fact:
    """Return the fact that a vote of nobody makes up-votes likelier.

    Args:
        name: Name of the fact.
        param: Parameter of the world that seeds the votes of all posts.
        statement: What is true of real people.
        band: Where the change in the share of first readers who vote up must be.
        reference: The change in people; None if no number is known.
        note: What the comparison cannot show.
    """
    return Fact(
        name=name,
        statement=statement,
        citation=MUCHNIK,
        measure="share of views of posts without readers' votes that end in an up-vote, minus that without seeds",
        statistic=difference_of_end("first_up_share"),
        band=band,
        needs=Needs(
            {"metrics": ("first_up_share",)},
            world={param: (1.0,), "show_votes": (True,)},
            partner=arm_with(param, 0.0),
        ),
        reference=reference,
        level=None if reference is None else "dynamics",
        note=note,
        controls=Controls(
            shows={"rule agents": {}},
            lacks={
                "unmoved": {"react": ignore_score},
                "put off": {"react": act_with(lambda facts: {"up": 0.02 if facts["score"] else 0.05})},
            },
            settings=(*FORUM, SEEDED_SIZE, f"treatments={{treated: {{{param}: 1.0}}, control: {{}}}}"),
            treatment="treated",
        ),
    )


def thread_fact(
    name: str,
    metric: str,
    statement: str,
    reference: Reference,
    margin: float,
    shows: Mapping[str, Rules],
    lacks: Mapping[str, Rules],
    level: Level = "structure",
) -> Fact:
    """Return a fact about threads two days after they were opened.

    Args:
        name: Name of the fact.
        metric: The metric that is compared at the last step.
        statement: What is true of real people.
        reference: The metric of real threads.
        margin: How far beyond the interval a world may be.
        shows: People who must be found within the band.
        lacks: People who must be found outside it.
        level: Heading of the scorecard.
    """
    return Fact(
        name=name,
        statement=statement,
        citation=REDDIT,
        measure=f"metric {metric} after the last step, over threads that are at least two days old",
        statistic=value_at_end(metric),
        band=reference.around(margin),
        needs=Needs({"metrics": (metric,)}, steps=16),
        reference=reference,
        level=level,
        note="Real threads have more readers than those of a small world.",
        controls=Controls(shows=shows, lacks=lacks, settings=FORUM),
    )
