"""Counts make success less predictable."""

from experiments.facts.reference import Reference
from experiments.facts.songs.behaviours import follow_counts
from experiments.facts.songs.builders import influence_fact

REFERENCE = Reference(0.0037, 0.0013, 0.0058, num_people=745)
"""The interval is over 13 worlds."""

FACT = influence_fact(
    "influence_raises_unpredictability",
    "unpredictability",
    "A song's success differs more between worlds if people see counts.",
    "difference between a song's shares of downloads in two social worlds, mean over songs and pairs of worlds",
    REFERENCE,
    REFERENCE.around(0.0005),
    shows={"following": {"page": follow_counts(0.47)}},
    lacks={
        "unmoved": {"page": follow_counts(0.0)},
        "contrary": {"page": follow_counts(-0.5)},
        "herd": {"page": follow_counts(1.5)},
    },
)
