"""How often people give nothing."""

from experiments.facts.commons.builders import amount_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.165, 0.115, 0.22, num_people=153)
"""The interval is over 14 games: those in which people could give any amount, as in the world."""

FACT = amount_fact("no_contributions", "zero_share", "A sixth of all contributions are nothing.", "nothing", REFERENCE)
