"""People who judge news move less towards others."""

from experiments.facts.opinion.behaviours import go, move_any
from experiments.facts.opinion.builders import group_fact
from experiments.facts.opinion.values import value_after_rounds
from experiments.facts.reference import Reference

REFERENCE = Reference(0.175, 0.142, 0.21, num_people=475)
"""The interval is over 26 networks."""

FACT = group_fact(
    "weight_on_others_news",
    "People who judge news go less than a fifth of the way to what others say.",
    "slope of revisions on the distance from the mean of the others, over two rounds",
    "weight",
    value_after_rounds,
    REFERENCE,
    0.05,
    "structure",
    shows={"half of the way, one time in three": go(0.5, 0.35)},
    lacks={"unmoved": go(0.0), "followers": go(1.0), "any move": move_any},
    is_news=True,
)
