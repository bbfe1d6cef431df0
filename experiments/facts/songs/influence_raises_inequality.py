"""Counts make success more unequal."""

from experiments.facts.reference import Reference
from experiments.facts.songs.behaviours import follow_counts
from experiments.facts.songs.builders import influence_fact

REFERENCE = Reference(0.0711, 0.0017, 0.1342, num_people=745)
"""The interval is over 13 worlds."""

FACT = influence_fact(
    "influence_raises_inequality",
    "gini",
    "Success is more unequal if people see counts.",
    "Gini coefficient of the downloads of songs, mean over social worlds",
    REFERENCE,
    REFERENCE.around(0.0),
    shows={"following": {"page": follow_counts(0.47)}},
    lacks={"unmoved": {"page": follow_counts(0.0)}, "herd": {"page": follow_counts(1.5)}},
)
