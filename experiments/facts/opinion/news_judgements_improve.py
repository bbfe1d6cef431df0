"""Judgements of news become more accurate as people see those of others."""

from experiments.facts.opinion.behaviours import go, move_any
from experiments.facts.opinion.builders import group_fact
from experiments.facts.opinion.values import value_after_rounds
from experiments.facts.reference import Reference

REFERENCE = Reference(0.086, 0.064, 0.108, num_people=475)
"""The interval is over 26 networks."""

FACT = group_fact(
    "news_judgements_improve",
    "More people are right about news after seeing twice what others say.",
    "rise of the share of people on the right side of 50 % after two rounds",
    "right_gain",
    value_after_rounds,
    REFERENCE,
    0.02,
    "dynamics",
    shows={"most of the way": go(0.75)},
    lacks={"unmoved": go(0.0), "any move": move_any},
    is_news=True,
)
