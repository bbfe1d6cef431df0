"""People of both parties revise their judgements of news by as much."""

from experiments.facts.opinion.behaviours import hardly_move
from experiments.facts.opinion.builders import group_fact
from experiments.facts.opinion.values import value_after_rounds
from experiments.facts.reference import Reference
from worlds.opinion.rules import revise

REFERENCE = Reference(-0.001, -0.049, 0.046, num_people=475)
"""The interval is over 26 networks."""

FACT = group_fact(
    "parties_update_alike",
    "Democrats and Republicans revise their judgements of news by as much.",
    "mean size of revisions over two rounds (SD of first opinions), Democrats minus Republicans",
    "party_update_gap",
    value_after_rounds,
    REFERENCE,
    0.02,
    "structure",
    shows={"rule agents": revise},
    lacks={"stubborn Republicans": hardly_move("Republican"), "stubborn Democrats": hardly_move("Democratic")},
    is_news=True,
)
