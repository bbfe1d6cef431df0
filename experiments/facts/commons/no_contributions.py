"""How often people give nothing."""

from experiments.facts.commons.builders import amount_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.25, 0.178, 0.339, num_people=204)
"""The interval is over 21 games."""

FACT = amount_fact(
    "no_contributions", "zero_share", "A quarter of all contributions are nothing.", "nothing", REFERENCE
)
