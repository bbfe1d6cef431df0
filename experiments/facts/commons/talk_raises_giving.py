"""People give more if they can talk."""

from experiments.facts.commons.builders import treatment_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.325, 0.199, 0.448, num_people=498)
"""The interval is over 46 games."""

FACT = treatment_fact("talk", "punishment", "talk", REFERENCE)
