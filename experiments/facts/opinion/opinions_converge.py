"""Opinions in a network become more alike."""

from experiments.facts.opinion.behaviours import go, move_any
from experiments.facts.opinion.builders import group_fact
from experiments.facts.opinion.values import value_after_rounds
from experiments.facts.reference import Reference

REFERENCE = Reference(0.616, 0.583, 0.651, num_people=360)
"""The interval is over 9 groups."""

FACT = group_fact(
    "opinions_converge",
    "In a network, the spread of estimates falls by about two fifths in two rounds.",
    "SD within groups after two rounds, relative to that at first",
    "spread",
    value_after_rounds,
    REFERENCE,
    0.05,
    "variance",
    shows={"half of the way, every other time": go(0.5, 0.55)},
    lacks={"unmoved": go(0.0), "followers": go(1.0), "any move": move_any},
)
