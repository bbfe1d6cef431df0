"""People give more if they can punish."""

from experiments.facts.commons.builders import treatment_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.186, 0.03, 0.348, num_people=512)
"""The interval is over 49 games."""

FACT = treatment_fact("punishment", "talk", "punish", REFERENCE)
