"""A count beside a song raises the odds that it is downloaded."""

from experiments.facts.reference import Reference
from experiments.facts.songs.behaviours import follow_counts
from experiments.facts.songs.builders import social_fact

REFERENCE = Reference(0.3473, 0.1303, 0.5262, num_people=745)
"""The interval is over 8 social worlds."""

FACT = social_fact(
    "counts_raise_odds",
    "count_effect",
    "The more downloads a song shows, the likelier it is downloaded.",
    "log odds of a download per unit of log(1 + count), in a conditional logit of 3 social worlds and 1 independent",
    REFERENCE,
    margin=0.0,
    level="choice",
    shows={"following": {"page": follow_counts(0.6)}},
    lacks={"unmoved": {"page": follow_counts(0.0)}, "herd": {"page": follow_counts(1.5)}},
    world={"num_social": (3,), "num_independent": (1,)},
)
