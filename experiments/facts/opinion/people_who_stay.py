"""A quarter of people keep their estimate in a round."""

from experiments.facts.opinion.behaviours import go, move_any
from experiments.facts.opinion.builders import group_fact
from experiments.facts.opinion.values import mean_over_rounds
from experiments.facts.reference import Reference

REFERENCE = Reference(0.252, 0.212, 0.289, num_people=360)
"""The interval is over 9 groups."""

FACT = group_fact(
    "people_who_stay",
    "A quarter of people keep their estimate in a round, whatever others say.",
    "share of people who keep their opinion, mean of two rounds",
    "stay_share",
    mean_over_rounds,
    REFERENCE,
    0.05,
    "distribution",
    shows={"stay one time in four": go(0.5, 0.75)},
    lacks={"always move": move_any, "unmoved": go(0.0)},
)
