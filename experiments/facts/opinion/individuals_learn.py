"""People in a network come nearer to the truth than people who revise alone."""

from experiments.facts.opinion.behaviours import go
from experiments.facts.opinion.builders import network_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.238, 0.172, 0.303, num_people=680)
"""The interval is over 17 groups."""

FACT = network_fact(
    "individuals_learn",
    "In a network, people come nearer to the truth than people who revise alone.",
    "individual_gain",
    "by how much people are nearer to the truth after two rounds (SD of first opinions), minus the same of people who "
    "revise alone",
    REFERENCE,
    0.05,
    shows={"half of the way, four times in five": go(0.5, 0.8)},
    lacks={"unmoved": go(0.0)},
)
