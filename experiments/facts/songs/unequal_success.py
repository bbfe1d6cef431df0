"""Success is unequal where people see counts."""

from experiments.facts.reference import Reference
from experiments.facts.songs.behaviours import choose_anything, follow_counts
from experiments.facts.songs.builders import social_fact

REFERENCE = Reference(0.3996, 0.3435, 0.4511, num_people=435)
"""The interval is over 8 social worlds."""

FACT = social_fact(
    "unequal_success",
    "gini",
    "Where people see counts, a few songs get many of the downloads, though not most.",
    "Gini coefficient of the downloads of songs, mean over social worlds",
    REFERENCE,
    margin=0.02,
    level="distribution",
    shows={"following": {"page": follow_counts(0.47)}},
    lacks={"any song": {"page": choose_anything}, "herd": {"page": follow_counts(1.5)}},
)
