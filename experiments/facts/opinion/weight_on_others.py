"""People go two fifths of the way to what others say."""

from experiments.facts.opinion.behaviours import go, move_any
from experiments.facts.opinion.builders import group_fact
from experiments.facts.opinion.values import value_after_rounds
from experiments.facts.reference import Reference

REFERENCE = Reference(0.404, 0.363, 0.445, num_people=360)
"""The interval is over 9 groups."""

FACT = group_fact(
    "weight_on_others",
    "People go about two fifths of the way to the mean of those whom they see.",
    "slope of revisions on the distance from the mean of those seen, over two rounds",
    "weight",
    value_after_rounds,
    REFERENCE,
    0.05,
    "structure",
    shows={"half of the way, four times in five": go(0.5, 0.8)},
    lacks={"unmoved": go(0.0), "followers": go(1.0), "any move": move_any},
)
