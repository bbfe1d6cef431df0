"""Success where people see counts follows quality, but only in part."""

from experiments.facts.reference import Reference
from experiments.facts.songs.behaviours import choose_anything, choose_by_sound, follow_counts
from experiments.facts.songs.builders import social_fact

REFERENCE = Reference(0.3844, 0.2887, 0.4955, num_people=745)
"""The interval is over 8 social worlds, and deals of the independent people."""

FACT = social_fact(
    "success_follows_quality",
    "quality_success",
    "Songs that are downloaded more in independent worlds are downloaded more in social ones, but only partly so.",
    "correlation of songs' shares of downloads in a social and in an independent world, mean over pairs",
    REFERENCE,
    margin=0.05,
    level="structure",
    shows={"following": {"page": follow_counts(0.47)}},
    lacks={"any song": {"page": choose_anything}, "sound alone": {"page": choose_by_sound(2.5, 0.0)}},
    world={"num_independent": (1,)},
)
