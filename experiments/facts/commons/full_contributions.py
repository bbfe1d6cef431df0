"""How often people give everything."""

from experiments.facts.commons.builders import amount_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.424, 0.31, 0.528, num_people=153)
"""The interval is over 14 games: those in which people could give any amount, as in the world."""

FACT = amount_fact(
    "full_contributions", "full_share", "Two in five contributions are everything.", "everything", REFERENCE
)
