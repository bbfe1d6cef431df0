"""How often people give everything."""

from experiments.facts.commons.builders import amount_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.476, 0.381, 0.569, num_people=204)
"""The interval is over 21 games."""

FACT = amount_fact(
    "full_contributions", "full_share", "Nearly half of all contributions are everything.", "everything", REFERENCE
)
